//! Directives that do not concern the origin.
//!
//! They are about the client's side, files, logs or the process. Whole modules are recognised by
//! the prefix of their directives, such as `ssl_` and `gzip`. A name that is in neither list is
//! unmapped: it may be misspelt, or of a module that nginx does not distribute.

use crate::import::{directive::Directive, note::Outcome};

const CLIENT: &str =
    "it concerns the client's side: the server in front of the proxy, such as axum";
const FILES: &str = "it concerns files, which the proxy does not serve";
const PROGRAM: &str = "a program: write a layer in front of the proxy";
const PLAIN: &str = "\
    the program serves plain HTTP, and the origin gets `X-Forwarded-Proto: http`. To serve TLS, \
    see \"A server of your own, with TLS\" in `guide::cookbook`; behind a proxy that ends TLS, \
    call `ForwardedLayer::client_scheme(Scheme::Https)`";
const ROUTER: &str = "a router in front of the proxy, such as axum's";

/// What becomes of a directive that no table of the importer has.
pub(super) fn outcome(directive: &Directive) -> Outcome {
    let name = directive.name.as_str();
    let is_tls = |word: &String| word == "ssl" || word == "quic";
    if restricts_access(directive) {
        Outcome::access()
    } else if name == "listen" && directive.words.iter().any(is_tls) {
        Outcome::warning(PLAIN)
    } else {
        of_name(name)
    }
}

/// Whole modules are recognised by the prefix of their directives.
fn of_name(name: &str) -> Outcome {
    let is_in = |names: &str| names.split(' ').any(|other| other == name);
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match name {
        _ if is_in(CLIENT_NAMES) => Outcome::no_effect(CLIENT),
        _ if is_in(FILE_NAMES) => Outcome::no_effect(FILES),
        _ if is_in(ROUTER_NAMES) => Outcome::no_effect(ROUTER),
        "if" | "return" => Outcome::by_hand(ROUTER),
        "try_files" => Outcome::by_hand(
            "files that nginx serves would be requests to the origin: a layer in front of the \
             proxy, such as `ServeDir` of tower-http",
        ),
        _ if name.contains("_by_lua") => Outcome::refused(PROGRAM),
        _ if begins(&["js_", "lua_", "perl_"]) => Outcome::refused(PROGRAM),
        _ if begins(&["access_log", "log_format"]) => Outcome::by_hand("`AccessLogLayer`"),
        _ if begins(&["error_log"]) => Outcome::no_effect("errors are logged with `tracing`"),
        _ if begins(&["limit_"]) => {
            Outcome::refused("clients are not limited one by one; see `Limits`")
        }
        _ if begins(&["gzip"]) => {
            Outcome::by_hand("a layer in front of the proxy: `CompressionLayer` of tower-http")
        }
        _ if begins(&["brotli", "gunzip"]) => {
            Outcome::by_hand("a compression layer in front of the proxy")
        }
        _ if begins(&["charset", "expires"]) => Outcome::by_hand("`OriginProxy::map_response`"),
        _ if begins(&["fastcgi_"]) => Outcome::refused("FastCGI is not spoken"),
        _ if begins(&["uwsgi_"]) => Outcome::refused("uwsgi is not spoken"),
        _ if begins(&["scgi_"]) => Outcome::refused("SCGI is not spoken"),
        _ if begins(&["memcached_"]) => Outcome::refused("memcached is not spoken"),
        _ if begins(&["grpc_"]) => {
            Outcome::by_hand("gRPC passes through `OriginProxy`, with an https URL")
        }
        _ if begins(&["include"]) => {
            Outcome::refused("files are not read: put the content in place of the line")
        }
        _ if begins(&["geo", "map"]) => {
            Outcome::by_hand("a value computed from the request: `OriginProxy::map_request`")
        }
        _ if begins(&["split_clients"]) => {
            Outcome::by_hand("a value computed from the request: a router")
        }
        _ if begins(&["mirror"]) => Outcome::refused("requests are not copied"),
        _ if begins(&["sub_filter_"]) => Outcome::refused("bodies are passed as they are"),
        _ if begins(&["ssl_"]) => Outcome::no_effect("it concerns TLS of clients"),
        _ if begins(&["stream"]) => {
            Outcome::refused("connections without HTTP: `CdnOriginConnector` alone")
        }
        _ if begins(&["mail"]) => Outcome::refused("mail is not proxied"),
        _ => Outcome::unmapped(),
    }
}

/// Whether nginx refuses clients because of the directive.
fn restricts_access(directive: &Directive) -> bool {
    let name = directive.name.as_str();
    let names = ["allow", "deny", "internal", "limit_except", "satisfy"];
    let prefixes = ["auth_", "modsecurity", "secure_link", "valid_referers"];
    match name {
        "ssl_verify_client" => directive.word() != "off",
        "ssl_reject_handshake" => directive.word() == "on",
        _ => names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix)),
    }
}

/// Directives of the client's side and of the process, separated by spaces.
const CLIENT_NAMES: &str = "\
    absolute_redirect chunked_transfer_encoding client_body_buffer_size client_body_in_file_only \
    client_body_in_single_buffer client_body_temp_path client_body_timeout \
    client_header_buffer_size client_header_timeout connection_pool_size daemon early_hints env \
    events http2 http2_max_concurrent_streams http3 keepalive_disable keepalive_min_timeout \
    keepalive_requests keepalive_time keepalive_timeout large_client_header_buffers \
    lingering_close lingering_time lingering_timeout listen load_module max_headers msie_padding \
    msie_refresh output_buffers pcre_jit pid port_in_redirect postpone_output request_pool_size \
    reset_timedout_connection send_lowat send_timeout server_name server_name_in_redirect \
    server_names_hash_bucket_size server_names_hash_max_size server_tokens stub_status tcp_nodelay \
    tcp_nopush timer_resolution types_hash_bucket_size types_hash_max_size user \
    variables_hash_bucket_size variables_hash_max_size worker_connections worker_processes \
    worker_rlimit_nofile use multi_accept";

const FILE_NAMES: &str = "\
    aio aio_write alias autoindex default_type directio directio_alignment disable_symlinks etag \
    if_modified_since index log_not_found max_ranges open_file_cache open_file_cache_errors \
    open_file_cache_min_uses open_file_cache_valid read_ahead root sendfile sendfile_max_chunk \
    types";

const ROUTER_NAMES: &str = "\
    break log_subrequest merge_slashes recursive_error_pages subrequest_output_buffer_size \
    uninitialized_variable_warn rewrite_log";

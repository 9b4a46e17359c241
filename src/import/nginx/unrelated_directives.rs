//! Directives that do not concern the origin.
//!
//! They are about the client's side, files, logs or the process. Whole modules are recognised by
//! the prefix of their directives, such as `ssl_` and `gzip`. A name that is in neither list is
//! unmapped: it may be misspelt, or of a module that nginx does not distribute.

use crate::import::{directive::Directive, note::Finding};

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
pub(super) fn finding(directive: &Directive) -> Finding {
    let name = directive.name.as_str();
    if restricts_access(directive) {
        return Finding::access();
    }
    if name == "listen"
        && directive
            .words
            .iter()
            .any(|word| word == "ssl" || word == "quic")
    {
        return Finding::warning(PLAIN);
    }
    if ["if", "return"].contains(&name) {
        return Finding::by_hand(ROUTER);
    }
    if name == "try_files" {
        return Finding::by_hand(
            "files that nginx serves would be requests to the origin: a layer in front of the \
             proxy, such as `ServeDir` of tower-http",
        );
    }
    if let Some((_, text)) = ROWS.iter().find(|(names, _)| names.contains(&name)) {
        return Finding::no_effect(*text);
    }
    if name.contains("_by_lua") {
        return Finding::refused(PROGRAM);
    }
    let prefix = PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix));
    match prefix {
        Some((_, Reason::NoEffect(text))) => Finding::no_effect(*text),
        Some((_, Reason::ByHand(text))) => Finding::by_hand(*text),
        Some((_, Reason::Refused(text))) => Finding::refused(*text),
        None => Finding::unmapped(),
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

enum Reason {
    ByHand(&'static str),
    NoEffect(&'static str),
    Refused(&'static str),
}

/// The names of a reason.
const ROWS: [(&[&str], &str); 3] = [
    (
        &[
            "absolute_redirect",
            "chunked_transfer_encoding",
            "client_body_buffer_size",
            "client_body_in_file_only",
            "client_body_in_single_buffer",
            "client_body_temp_path",
            "client_body_timeout",
            "client_header_buffer_size",
            "client_header_timeout",
            "connection_pool_size",
            "daemon",
            "early_hints",
            "env",
            "events",
            "http2",
            "http2_max_concurrent_streams",
            "http3",
            "keepalive_disable",
            "keepalive_min_timeout",
            "keepalive_requests",
            "keepalive_time",
            "keepalive_timeout",
            "large_client_header_buffers",
            "lingering_close",
            "lingering_time",
            "lingering_timeout",
            "listen",
            "load_module",
            "max_headers",
            "msie_padding",
            "msie_refresh",
            "output_buffers",
            "pcre_jit",
            "pid",
            "port_in_redirect",
            "postpone_output",
            "request_pool_size",
            "reset_timedout_connection",
            "send_lowat",
            "send_timeout",
            "server_name",
            "server_name_in_redirect",
            "server_names_hash_bucket_size",
            "server_names_hash_max_size",
            "server_tokens",
            "stub_status",
            "tcp_nodelay",
            "tcp_nopush",
            "timer_resolution",
            "types_hash_bucket_size",
            "types_hash_max_size",
            "user",
            "variables_hash_bucket_size",
            "variables_hash_max_size",
            "worker_connections",
            "worker_processes",
            "worker_rlimit_nofile",
            "use",
            "multi_accept",
        ],
        CLIENT,
    ),
    (
        &[
            "aio",
            "aio_write",
            "alias",
            "autoindex",
            "default_type",
            "directio",
            "directio_alignment",
            "disable_symlinks",
            "etag",
            "if_modified_since",
            "index",
            "log_not_found",
            "max_ranges",
            "open_file_cache",
            "open_file_cache_errors",
            "open_file_cache_min_uses",
            "open_file_cache_valid",
            "read_ahead",
            "root",
            "sendfile",
            "sendfile_max_chunk",
            "types",
        ],
        FILES,
    ),
    (
        &[
            "break",
            "log_subrequest",
            "merge_slashes",
            "recursive_error_pages",
            "subrequest_output_buffer_size",
            "uninitialized_variable_warn",
            "rewrite_log",
        ],
        ROUTER,
    ),
];

const PREFIXES: [(&str, Reason); 26] = [
    ("js_", Reason::Refused(PROGRAM)),
    ("lua_", Reason::Refused(PROGRAM)),
    ("perl_", Reason::Refused(PROGRAM)),
    ("access_log", Reason::ByHand("`AccessLogLayer`")),
    ("log_format", Reason::ByHand("`AccessLogLayer`")),
    (
        "error_log",
        Reason::NoEffect("errors are logged with `tracing`"),
    ),
    (
        "limit_",
        Reason::Refused("clients are not limited one by one; see `Limits`"),
    ),
    (
        "gzip",
        Reason::ByHand("a layer in front of the proxy: `CompressionLayer` of tower-http"),
    ),
    (
        "gunzip",
        Reason::ByHand("a compression layer in front of the proxy"),
    ),
    (
        "brotli",
        Reason::ByHand("a compression layer in front of the proxy"),
    ),
    ("charset", Reason::ByHand("`OriginProxy::map_response`")),
    ("expires", Reason::ByHand("`OriginProxy::map_response`")),
    ("fastcgi_", Reason::Refused("FastCGI is not spoken")),
    ("uwsgi_", Reason::Refused("uwsgi is not spoken")),
    ("scgi_", Reason::Refused("SCGI is not spoken")),
    ("memcached_", Reason::Refused("memcached is not spoken")),
    (
        "grpc_",
        Reason::ByHand("gRPC passes through `OriginProxy`, with an https URL"),
    ),
    (
        "include",
        Reason::Refused("files are not read: put the content in place of the line"),
    ),
    (
        "map",
        Reason::ByHand("a value computed from the request: `OriginProxy::map_request`"),
    ),
    (
        "geo",
        Reason::ByHand("a value computed from the request: `OriginProxy::map_request`"),
    ),
    (
        "split_clients",
        Reason::ByHand("a value computed from the request: a router"),
    ),
    ("mirror", Reason::Refused("requests are not copied")),
    (
        "sub_filter_",
        Reason::Refused("bodies are passed as they are"),
    ),
    ("ssl_", Reason::NoEffect("it concerns TLS of clients")),
    (
        "stream",
        Reason::Refused("connections without HTTP: `CdnOriginConnector` alone"),
    ),
    ("mail", Reason::Refused("mail is not proxied")),
];

//! Directives that do not concern the origin.
//!
//! They are about the client's side, files, logs or the order of handlers. A name that is not
//! listed is unmapped: it may be misspelt, or of a plugin.

use crate::import::{directive::Directive, note::Finding};

const CLIENT: &str =
    "it concerns the client's side: the server in front of the proxy, such as axum";
const FILES: &str = "it concerns files, which the proxy does not serve";
const ROUTER: &str = "a router in front of the proxy, such as axum's";

/// What becomes of a directive outside of `reverse_proxy`.
pub(super) fn finding(directive: &Directive) -> Finding {
    match directive.name.as_str() {
        // Clients need a certificate.
        "tls"
            if directive
                .lines()
                .iter()
                .any(|line| line.name == "client_auth") =>
        {
            Finding::access()
        }
        "bind" | "tls" | "acme_server" | "timeouts" | "push" | "log_skip" | "skip_log"
        | "log_append" | "log_name" => Finding::no_effect(CLIENT),
        "root" | "templates" | "fs" => Finding::no_effect(FILES),
        "file_server" | "try_files" => Finding::by_hand(
            "files that Caddy serves would be requests to the origin: a layer in front of the \
             proxy, such as `ServeDir` of tower-http",
        ),
        "abort" | "error" | "handle_errors" | "invoke" | "map" | "redir" | "respond" | "vars" => {
            Finding::by_hand(ROUTER)
        }
        "header" => Finding::by_hand("`OriginProxy::map_response`"),
        "intercept" | "copy_response" | "copy_response_headers" => {
            Finding::by_hand("`OriginProxy::map_response`")
        }
        "request_header" => Finding::by_hand("`OriginProxy::map_request`"),
        "method" => Finding::refused("the method of a request is the client's"),
        "rewrite" | "uri" => Finding::by_hand("`OriginProxy::map_path`"),
        "request_body" => Finding::by_hand("`Limits::max_request_body`"),
        "encode" => Finding::by_hand("a compression layer in front of the proxy"),
        "log" => Finding::by_hand("`AccessLogLayer`"),
        "metrics" => Finding::by_hand("`MetricsObserver`"),
        "tracing" => Finding::by_hand("`TraceContextLayer`"),
        "basic_auth" | "basicauth" | "forward_auth" => Finding::access(),
        "php_fastcgi" => Finding::refused("FastCGI is not spoken"),
        "import" => {
            Finding::refused("files and snippets are not read: put the content in its place")
        }
        name if name.starts_with('@') => Finding::by_hand(ROUTER),
        _ => Finding::unmapped(),
    }
}

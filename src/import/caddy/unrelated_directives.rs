//! Directives that do not concern the origin.
//!
//! They are about the client's side, files, logs or the order of handlers. A name that is not
//! listed is unmapped: it may be misspelt, or of a plugin.

use crate::import::{directive::Directive, note::Outcome};

const CLIENT: &str =
    "it concerns the client's side: the server in front of the proxy, such as axum";
const FILES: &str = "it concerns files, which the proxy does not serve";
const ROUTER: &str = "a router in front of the proxy, such as axum's";

/// What becomes of a directive outside of `reverse_proxy`.
pub(super) fn outcome(directive: &Directive) -> Outcome {
    match directive.name.as_str() {
        // Clients need a certificate.
        "tls"
            if directive
                .lines()
                .iter()
                .any(|line| line.name == "client_auth") =>
        {
            Outcome::access()
        }
        "bind" | "tls" | "acme_server" | "timeouts" | "push" | "log_skip" | "skip_log"
        | "log_append" | "log_name" => Outcome::no_effect(CLIENT),
        "root" | "templates" | "fs" => Outcome::no_effect(FILES),
        "file_server" | "try_files" => Outcome::by_hand(
            "files that Caddy serves would be requests to the origin: a layer in front of the \
             proxy, such as `ServeDir` of tower-http",
        ),
        "abort" | "error" | "handle_errors" | "invoke" | "map" | "redir" | "respond" | "vars" => {
            Outcome::by_hand(ROUTER)
        }
        "header" => Outcome::by_hand("`OriginProxy::map_response`"),
        "intercept" | "copy_response" | "copy_response_headers" => {
            Outcome::by_hand("`OriginProxy::map_response`")
        }
        "request_header" => Outcome::by_hand("`OriginProxy::map_request`"),
        "method" => Outcome::refused("the method of a request is the client's"),
        "rewrite" | "uri" => Outcome::by_hand("`OriginProxy::map_path`"),
        "request_body" => Outcome::by_hand("`Limits::max_request_body`"),
        "encode" => Outcome::by_hand("a compression layer in front of the proxy"),
        "log" => Outcome::by_hand("`AccessLogLayer`"),
        "metrics" => Outcome::by_hand("`MetricsObserver`"),
        "tracing" => Outcome::by_hand("`TraceContextLayer`"),
        "basic_auth" | "basicauth" | "forward_auth" => Outcome::access(),
        "php_fastcgi" => Outcome::refused("FastCGI is not spoken"),
        "import" => {
            Outcome::refused("files and snippets are not read: put the content in its place")
        }
        name if name.starts_with('@') => Outcome::by_hand(ROUTER),
        _ => Outcome::unmapped(),
    }
}

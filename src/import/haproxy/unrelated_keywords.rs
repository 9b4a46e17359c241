//! Keywords and sections that do not concern the origin.
//!
//! A keyword is looked up by its one or two words, as `keyword` in `mod.rs` cuts them.

use crate::import::note::Outcome;

use super::parse::ConfigLine;

const CLIENT: &str =
    "it concerns the client's side: the server in front of the proxy, such as axum";
const LOGS: &str = "`AccessLogLayer`, and `tracing` for errors";
const ROUTER: &str = "a router in front of the proxy, such as axum's";
const CHECK: &str = "health checks are requests: `HealthCheck::get`";
const PAGES: &str = "`OriginProxy::map_response`";
const ABSENT: &str = "not offered: a layer in front of the proxy";

/// What becomes of a keyword that no table of the importer has.
pub(super) fn outcome(line: &ConfigLine, name: &str) -> Outcome {
    if name == "bind" && asks_for_certificate(line) {
        return Outcome::access();
    }
    if name == "filter" && line.word(1) == "spoe" {
        return Outcome::access();
    }
    let first = name.split(' ').next().unwrap_or_default();
    let found = of_name(name).or_else(|| of_name(first));
    found.unwrap_or_else(Outcome::unmapped)
}

/// What becomes of a keyword of one or two words.
fn of_name(name: &str) -> Option<Outcome> {
    let is_in = |names: &str| names.split(", ").any(|other| other == name);
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    Some(match name {
        _ if is_in(LOG_NAMES) => Outcome::by_hand(LOGS),
        _ if is_in(ROUTER_NAMES) => Outcome::by_hand(ROUTER),
        _ if is_in(PAGE_NAMES) => Outcome::by_hand(PAGES),
        _ if is_in(CLIENT_NAMES) => Outcome::no_effect(CLIENT),
        _ if is_in(ABSENT_NAMES) => Outcome::refused(ABSENT),
        _ if begins(&["option dontlog", "option log"]) => Outcome::by_hand(LOGS),
        "option smtpchk" => Outcome::by_hand(CHECK),
        _ if begins(&["option "]) && name.ends_with("-check") => Outcome::by_hand(CHECK),
        _ if begins(&COUNTERS) => Outcome::refused(ABSENT),
        _ => return None,
    })
}

/// Whether clients need a certificate. Nothing in front of the proxy checks it after the import.
fn asks_for_certificate(line: &ConfigLine) -> bool {
    let verify = line.words.iter().position(|word| word == "verify");
    verify.is_some_and(|at| line.word(at + 1) != "none")
}

/// What becomes of a section that has neither servers nor requests.
pub(super) fn section(kind: &str) -> Option<Outcome> {
    Some(match kind {
        "global" | "peers" | "program" | "ring" | "traces" | "log-forward" | "log-profile"
        | "mailers" => Outcome::no_effect("it concerns the process of HAProxy"),
        "resolvers" => Outcome::by_hand("`Dns::resolver` with a `HickoryResolver`, and `DnsCache`"),
        "cache" => Outcome::refused("there is no cache in this crate: the CDN is one"),
        "fcgi-app" => Outcome::refused("FastCGI is not spoken"),
        "healthcheck" => Outcome::by_hand(CHECK),
        "userlist" | "spoe-agent" | "spoe-group" | "spoe-message" => Outcome::access(),
        "http-errors" => Outcome::by_hand(PAGES),
        "crt-store" | "acme" => Outcome::no_effect("it concerns TLS of clients"),
        _ => return None,
    })
}

/// Keywords of one or two words, separated by commas.
const LOG_NAMES: &str = "\
    capture, declare, error-log-format, log, log-format, log-format-sd, log-steps, log-tag, \
    option httplog, option httpslog, option tcplog, unique-id-format, unique-id-header";

const ROUTER_NAMES: &str = "\
    acl, be-unpublished, default_backend, force-be-switch, http-response redirect, monitor, \
    monitor-uri, redirect, use_backend";

const PAGE_NAMES: &str = "\
    errorfile, errorfiles, errorloc, errorloc302, errorloc303, http-error";

const CLIENT_NAMES: &str = "\
    backlog, bind, bind-process, clitcpka-cnt, clitcpka-idle, clitcpka-intvl, crt, description, \
    disabled, email-alert, enabled, filter-sequence, force-persist, guid, id, ignore-persist, \
    load-server-state-from-file, max-session-srv-conns, maxconn, option clitcpka, \
    option contstats, option disable-h2-upgrade, option h1-case-adjust-bogus-client, \
    option h1-case-adjust-bogus-server, option accept-invalid-http-request, \
    option accept-invalid-http-response, option http-buffer-request, \
    option http-drop-request-trailers, option http-drop-response-trailers, \
    option http-ignore-probes, option http-use-htx, option http-use-proxy-header, \
    option idle-close-on-response, option independent-streams, option nolinger, option persist, \
    option socket-stats, option splice-auto, option splice-request, option splice-response, \
    option tcp-smart-accept, option tcp-smart-connect, option use-small-buffers, \
    server-state-file-name, stats, timeout client, timeout client-fin, timeout client-hs, \
    timeout http-keep-alive, timeout http-request, timeout tarpit";

const ABSENT_NAMES: &str = "\
    compression, dispatch, filter, http-request del-acl, http-request del-headers-bin, \
    http-request del-map, http-request do-log, http-request early-hint, http-request pause, \
    http-request send-spoe-group, http-request set-bandwidth-limit, http-request set-headers-bin, \
    http-request set-log-level, http-request set-map, http-request set-mark, \
    http-request set-nice, http-request set-tos, http-request strict-mode, http-response, \
    option checkcache, option transparent, persist, rate-limit, tcp-request, tcp-response";

/// Actions that count, or that change the connection of the client.
const COUNTERS: [&str; 6] = [
    "http-request sc-",
    "http-request set-fc-",
    "http-request set-priority-",
    "http-request set-src-port",
    "http-request track-sc",
    "http-request add-",
];

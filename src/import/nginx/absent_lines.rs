//! Lines that are not there: what nginx does without them.
//!
//! Where the crate has a setting, the default of nginx is written; else there is a warning. Some
//! defaults are not taken over, since a CDN does not accept them: no SNI, no verification, and the
//! name of an `upstream` as SNI and Host.

use crate::import::{
    draft::{HostChoice, SniChoice, VerifyChoice},
    has_settings::HasSettings,
    note::Outcome,
};

use super::{
    location::{Location, Pass},
    scope::Scope,
    value,
};

/// What a router does with paths, in a file with several locations.
pub(super) const PATHS: &str = "\
    a router compares paths as they are sent: `//api/x`, `/%61pi/x` and `/y/../api/x` miss a route \
    `/api/`, which nginx finds, and reach `location /`. No layer of axum or tower-http changes \
    that: refuse such paths in a layer around the app, before a route protects anything";

/// What no setting of the import changes.
const DIFFERENCES: &str = "\
    without lines about them, these differ from nginx: the origin gets `Via`, and forwarded fields \
    in place of the client's own; it may choose HTTP/2; a connection has to be open after 15 s; \
    request fields with `_` in their names reach the origin; its `Server` reaches clients; \
    redirects and cookies of its name get the client's host. `guide::from_nginx` has the calls";

/// Writes the ejection of nginx, where no server of the group has a parameter for it.
pub(super) fn set_ejection(location: &mut Location) {
    // A second call of a setter is not added.
    for call in [
        ".failures(1)",
        ".time(Duration::from_secs(10))",
        // Never less than the time: the same each time.
        ".longest(Duration::from_secs(10))",
        ".trials(1)",
        ".slow_start(Duration::ZERO)",
    ] {
        location.group.eject(call, "");
    }
}

/// Writes the defaults of nginx that differ, and returns the warnings of the file.
pub(super) fn set_defaults(
    scope: &Scope<'_>,
    location: &mut Location,
) -> Vec<(&'static str, Outcome)> {
    const DEFAULT: u64 = 1 << 20;
    /// What the buffers of a proxy hold together.
    const MAX_BUFFERED: u64 = 64 << 20;
    let mut found = Vec::new();
    if location.pass.is_none() {
        return found;
    }
    if scope.lookup("proxy_next_upstream").is_empty() {
        // `error timeout`.
        location.group.fail_over(".statuses([])", "");
    }
    found.push(("defaults", Outcome::warning(DIFFERENCES)));
    if location.draft.shared.settings.has("forwarded.trust") {
        found.push((
            "real_ip_recursive",
            Outcome::warning(
                "imported as `ForwardedLayer::trust`, which believes X-Forwarded-Proto of these \
                 peers too, skips all of them in X-Forwarded-For as with `real_ip_recursive on`, \
                 and appends the address of the peer, where nginx appends that of the client",
            ),
        ));
    }
    let sizes = scope.lookup("client_max_body_size");
    let limit = match sizes.last() {
        Some(line) => value::size(line.word()).unwrap_or_default(),
        None => {
            location.set("limits.max_request_body", DEFAULT, "");
            if !scope.is_whole_file {
                found.push((
                    "client_max_body_size",
                    Outcome::warning(
                        "the import has nginx's default, 1 MiB. If another file sets it, change \
                         `Limits::max_request_body`",
                    ),
                ));
            }
            DEFAULT
        }
    };
    let buffering = scope.lookup("proxy_request_buffering");
    if buffering.last().is_some_and(|line| line.word() == "off") {
        return found;
    }
    if (1..=MAX_BUFFERED).contains(&limit) {
        location.set("limits.buffer_requests", limit, "");
    } else {
        location.set("limits.buffer_requests", DEFAULT, "");
        found.push((
            "proxy_request_buffering",
            Outcome::warning(
                "nginx sends a Content-Length for each chunked upload. Here, those of more than \
                 1 MiB stay chunked: `Limits::buffer_requests` holds larger ones in memory, if the \
                 origin cannot read chunks",
            ),
        ));
    }
    found
}

/// `None` for a prefix with a slash at its end.
pub(super) fn longer_names(path: &str) -> Option<Outcome> {
    (!path.ends_with('/')).then(|| {
        Outcome::warning(format!(
            "nginx also takes paths that go on after `{path}` without a slash, such as `{path}x`. \
             The routes do not have them: they reach `location /`"
        ))
    })
}

/// Warnings at the line of `proxy_pass`.
pub(super) fn warnings(
    scope: &Scope<'_>,
    location: &Location,
    pass: &Pass,
    has_upstream: bool,
) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    let is_label = has_upstream && !pass.target.contains('.');
    if is_label && location.has_default_host() {
        found.push((
            "proxy_set_header Host",
            "without this line, nginx sends the name of the `upstream`; the import sends the \
             server's name",
        ));
    }
    if pass.scheme == "http" {
        if pass.target.ends_with(":443") {
            found.push((
                "proxy_pass",
                "plain HTTP to a port of TLS: an edge answers 400. Write `https://`",
            ));
        }
        return found;
    }
    let tls = &location.draft.shared.tls;
    if scope.lookup("proxy_ssl_server_name").is_empty() {
        found.push((
            "proxy_ssl_server_name",
            "off without this line, which another `location` does not inherit: nginx sends no \
             SNI, and a CDN cannot choose a certificate. The import sends the SNI",
        ));
    }
    if scope.lookup("proxy_ssl_verify").is_empty() {
        found.push((
            "proxy_ssl_verify",
            "off without this line, which another `location` does not inherit: nginx accepts \
             any certificate. The import verifies it",
        ));
    }
    if location.ssl_name.is_some() || tls.sni == SniChoice::Omit {
        return found;
    }
    if is_label {
        found.push((
            "proxy_ssl_name",
            "without this line, nginx sends and expects the name of the `upstream`; the import \
             takes the server's name",
        ));
    }
    let differs = match &location.draft.shared.host {
        HostChoice::Url => false,
        HostChoice::Fixed(name) => *name != pass.target,
        HostChoice::Preserve | HostChoice::PreserveName => true,
    };
    if differs && tls.verify == VerifyChoice::On {
        found.push((
            "proxy_ssl_name",
            "without this line, the SNI is the URL's host and differs from Host: an edge that \
             serves the site by its name refuses such requests",
        ));
    }
    found
}

//! Configurations and builder code from files of other proxies. Needs feature `import`.
//!
//! They are nginx, HAProxy, Envoy and Caddy.
//!
//! ```
//! use cdn_origin::{OriginProxy, import::{self, NoteKind}};
//!
//! let imported = import::nginx(
//!     "location / {
//!         proxy_pass https://d1234567890.cloudfront.net;
//!         proxy_ssl_name www.example.com;
//!         proxy_set_header Host $host;
//!     }",
//! )?;
//! // nginx sends no SNI and verifies nothing unless two more lines say so. The import does both.
//! let warnings = imported.notes().iter().filter(|note| note.kind == NoteKind::Warning);
//! let directives: Vec<_> = warnings.map(|note| note.directive.as_str()).collect();
//! assert!(directives.ends_with(&["proxy_ssl_server_name", "proxy_ssl_verify"]));
//!
//! let proxy = OriginProxy::try_from(&imported.origins()[0].config)?;
//! assert!(imported.code().contains(".sni(\"www.example.com\")"));
//! # drop(proxy);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is imported
//!
//! * The text may be a whole file or a part, such as one `location`, one `backend`, one cluster of
//!   Envoy or one `reverse_proxy`.
//! * Each `location` with `proxy_pass`, each `backend`, each route of Envoy and each
//!   `reverse_proxy` becomes a section of the [code](Imported::code). Each of its servers has an
//!   [`OriginConfig`].
//! * Each directive has an [`ImportNote`]. Nothing is ignored: a line that the importer does not
//!   know is [unmapped](NoteKind::Unmapped).
//! * A line that weakens security is imported as it is written, with a
//!   [warning](NoteKind::Warning). Where a line is absent and the server's default is unsafe, the
//!   import has the safe default of this crate, and a note.
//!
//! # Rules
//!
//! * Other files are not read. Replace each `include` of nginx, and each `import` of Caddy, by the
//!   content of its file.
//! * Envoy's files are read as JSON. Convert YAML first, such as with `yq -o json`.
//! * Values of fields, and paths and queries of URLs, are not in notes, which may be logged.
//! * The text may be untrusted. A text of more than 1 MiB is refused, and one whose sections repeat
//!   more than 32 MiB of shared lines.
//!
//! # What differs always
//!
//! * The connector offers HTTP/2, and the origin chooses, unless `proxy_http_version` or `alpn` is
//!   there, or `explicit_http_config`. By default, nginx speaks HTTP/1.0, or 1.1 since 1.29.7, and
//!   HAProxy and Envoy speak HTTP/1.1.
//! * The proxy writes `Via`, `X-Forwarded-For`, `-Host` and `-Proto`, and `X-Real-IP`. A client's
//!   own values are replaced.
//! * Redirects and cookies with the origin's name get the client's host and scheme. A cookie of the
//!   origin's domain gets no domain: it is for the client's host alone.
//! * The origin answers `Expect: 100-continue`. nginx answers it itself.
//! * An origin that fails is a 502 or 504 here. HAProxy and Envoy answer 503 if they cannot
//!   connect.
//! * WebSockets pass. Envoy needs `upgrade_configs` for that.
//! * There is no limit for the whole exchange. Envoy ends it after 15 s without a `timeout`.
//! * TLS 1.3 is spoken where the origin has it. Envoy's maximum is TLS 1.2 by default.
//!
//! The guide has a row for each directive of [nginx](crate::guide::from_nginx) and
//! [HAProxy](crate::guide::from_haproxy), for each field of [Envoy](crate::guide::from_envoy), and
//! for each line of [Caddy](crate::guide::from_caddy).
//!
//! [`OriginConfig`]: crate::config::OriginConfig

mod answer;

mod caddy;
mod directive;
mod directive_row;
mod draft;
mod envoy;
mod error;
mod group_calls;
mod haproxy;
mod has_settings;
mod import_limit;
mod imported;
mod local_address;
mod message_fields;
mod nginx;
mod note;
mod origin_url;
mod print_code;
mod rewrite_entries;
mod settings;
mod values;

#[cfg(test)]
mod tests;

pub use error::ImportError;
pub use imported::{Imported, ImportedOrigin};
pub use note::{ImportNote, NoteKind};

use error::Position;

/// Imports a configuration of nginx, or a part of one.
///
/// # Errors
///
/// A quote or a block that is not closed, a directive without `;`, blocks nested deeper than 32,
/// and a text that is [too large](self#rules).
///
/// ```
/// let text = "location / { proxy_pass http://origin.example; proxy_read_timeout 5s; }";
/// let imported = cdn_origin::import::nginx(text)?;
/// assert_eq!(imported.origins().len(), 1);
/// # Ok::<(), cdn_origin::import::ImportError>(())
/// ```
pub fn nginx(text: &str) -> Result<Imported, ImportError> {
    check_size(text)?;
    nginx::import(text)
}

/// Imports a configuration of HAProxy, or a part of one.
///
/// A `backend` has the lines of its `defaults`, and the rules of the frontends that name it. If
/// these rules differ, it is a section for each of the frontends.
///
/// # Errors
///
/// A quote that is not closed, and a text that is [too large](self#rules).
///
/// ```
/// let text = "backend app\n  server a origin.example:443 ssl verify required";
/// let imported = cdn_origin::import::haproxy(text)?;
/// assert_eq!(imported.origins()[0].section, "backend app");
/// # Ok::<(), cdn_origin::import::ImportError>(())
/// ```
pub fn haproxy(text: &str) -> Result<Imported, ImportError> {
    check_size(text)?;
    haproxy::import(text)
}

/// Imports a configuration of Envoy, or a part of one, in JSON.
///
/// The text is a bootstrap, a cluster, a list of clusters, a listener or a route. Each route that
/// names a cluster is a section of the code, and so is a cluster without a route. Convert YAML
/// first, such as with `yq -o json`.
///
/// # Errors
///
/// A text that is not JSON, values nested deeper than 100, and a text that is
/// [too large](self#rules).
///
/// ```
/// let text = r#"{
///     "name": "app",
///     "type": "STRICT_DNS",
///     "load_assignment": { "endpoints": [{ "lb_endpoints": [{ "endpoint": {
///         "address": { "socket_address": { "address": "origin.example", "port_value": 80 } }
///     }}]}]}
/// }"#;
/// let imported = cdn_origin::import::envoy(text)?;
/// assert_eq!(imported.origins()[0].section, "cluster app");
/// # Ok::<(), cdn_origin::import::ImportError>(())
/// ```
pub fn envoy(text: &str) -> Result<Imported, ImportError> {
    check_size(text)?;
    envoy::import(text)
}

/// Imports a Caddyfile, or a part of one.
///
/// # Errors
///
/// A quote or a block that is not closed, blocks nested deeper than 32, and a text that is
/// [too large](self#rules).
///
/// ```
/// let text = "www.example.com {\n reverse_proxy https://origin.example\n}\n";
/// let imported = cdn_origin::import::caddy(text)?;
/// assert_eq!(imported.origins()[0].section, "site www.example.com");
/// # Ok::<(), cdn_origin::import::ImportError>(())
/// ```
pub fn caddy(text: &str) -> Result<Imported, ImportError> {
    check_size(text)?;
    caddy::import(text)
}

fn check_size(text: &str) -> Result<(), ImportError> {
    const MAX_TEXT: usize = 1 << 20;
    match text.len() > MAX_TEXT {
        true => Err(ImportError::new(
            Position::START,
            "the text has more than 1 MiB",
        )),
        false => Ok(()),
    }
}

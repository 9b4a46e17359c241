//! An access log: one line for each request, when its response has ended or its client has left.
//!
//! [`AccessLogLayer`] wraps an [`OriginProxy`](crate::OriginProxy), an
//! [`OriginGroup`](crate::group::OriginGroup) or a whole router. It writes each line exactly once.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, OriginProxy, access_log::AccessLogLayer};
//! use tower::ServiceBuilder;
//!
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let (sender, lines) = std::sync::mpsc::sync_channel(1000);
//! // A thread prints the lines, because the sink must not block. While the channel is full, lines
//! // are lost.
//! std::thread::spawn(move || lines.iter().for_each(|line: String| println!("{line}")));
//! let service = ServiceBuilder::new()
//!     .layer(AccessLogLayer::json(move |line| drop(sender.try_send(line.to_owned()))))
//!     .service(OriginProxy::new(connector));
//! # drop(service);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! # Fields
//!
//! A line in JSON, wrapped here:
//!
//! ```json
//! {"time":"2026-11-29T05:29:05.012Z","client":"203.0.113.7","method":"GET",
//!  "host":"www.example","path":"/page",
//!  "version":"HTTP/1.1","status":200,"bytes":1024,"duration":0.012,
//!  "outcome":"complete",
//!  "origin":"origin.example:80","peer":"192.0.2.1:80","connection":"fresh","queue":0.0,
//!  "checkout":0.004,"resolve":0.001,"connect":0.003,"first_byte":0.007,
//!  "request_bytes":0,"tries":1}
//! ```
//!
//! * Of the client's fields, only `host` and the `trace_id` of `traceparent` are logged.
//!   [`log_client_fields`](AccessLogLayer::log_client_fields) adds `user_agent`, and `referer`
//!   without its query.
//! * Times are in seconds. `duration` is the time from the request to the end of the response.
//! * `resolve`, `connect` and `handshake` are those of the last connect. They are absent on a
//!   reused connection, and for a step that was not reached.
//! * `tries` counts the connections that the request was sent on. If none was established, it is
//!   absent, and so are `connection`, `checkout` and `first_byte`.
//! * `status` is `null` in JSON, and 499 in the combined format, if the client left before the
//!   response. If a service failed instead, `outcome` is `failed`, and the combined format has a
//!   dash: a layer further out chooses the status.
//! * `label` is that of the [builder](crate::connector::CdnOriginBuilder::label) or of the
//!   [tenant](crate::tenants::Tenant::label). It is absent without one.
//! * `retries` lists the reasons of the tries after the first, `error` has the
//!   [kind](crate::ErrorKind) of an error, and `cause` its likeliest cause. They are absent without
//!   one.
//! * `outcome`, `error`, `cause` and the fields from `origin` on describe the last exchange. If no
//!   proxy was called, only `outcome` is there. `failed_over` lists the exchanges before it, each
//!   as `origin/error/seconds`, with the [error type](crate::observe::ExchangeInfo::error_type).
//! * `client` is the peer of the connection. Behind a load balancer, it is the balancer, even if
//!   [`trust`](crate::ForwardedLayer::trust) takes the client from its `X-Forwarded-For`. A server
//!   that reads the PROXY protocol inserts a
//!   [`ClientConnection`](crate::downstream::ClientConnection), whose address is then logged.
//!   `client` is absent if the server reports no address.
//! * `trace_id` is that of the [`TraceContext`](crate::trace_context::TraceContext) in the
//!   request's extensions, else that of the client's `traceparent`. It joins the line with traces
//!   and other logs. Put a `TraceContextLayer` outside of this one.
//! * The query is left out, unless [`log_query`](AccessLogLayer::log_query) adds it.
//!
//! The combined format is that of Apache and nginx. The fields of the exchange follow as
//! `key=value`. A value with spaces, quotes or characters beyond ASCII is in quotes, and escaped.
//! `Referer` and `User-Agent` are a dash, unless they are added. Whatever a client chose is escaped
//! and shortened to 512 bytes.
//!
//! The line of an upgrade is written when the client has received the 101. It has no `outcome`,
//! because the tunnel goes on: an [`Observer`](crate::observe::Observer) gets its end.

// | file | what it holds |
// |---|---|
// | `access_log_layer`, `options` | the layer, and what it writes |
// | `service`, `future`, `logged_body` | a request on its way, until its body has ended |
// | `pending_entry`, `log_entry` | what is known of the request |
// | `log_line`, `escape` | the line |

mod access_log_layer;
mod escape;
mod future;
mod log_entry;
mod log_line;
mod logged_body;
mod options;
mod pending_entry;
mod service;

pub use access_log_layer::AccessLogLayer;

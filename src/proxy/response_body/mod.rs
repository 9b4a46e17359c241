//! The body of a response: the origin's, with its deadlines, or the proxy's own text.
//!
//! [`ProxyBody`] is what a server polls. It holds an [`OriginBody`], which holds the connection. A
//! long body moves into a guard, whose task drops it if the client stops reading.

mod min_download_rate;
mod origin_body;
mod proxy_body;
mod slow_reader;
mod unread_limit;

pub use proxy_body::ProxyBody;

pub(super) use origin_body::{AbortHook, OriginBody};
pub(super) use unread_limit::UnreadLimit;

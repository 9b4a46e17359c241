//! The connector: opens verified connections to an origin.
//!
//! [`CdnOriginConnector`] is a `tower::Service<Uri>`. hyper-util's client, tonic's channel and
//! `ServiceExt::oneshot` accept it.
//!
//! * [`CdnOriginConnector::builder`] takes a fixed origin. The connector dials it whatever the
//!   `Uri` is, so the authority of a request can be the name that belongs in `Host`.
//! * [`CdnOriginConnector::any_origin`] takes the origin from each `Uri`.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, TlsVersion};
//!
//! // Dial CloudFront, send example.com in SNI, and expect it in the certificate.
//! let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!     .sni("example.com")
//!     .tls_versions(TlsVersion::V1_2..)
//! #     .verify(cdn_origin::tls::VerifyPolicy::pinned(cdn_origin::tls::SpkiPin::sha256([0; 32])))
//!     .build()?;
//!
//! let origin = connector.origin().expect("it was built with one");
//! assert_eq!(origin.dial().to_string(), "d1234567890.cloudfront.net:443");
//! assert_eq!(origin.expected_name().to_string(), "example.com");
//! assert_eq!(origin.host().as_str(), "example.com");
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```

// | file | what it holds |
// |---|---|
// | `cdn_origin_connector` | the `tower::Service` from a `Uri` to a connection |
// | `builder/`, `connector_settings` | the builder, its checks and what it sets |
// | `connect`, `connecting` | one attempt to connect: dial, PROXY header, TLS handshake |
// | `origin_stream`, `connection_info` | an open connection, and the facts about it |
// | `prepared_reload` | the changed files of a connector, before they are used |
// | `tls_reload` | the TLS client in force, and its replacement by changed files |
// | `sessions` | TLS session resumption |
// | `handshake_counts` | full and resumed handshakes |
// | `timeouts` | how long connecting may take |
// | `shared_state` | what the clones of a connector share |
// | `applied_profile` | the defaults for a recognised edge |
// | `advice`, `advice_id`, `advice_settings` | settings that are valid but probably wrong |
// | `notify_observers` | reports connects to observers |

mod advice;
mod advice_id;
mod advice_settings;
mod applied_profile;
mod builder;
mod cdn_origin_connector;
mod connect;
#[expect(unnameable_types, reason = "it is `Service::Future`")]
mod connecting;
mod connection_info;
mod connector_settings;
mod handshake_counts;
mod notify_observers;
mod origin_stream;
#[cfg(feature = "serde")]
mod prepared_reload;
mod sessions;
mod shared_state;
mod timeouts;
mod tls_reload;

pub use advice::Advice;
pub use advice_id::AdviceId;
pub use advice_settings::AdviceSettings;
pub(crate) use applied_profile::AppliedProfile;
pub use builder::CdnOriginBuilder;
pub use cdn_origin_connector::CdnOriginConnector;
pub(crate) use connect::Purpose;
pub(crate) use connecting::Connecting;
pub use connection_info::ConnectionInfo;
pub use handshake_counts::HandshakeCounts;
pub use origin_stream::OriginStream;
pub use sessions::Sessions;
pub use timeouts::Timeouts;
pub use tls_reload::TlsReload;

pub(crate) use crate::dial::{KnownAddresses, WaitFor};
pub(crate) use applied_profile::ProfileChange;
#[cfg(feature = "serde")]
pub(crate) use {
    advice_settings::Silenced,
    connector_settings::{ConnectorSettings, DialSettings, EdgeProfileUse},
    prepared_reload::PreparedReload,
};

/// Explain an error of an [`OriginStream`].
pub(crate) use crate::{
    dial::Unread,
    tls::{TlsFailure, alert_in_text, explain},
};

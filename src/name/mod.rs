//! The four names as types: parsed once, never wrong after.
//!
//! | type | the name it is | where it goes |
//! |---|---|---|
//! | [`DialTarget`] | host and port that TCP connects to, or a Unix socket | the resolver and `connect(2)` |
//! | [`Sni`] | the name sent in the ClientHello | TLS `server_name` ([RFC 6066 section 3]) |
//! | [`ExpectedName`] | the name that the certificate must be valid for | the verifier ([RFC 9525]) |
//! | [`HostAuthority`] | the authority of the HTTP request | `Host` or `:authority` ([RFC 9110 section 7.2]) |
//!
//! All of them parse from `&str`, and a [`NameError`] says what was wrong and where.
//!
//! ```
//! use cdn_origin::name::{DialTarget, Sni};
//!
//! let dial: DialTarget = "[2001:db8::1]:8443".parse()?;
//! assert_eq!(dial.to_string(), "[2001:db8::1]:8443");
//!
//! // International names become punycode, the trailing dot never reaches the wire.
//! let sni: Sni = "Bücher.example.".parse()?;
//! assert_eq!(sni.to_string(), "xn--bcher-kva.example");
//!
//! // RFC 6066 forbids IP addresses in SNI.
//! let error = "192.0.2.1".parse::<Sni>().unwrap_err();
//! assert_eq!(error.to_string(), "SNI \"192.0.2.1\": an IP address is not a DNS name");
//! # Ok::<(), cdn_origin::name::NameError>(())
//! ```
//!
//! [RFC 6066 section 3]: https://www.rfc-editor.org/rfc/rfc6066#section-3
//! [RFC 9110 section 7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
//! [RFC 9525]: https://www.rfc-editor.org/rfc/rfc9525

/// `TryFrom<&str>` and `TryFrom<String>` by way of `FromStr`, so that builder setters take text and
/// parsed names alike.
macro_rules! from_text {
    ($name:ty) => {
        impl TryFrom<&str> for $name {
            type Error = $crate::name::NameError;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::name::NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}
use from_text;

mod dial_target;
mod dns_name;
mod expected_name;
mod host;
mod host_authority;
mod host_port;
mod problem;
mod sni;
mod socket_path;

pub use dial_target::DialTarget;
pub use dns_name::DnsName;
pub use expected_name::ExpectedName;
pub use host::Host;
pub use host_authority::HostAuthority;
pub use host_port::HostPort;
pub use problem::{NameError, NameProblem};
pub use sni::{Sni, SniOmission};
pub use socket_path::SocketPath;

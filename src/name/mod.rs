//! The four names of an origin as types: dial target, SNI, expected name and Host.
//!
//! | type | name | used in |
//! |---|---|---|
//! | [`DialTarget`] | host and port, or a Unix socket | DNS and `connect(2)` |
//! | [`Sni`] | the server name in the ClientHello | TLS ([RFC 6066 section 3]) |
//! | [`ExpectedName`] | the name in the certificate | verification ([RFC 9525]) |
//! | [`HostAuthority`] | the authority of the request | HTTP ([RFC 9110 section 7.2]) |
//!
//! The types parse from `&str`, and a value is always valid. An
//! [`InvalidValue`](crate::error::InvalidValue) names what is wrong with the text, and at which
//! byte.
//!
//! ```
//! use cdn_origin::name::{DialTarget, Sni};
//!
//! let dial: DialTarget = "[2001:db8::1]:8443".parse()?;
//! assert_eq!(dial.to_string(), "[2001:db8::1]:8443");
//!
//! // SNI has no trailing dot.
//! let sni: Sni = "WWW.Example.com.".parse()?;
//! assert_eq!(sni.to_string(), "www.example.com");
//!
//! // RFC 6066 forbids IP addresses in SNI.
//! let error = "192.0.2.1".parse::<Sni>().unwrap_err();
//! assert_eq!(error.to_string(), "SNI \"192.0.2.1\": an IP address is not a DNS name");
//! # Ok::<(), cdn_origin::error::InvalidValue>(())
//! ```
//!
//! International names are written in punycode (`xn--bcher-kva.example`). With the cargo feature
//! `idna`, names in Unicode (`bücher.example`) are converted to it.
//!
//! [RFC 6066 section 3]: https://www.rfc-editor.org/rfc/rfc6066#section-3
//! [RFC 9110 section 7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
//! [RFC 9525]: https://www.rfc-editor.org/rfc/rfc9525

/// Implements `TryFrom` for texts with `FromStr`: setters accept both text and parsed names.
macro_rules! impl_try_from_text {
    ($name:ty) => {
        impl TryFrom<&str> for $name {
            type Error = $crate::invalid_value::InvalidValue;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::invalid_value::InvalidValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl TryFrom<&String> for $name {
            type Error = $crate::invalid_value::InvalidValue;

            fn try_from(text: &String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}
use impl_try_from_text;

// | file | what it holds |
// |---|---|
// | `dial_target`, `sni`, `expected_name`, `host_authority` | the four names |
// | `host`, `host_port`, `dns_name`, `socket_path` | what they are made of |
// | `name_problem` | why a text is no such name |

mod dial_target;
mod dns_name;
mod expected_name;
mod host;
mod host_authority;
mod host_port;
mod name_problem;
mod sni;
mod socket_path;

pub use dial_target::DialTarget;
pub(crate) use dial_target::Endpoint;
pub use dns_name::DnsName;
pub use expected_name::ExpectedName;
pub use host::Host;
pub use host_authority::HostAuthority;
pub(crate) use host_port::HostPort;
pub(crate) use name_problem::NameProblem;
pub use sni::Sni;
pub(crate) use sni::SniOmission;
pub(crate) use socket_path::SocketPath;

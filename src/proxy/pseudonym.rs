//! The name by which a proxy is known to other proxies.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    str::FromStr,
    sync::Arc,
};

use crate::error::InvalidValue;

use super::field_values::is_token;

/// The name of a proxy in `Via` ([RFC 9110 section 7.6.3]) and in `CDN-Loop` ([RFC 8586]): a token,
/// with a port if need be.
///
/// [RFC 8586]: https://www.rfc-editor.org/rfc/rfc8586
/// [RFC 9110 section 7.6.3]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pseudonym(Arc<str>);

impl Pseudonym {
    /// A name that no other proxy has, in this process or in another.
    pub(super) fn random() -> Self {
        // The standard library's hasher is seeded at random: chance enough for a name.
        let chance = RandomState::new().hash_one(0);
        Self(format!("cdn-origin-{chance:016x}").into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is how another message spells the name.
    pub(super) fn is(&self, name: &[u8]) -> bool {
        self.0.as_bytes().eq_ignore_ascii_case(name)
    }
}

impl FromStr for Pseudonym {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (token, port) = text.split_once(':').unwrap_or((text, "0"));
        let is_port =
            port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse::<u16>().is_ok();
        match is_token(token) && is_port {
            true => Ok(Self(text.into())),
            false => Err(InvalidValue::new(
                "a proxy's name is a token with an optional port: letters, digits and \
                 !#$%&'*+-.^_`|~ are allowed",
            )),
        }
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

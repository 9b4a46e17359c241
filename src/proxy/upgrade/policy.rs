//! Which protocols a client may ask to switch to.

use http::HeaderValue;
use thiserror::Error;

use crate::proxy::fields::is_token;

/// The protocols that an [`OriginProxy`](crate::OriginProxy) lets clients switch to ([RFC 9110
/// section 7.8]): `websocket` alone unless told otherwise. To others, the request goes on as an
/// ordinary one, without `Upgrade`.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Upgrades};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = CdnOriginConnector::builder("https://origin.example").build()?;
/// let proxy = OriginProxy::new(connector).upgrades(Upgrades::websocket().and("connect-udp")?);
/// # drop(proxy);
/// # Ok(())
/// # }
/// ```
///
/// [RFC 9110 section 7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "it does nothing until a proxy is given it"]
pub struct Upgrades(Vec<Token>);

/// The name of a protocol as `Upgrade` says it, in lower case, maybe with a version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Token(HeaderValue);

/// Why a protocol cannot be allowed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum UpgradeRefused {
    /// Not a token, or two with a `/` between them.
    #[error("a protocol is a token, or two with a slash between them")]
    NotAProtocol,
    /// HTTP within HTTP: what passes in such a tunnel, no rule of the proxy applies to.
    #[error("HTTP/2 in cleartext would pass the proxy's rules by")]
    Http,
}

impl Default for Upgrades {
    fn default() -> Self {
        Self::websocket()
    }
}

impl Upgrades {
    /// WebSocket ([RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)), whose handshake is checked
    /// on both sides. The default.
    pub fn websocket() -> Self {
        Self(vec![Token(HeaderValue::from_static(Token::WEBSOCKET))])
    }

    /// No protocol at all.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Allows this protocol too.
    ///
    /// # Errors
    ///
    /// It is not a protocol's name, or it is `h2c`, or another version of HTTP.
    pub fn and(mut self, protocol: &str) -> Result<Self, UpgradeRefused> {
        let token = Token::of(protocol).ok_or(UpgradeRefused::NotAProtocol)?;
        if token.is_http() {
            return Err(UpgradeRefused::Http);
        }
        if !self.0.contains(&token) {
            self.0.push(token);
        }
        Ok(self)
    }

    /// The allowed protocol that is meant.
    pub(super) fn allowed(&self, protocol: &str) -> Option<&Token> {
        let same = |token: &&Token| token.is(protocol);
        self.0.iter().find(same)
    }
}

impl Token {
    const WEBSOCKET: &'static str = "websocket";

    fn of(protocol: &str) -> Option<Self> {
        let mut parts = protocol.splitn(2, '/');
        let sound = parts.all(is_token);
        let value = HeaderValue::try_from(protocol.to_ascii_lowercase()).ok();
        value.filter(|_| sound).map(Self)
    }

    /// Names of protocols are the same in any case (RFC 9110 section 7.8).
    pub(super) fn is(&self, protocol: &str) -> bool {
        self.0.as_bytes().eq_ignore_ascii_case(protocol.as_bytes())
    }

    pub(super) fn is_websocket(&self) -> bool {
        self.is(Self::WEBSOCKET)
    }

    pub(super) fn value(&self) -> &HeaderValue {
        &self.0
    }

    fn is_http(&self) -> bool {
        let name = self.0.as_bytes().split(|byte| *byte == b'/').next();
        matches!(name, Some(b"h2c" | b"h2" | b"http"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn websocket_is_allowed_unless_told_otherwise_and_in_any_case() {
        assert!(Upgrades::default().allowed("WebSocket").is_some());
        assert!(Upgrades::default().allowed("tcp").is_none());
        assert!(Upgrades::none().allowed("websocket").is_none());
        let more = Upgrades::none().and("TCP").unwrap();
        assert!(more.allowed("tcp").is_some());
        assert!(more.allowed("websocket").is_none());
    }

    #[test]
    fn http_within_http_is_never_allowed_and_what_is_no_protocol_neither() {
        for protocol in ["h2c", "H2C", "HTTP/2.0", "http"] {
            let refused = Upgrades::none().and(protocol);
            assert_eq!(refused, Err(UpgradeRefused::Http), "{protocol}");
        }
        for protocol in ["", " ", "a b", "a/", "/a", "a/b/c", "a,b", "ä", "a\r\nb"] {
            let refused = Upgrades::none().and(protocol);
            assert_eq!(refused, Err(UpgradeRefused::NotAProtocol), "{protocol:?}");
        }
    }
}

//! `Upgrades`: the protocols that clients may switch to.
//!
//! `upgrade_request.rs` refuses others, `tunnel.rs` applies the idle timeout.

use std::time::Duration;

use http::HeaderValue;

use crate::{
    error::InvalidValue,
    proxy::{deadline::non_zero, field_values::is_token},
};

/// The protocols that clients may switch to through an [`OriginProxy`](crate::OriginProxy).
///
/// A client asks by `Upgrade` in HTTP/1.1 ([RFC 9110 section 7.8]), or by extended CONNECT in
/// HTTP/2 ([RFC 8441]). The default is `websocket` alone. A request for any other protocol goes on
/// as an ordinary one, without `Upgrade`.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Upgrades};
///
/// let connector = CdnOriginConnector::builder("https://origin.example").build()?;
/// let upgrades = Upgrades::default()
///     .and("connect-udp")?
///     .idle_timeout(Duration::from_secs(3600));
/// let proxy = OriginProxy::new(connector).upgrades(upgrades);
/// # drop(proxy);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 8441]: https://www.rfc-editor.org/rfc/rfc8441
/// [RFC 9110 section 7.8]: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "it does nothing until `OriginProxy::upgrades` gets it"]
pub struct Upgrades {
    protocols: Vec<Token>,
    pub(in crate::proxy) idle_timeout: Duration,
}

/// The name of a protocol in `Upgrade`, in lower case, with a version if it has one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Token(HeaderValue);

impl Default for Upgrades {
    /// Allows WebSocket ([RFC 6455]). The proxy checks the opening handshake on both sides.
    ///
    /// [RFC 6455]: https://www.rfc-editor.org/rfc/rfc6455
    fn default() -> Self {
        Self::to(vec![Token(HeaderValue::from_static(Token::WEBSOCKET))])
    }
}

impl Upgrades {
    /// Allows no protocol.
    ///
    /// A request for an upgrade goes on as an ordinary request, without its `Upgrade` field, and
    /// the client gets what the origin answers. To refuse it, use a route in front of the proxy.
    ///
    /// ```
    /// use cdn_origin::proxy::Upgrades;
    ///
    /// let upgrades = Upgrades::none();
    /// ```
    pub fn none() -> Self {
        Self::to(Vec::new())
    }

    fn to(protocols: Vec<Token>) -> Self {
        Self {
            protocols,
            idle_timeout: Duration::from_secs(600),
        }
    }

    /// Allows this protocol too: a token, with a version after a slash if it has one.
    ///
    /// # Errors
    ///
    /// Fails if the text is not the name of a protocol, or if it is `h2c` or another version of
    /// HTTP.
    ///
    /// ```
    /// use cdn_origin::proxy::Upgrades;
    ///
    /// let upgrades = Upgrades::default().and("connect-udp")?;
    /// assert!(upgrades.and("h2c").is_err());
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    pub fn and(mut self, protocol: &str) -> Result<Self, InvalidValue> {
        let token = Token::of(protocol).ok_or_else(|| {
            InvalidValue::new("a protocol is a token, or two with a slash between them")
        })?;
        if token.is_http() {
            return Err(InvalidValue::new(
                "HTTP inside a tunnel would bypass the proxy",
            ));
        }
        if !self.protocols.contains(&token) {
            self.protocols.push(token);
        }
        Ok(self)
    }

    /// Sets how long a tunnel may be idle.
    ///
    /// The default is 10 minutes; nginx's `proxy_read_timeout` is 60 s, HAProxy calls it
    /// `timeout tunnel`. A tunnel is idle while no byte moves in either direction. Beyond the limit
    /// both sides are closed, so applications that are silent for longer send pings. Zero counts as
    /// one millisecond.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::proxy::Upgrades;
    ///
    /// let upgrades = Upgrades::default().idle_timeout(Duration::from_secs(60));
    /// ```
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = non_zero(time);
        self
    }

    /// The allowed protocol of this name.
    pub(super) fn allowed(&self, protocol: &str) -> Option<&Token> {
        let same = |token: &&Token| token.is(protocol);
        self.protocols.iter().find(same)
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
    fn websocket_is_allowed_by_default_in_any_case() {
        assert!(Upgrades::default().allowed("WebSocket").is_some());
        assert!(Upgrades::default().allowed("tcp").is_none());
        assert!(Upgrades::none().allowed("websocket").is_none());
        let more = Upgrades::none().and("TCP").unwrap();
        assert!(more.allowed("tcp").is_some());
        assert!(more.allowed("websocket").is_none());
    }

    #[test]
    fn http_inside_http_and_invalid_names_are_refused() {
        for protocol in ["h2c", "H2C", "HTTP/2.0", "http"] {
            let refused = Upgrades::none().and(protocol);
            let text = refused.unwrap_err().to_string();
            assert!(text.contains("would bypass the proxy"), "{protocol}");
        }
        for protocol in ["", " ", "a b", "a/", "/a", "a/b/c", "a,b", "ä", "a\r\nb"] {
            let refused = Upgrades::none().and(protocol);
            let text = refused.unwrap_err().to_string();
            assert!(text.starts_with("a protocol is a token"), "{protocol:?}");
        }
    }
}

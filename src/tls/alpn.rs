//! Which application protocols are offered, and which are required.

/// The application protocols offered in the ClientHello ([RFC
/// 7301](https://www.rfc-editor.org/rfc/rfc7301)).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Alpn {
    /// `http/1.1` alone.
    Http1,
    /// `h2` alone, and required: an origin that does not choose it is an error. What a tonic
    /// channel needs.
    Http2,
    /// `h2`, then `http/1.1`: the origin chooses. The default.
    #[default]
    Http2OrHttp1,
}

impl Alpn {
    /// The variant's name, for advice.
    pub(crate) fn variant(self) -> &'static str {
        match self {
            Self::Http1 => "Http1",
            Self::Http2 => "Http2",
            Self::Http2OrHttp1 => "Http2OrHttp1",
        }
    }

    pub(crate) fn protocols(self) -> &'static [&'static str] {
        match self {
            Self::Http1 => &["http/1.1"],
            Self::Http2 => &["h2"],
            Self::Http2OrHttp1 => &["h2", "http/1.1"],
        }
    }

    /// The same as rustls takes them.
    pub(super) fn for_rustls(self) -> Vec<Vec<u8>> {
        let names = self.protocols().iter();
        names.map(|name| name.as_bytes().to_vec()).collect()
    }

    /// Whether a handshake that chose `protocol` can be used. Without a choice, HTTP/1.1 is spoken.
    pub(super) fn accepts(self, protocol: Option<&[u8]>) -> bool {
        match (self, protocol) {
            (Self::Http2, protocol) => protocol == Some(b"h2"),
            (Self::Http1 | Self::Http2OrHttp1, _) => true,
        }
    }
}

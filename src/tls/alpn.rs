//! The application protocols that are offered and required.
//!
//! `connector/connect.rs` narrows the offer for some connections. `pool/tasks/connect_task.rs`
//! opens HTTP/2 or HTTP/1, as negotiated.

/// The application protocols offered in the ClientHello ([RFC 7301]).
///
/// ```
/// use cdn_origin::{Alpn, CdnOriginConnector};
///
/// # let policy = cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32]));
/// let connector = CdnOriginConnector::builder("https://grpc.example.com")
///     .alpn(Alpn::Http2)
/// #   .verify(policy)
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
///
/// [RFC 7301]: https://www.rfc-editor.org/rfc/rfc7301
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Alpn {
    /// Only `http/1.1`.
    Http1,
    /// Only `h2`, and required. A tonic channel needs it.
    ///
    /// A handshake in which the origin does not choose `h2` fails with
    /// [`ProtocolNotNegotiated`](crate::ErrorKind::ProtocolNotNegotiated).
    Http2,
    /// `h2` and `http/1.1`: the origin chooses. The default.
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

    /// The protocols as rustls takes them.
    pub(super) fn for_rustls(self) -> Vec<Vec<u8>> {
        let names = self.protocols().iter();
        names.map(|name| name.as_bytes().to_vec()).collect()
    }

    /// Whether a handshake that chose `protocol` can be used. No choice means HTTP/1.1.
    pub(super) fn accepts(self, protocol: Option<&[u8]>) -> bool {
        match (self, protocol) {
            (Self::Http2, protocol) => protocol == Some(b"h2"),
            (Self::Http1 | Self::Http2OrHttp1, _) => true,
        }
    }
}

//! `Sessions`: the settings of TLS session resumption. `tls/session_store.rs` keeps the sessions.

use std::sync::Arc;

use crate::tls::{EarlyRequests, Resumption};

use super::{cdn_origin_connector::CdnOriginConnector, tls_reload::ReloadableTls};

/// Settings for TLS session resumption: how many sessions, shared by which connectors.
///
/// | call | default |
/// |---|---|
/// | [`capacity`](Self::capacity) | sessions of 32 names |
/// | [`off`](Self::off) | sessions are resumed |
/// | [`early_data`](Self::early_data) | none is sent |
/// | [`share_with`](Self::share_with) | only clones of the connector share sessions |
///
/// A resumed handshake is shorter, and does not verify the certificate again ([RFC 8446 section
/// 2.2]). So each session belongs to one verify policy and one client identity:
///
/// * Clones of a connector resume each other's sessions; other connectors do so only with
///   [`share_with`](Self::share_with).
/// * A [reload](CdnOriginConnector::reload) drops them.
/// * A session is dropped when the certificate of its first handshake expires, and after 24 hours
///   at the latest. So an expired intermediate certificate or a new revocation list takes effect
///   within 24 hours.
/// * The origin knows the client by the certificate that the session began with. If a
///   [resolver](crate::tls::ClientIdentity::resolver) returns another one from now on, call
///   [`reload`](CdnOriginConnector::reload).
///
/// ```
/// use cdn_origin::{CdnOriginConnector, connector::Sessions};
///
/// # let policy = cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32]));
/// let connector = CdnOriginConnector::builder("https://www.example.com")
///     .sessions(Sessions::off())
/// #   .verify(policy)
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
///
/// [RFC 8446 section 2.2]: https://www.rfc-editor.org/rfc/rfc8446#section-2.2
#[derive(Clone, Debug, Default)]
#[must_use = "these settings do nothing until a builder is given them"]
pub struct Sessions {
    pub(super) resumption: Resumption,
    pub(super) early_requests: EarlyRequests,
    pub(super) shared: Option<SharedTls>,
    /// The setters that were called, except `share_with`.
    setters: Vec<&'static str>,
}

/// The TLS that another connector shares.
#[derive(Clone, Debug)]
pub(super) enum SharedTls {
    Reloadable(Arc<ReloadableTls>),
    /// The other connector's origin is a plain `http` one.
    None,
}

impl Sessions {
    /// Resumes no session: every handshake is a full one and verifies the certificate.
    ///
    /// ```
    /// use cdn_origin::connector::Sessions;
    ///
    /// let sessions = Sessions::off();
    /// ```
    pub fn off() -> Self {
        Self {
            resumption: Resumption::Off,
            setters: vec!["Sessions::off"],
            ..Self::default()
        }
    }

    /// Keeps the sessions of this many names.
    ///
    /// The default is 32. A connector with a fixed origin has one name. For each name, one TLS 1.2
    /// session and eight TLS 1.3 tickets are kept. `build()` fails for a number outside of 1 to
    /// 65,536.
    ///
    /// ```
    /// use cdn_origin::connector::Sessions;
    ///
    /// let sessions = Sessions::default().capacity(500);
    /// ```
    pub fn capacity(mut self, names: usize) -> Self {
        self.resumption = Resumption::Names(names);
        self.called("Sessions::capacity")
    }

    /// Lets [`OriginProxy`](crate::OriginProxy) send requests in early data (0-RTT).
    ///
    /// By default, none is sent. On a connection that resumes a session, the request is sent in the
    /// first flight ([RFC 8446 section 2.3]), and the response arrives one round trip earlier.
    ///
    /// **An attacker who records such a request can replay it**, and the origin cannot always
    /// detect that ([RFC 8446 section 8]). The request also has no forward secrecy: a stolen
    /// session key can decrypt it later. Allow early data only if a repeated GET, HEAD or OPTIONS
    /// has no further effect at the origin. The rules of [RFC 8470] apply:
    ///
    /// * Only GET, HEAD and OPTIONS without content are sent early, up to 12 KiB. A request is not
    ///   sent early if it has the field `Early-Data` or `Expect`, if it has
    ///   [`NoEarlyData`](crate::pool::NoEarlyData) in its extensions, or if it is a retry,
    ///   including one by an [`OriginGroup`](crate::group::OriginGroup).
    /// * Early data that the origin rejects is sent again after the handshake. So is a request that
    ///   the origin answers with 425 (Too Early).
    /// * The proxy adds no `Early-Data: 1`, since the origin itself sees the early data. A client's
    ///   `Early-Data` is forwarded, and the client receives the 425 that answers it. A server in
    ///   front of the proxy that accepts early data from clients has to add the field.
    ///
    /// Nothing is sent early over HTTP/2 or with [ECH](crate::connector::CdnOriginBuilder::ech). To
    /// use early data with an origin that speaks both versions of HTTP, set
    /// [`Alpn::Http1`](crate::tls::Alpn::Http1). A connector outside of `OriginProxy` sends none,
    /// since it does not see requests. [`handshakes`](CdnOriginConnector::handshakes) counts
    /// accepted and rejected early data. The TLS facts of each connection report it too.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, connector::Sessions, tls::Alpn};
    ///
    /// # let policy = cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32]));
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .alpn(Alpn::Http1)
    ///     .sessions(Sessions::default().early_data())
    /// #   .verify(policy)
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 8446 section 2.3]: https://www.rfc-editor.org/rfc/rfc8446#section-2.3
    /// [RFC 8446 section 8]: https://www.rfc-editor.org/rfc/rfc8446#section-8
    /// [RFC 8470]: https://www.rfc-editor.org/rfc/rfc8470
    pub fn early_data(mut self) -> Self {
        self.early_requests = EarlyRequests::Safe;
        self.called("Sessions::early_data")
    }

    /// Shares all TLS state with this connector: sessions, policy, identity and parameters.
    ///
    /// Use this for several connectors to one CDN. Otherwise, each of them verifies the same
    /// certificates. A [reload](CdnOriginConnector::reload) of one of them changes all of them.
    ///
    /// Connectors with different [expected
    /// names](crate::connector::CdnOriginBuilder::expected_name) share everything except sessions:
    /// a session relies on the name that was verified. For a connector to a plain `http` origin,
    /// the call has no effect. `build()` fails if only the other connector has such an origin.
    ///
    /// `build()` also fails if another TLS setting is set. To change one, start from
    /// [`to_builder`](CdnOriginConnector::to_builder), which returns a builder with the same TLS
    /// settings that shares nothing.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, connector::Sessions};
    ///
    /// # let policy = cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32]));
    /// let pages = CdnOriginConnector::builder("https://www.example.com")
    /// #   .verify(policy)
    ///     .build()?;
    /// let images = CdnOriginConnector::builder("https://images.example.com")
    ///     .sessions(Sessions::default().share_with(&pages))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn share_with(mut self, connector: &CdnOriginConnector) -> Self {
        let tls = connector.reloadable_tls().cloned();
        self.shared = Some(tls.map_or(SharedTls::None, SharedTls::Reloadable));
        self
    }

    /// The setters that were called, except [`share_with`](Self::share_with).
    pub(super) fn setters(&self) -> &[&'static str] {
        &self.setters
    }

    fn called(mut self, setter: &'static str) -> Self {
        if !self.setters.contains(&setter) {
            self.setters.push(setter);
        }
        self
    }
}

//! The layer: which peers are trusted, and which fields are written.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use tower_layer::Layer;

use crate::origin::Scheme;

use super::{
    Forwarded,
    field::{FieldSet, ForwardedField},
};

/// A layer that describes the client to the origin in `X-Forwarded-For` and similar fields.
///
/// See the [module](self::super) for what is written.
///
/// | call | default |
/// |---|---|
/// | [`trust`](Self::trust) | no peer is trusted |
/// | [`trust_host`](Self::trust_host) | the request's own Host |
/// | [`trust_port`](Self::trust_port) | the port of that Host |
/// | [`trusted_claims`](Self::trusted_claims) | [`TrustedClaims::Append`] |
/// | [`append_unverified`](Self::append_unverified) | chains of untrusted peers are replaced |
/// | [`fields`](Self::fields) | `X-Forwarded-For`, `-Host` and `-Proto`, `X-Real-IP` |
/// | [`max_chain`](Self::max_chain) | 1024 bytes |
/// | [`client_scheme`](Self::client_scheme) | `http` |
///
/// ```
/// use cdn_origin::forwarded::{ForwardedField, ForwardedLayer, IpNet};
///
/// let balancers: IpNet = "10.0.0.0/8".parse()?;
/// let layer = ForwardedLayer::new()
///     .trust([balancers])
///     .fields([ForwardedField::XForwardedFor, ForwardedField::XForwardedProto])
///     .max_chain(512);
/// # drop(layer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct ForwardedLayer {
    trusted: Arc<[IpNet]>,
    /// Which fields of trusted peers are used besides the chain and the scheme.
    pub(super) trusted_fields: FieldSet,
    pub(super) trusted_claims: TrustedClaims,
    pub(super) unverified: UnverifiedChain,
    pub(super) written: FieldSet,
    /// `None` if it was not set.
    max_chain: Option<usize>,
    pub(super) client_scheme: Scheme,
}

/// The default maximum length of `X-Forwarded-For` in bytes.
const DEFAULT_MAX_CHAIN: usize = 1024;

/// How the fields of a trusted peer are treated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum TrustedClaims {
    /// Keeps them, and appends the peer's own address to the chain.
    #[default]
    Append,
    /// Forwards them unchanged, and writes nothing. Fields that the peer did not send stay absent.
    ///
    /// `X-Forwarded-Host` and `-Port` are removed unless they are
    /// [trusted](ForwardedLayer::trust_host). `X-Real-IP` and `Forwarded` are forwarded: the peer
    /// must write or remove them itself.
    Pass,
}

/// How the chain of an untrusted peer is treated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum UnverifiedChain {
    Kept,
    Replaced,
}

impl ForwardedLayer {
    /// A layer that trusts no peer, and writes the default fields.
    pub fn new() -> Self {
        let written = [
            ForwardedField::XForwardedFor,
            ForwardedField::XForwardedHost,
            ForwardedField::XForwardedProto,
            ForwardedField::XRealIp,
        ];
        Self {
            trusted: Arc::default(),
            trusted_fields: FieldSet::default(),
            trusted_claims: TrustedClaims::default(),
            unverified: UnverifiedChain::Replaced,
            written: written.into_iter().collect(),
            max_chain: None,
            client_scheme: Scheme::Http,
        }
    }

    /// Trusts `X-Forwarded-For` and `X-Forwarded-Proto` of peers in these networks, in addition to
    /// earlier ones. Default: no peer is trusted.
    ///
    /// The peers must write both fields themselves, whatever their clients sent.
    ///
    /// Use IPv4 networks for IPv4 peers of a dual-stack socket.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    ///
    /// use cdn_origin::forwarded::{ForwardedLayer, IpNet};
    ///
    /// let network: IpNet = "2001:db8::/32".parse()?;
    /// let layer = ForwardedLayer::new()
    ///     .trust([network])
    ///     .trust([std::net::IpAddr::from(Ipv4Addr::LOCALHOST)]); // a single address
    /// # drop(layer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trust<I, N>(mut self, networks: I) -> Self
    where
        I: IntoIterator<Item = N>,
        N: Into<IpNet>,
    {
        let more = networks.into_iter().map(Into::into);
        self.trusted = self.trusted.iter().copied().chain(more).collect();
        self
    }

    /// Trusts `X-Forwarded-Host` of trusted peers too. Default: the request's own Host is used.
    ///
    /// It replaces the client's Host: the origin receives it, and redirects and cookies are
    /// rewritten to it.
    ///
    /// Only for peers that write or remove it, whatever their clients sent. Most load balancers and
    /// some CDNs do not. Then any client decides where redirects lead, and a cache serves these
    /// redirects to other clients.
    pub fn trust_host(mut self) -> Self {
        self.trusted_fields = self.trusted_fields.with(ForwardedField::XForwardedHost);
        self
    }

    /// Trusts `X-Forwarded-Port` of trusted peers too. Default: the port of the request's Host is
    /// used.
    ///
    /// Only for peers that write or remove it, as with [`trust_host`](Self::trust_host).
    pub fn trust_port(mut self) -> Self {
        self.trusted_fields = self.trusted_fields.with(ForwardedField::XForwardedPort);
        self
    }

    /// Sets how the fields of trusted peers are treated. Default: [`TrustedClaims::Append`].
    pub fn trusted_claims(mut self, claims: TrustedClaims) -> Self {
        self.trusted_claims = claims;
        self
    }

    /// Keeps `X-Forwarded-For` of untrusted peers, and appends their address. Default: it is
    /// replaced.
    ///
    /// This is nginx's `$proxy_add_x_forwarded_for` and HAProxy's `option forwardfor`. Only the
    /// last entry is reliable: an origin that reads the first one trusts what any client sends. The
    /// other fields are still replaced.
    pub fn append_unverified(mut self) -> Self {
        self.unverified = UnverifiedChain::Kept;
        self
    }

    /// Sets which fields are written. The others are removed.
    ///
    /// Default: `X-Forwarded-For`, `X-Forwarded-Host`, `X-Forwarded-Proto` and `X-Real-IP`.
    ///
    /// ```
    /// use cdn_origin::forwarded::{ForwardedField, ForwardedLayer};
    ///
    /// let standard = ForwardedLayer::new().fields([ForwardedField::Forwarded]);
    /// let none = ForwardedLayer::new().fields([]);
    /// # drop((standard, none));
    /// ```
    pub fn fields(mut self, fields: impl IntoIterator<Item = ForwardedField>) -> Self {
        self.written = fields.into_iter().collect();
        self
    }

    /// Sets the maximum length of `X-Forwarded-For` in bytes. Default: 1024.
    ///
    /// Entries that do not fit are dropped from the left. The peer's own entry is never dropped.
    ///
    /// Cloudflare [refuses more than 100 bytes] with its error 1000. For an origin behind
    /// Cloudflare, set 100: long chains lose the client's address, which `X-Real-IP` still has.
    /// [`OriginProxy`](crate::OriginProxy) sets it by itself if the dial target is a name of
    /// Cloudflare's.
    ///
    /// [refuses more than 100 bytes]: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1000/
    pub fn max_chain(mut self, bytes: usize) -> Self {
        self.max_chain = Some(bytes);
        self
    }

    /// Sets the maximum length unless [`max_chain`](Self::max_chain) did.
    pub(crate) fn max_chain_unless_set(mut self, bytes: usize) -> Self {
        self.max_chain.get_or_insert(bytes);
        self
    }

    pub(super) fn chain_limit(&self) -> usize {
        self.max_chain.unwrap_or(DEFAULT_MAX_CHAIN)
    }

    /// Sets the scheme of clients without a
    /// [`ClientConnection`](crate::downstream::ClientConnection). Default: `http`.
    ///
    /// Within [`OriginProxy`](crate::OriginProxy), the proxy's own
    /// [`client_scheme`](crate::OriginProxy::client_scheme) applies instead.
    pub fn client_scheme(mut self, scheme: Scheme) -> Self {
        self.client_scheme = scheme;
        self
    }

    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&peer))
    }
}

impl Default for ForwardedLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for ForwardedLayer {
    type Service = Forwarded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Forwarded::new(inner, self.clone())
    }
}

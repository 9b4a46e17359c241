//! The layer: whose claims are kept, and which fields are written.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use tower_layer::Layer;

use crate::origin::Scheme;

use super::{
    Forwarded,
    field::{FieldSet, ForwardedField},
};

/// Tells an origin who the client is. See the [module](self::super) for examples and for what is
/// written.
///
/// | call | default |
/// |---|---|
/// | [`trust`](Self::trust) | nobody |
/// | [`believe_host`](Self::believe_host), [`believe_port`](Self::believe_port) | Host and port are those of the request itself |
/// | [`trusted_claims`](Self::trusted_claims) | [`TrustedClaims::Append`] |
/// | [`append_unverified`](Self::append_unverified) | what others claim is replaced |
/// | [`fields`](Self::fields) | `X-Forwarded-For`, `-Host` and `-Proto`, `X-Real-IP` |
/// | [`longest_chain`](Self::longest_chain) | 1024 bytes |
/// | [`client_scheme`](Self::client_scheme) | `http` |
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct ForwardedLayer {
    trusted: Arc<[IpNet]>,
    /// What trusted peers claim beyond the chain and the scheme.
    pub(super) believed: FieldSet,
    pub(super) trusted_claims: TrustedClaims,
    pub(super) unverified: Unverified,
    pub(super) written: FieldSet,
    /// Absent as long as nobody has said it.
    longest_chain: Option<usize>,
    pub(super) client_scheme: Scheme,
}

/// What becomes of the claims of a trusted peer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum TrustedClaims {
    /// They are kept, and the peer's own address is appended to the chain.
    #[default]
    Append,
    /// They pass as they are, and nothing is written. What a trusted peer does not claim stays
    /// unsaid.
    ///
    /// `X-Forwarded-Host` and `-Port` are removed unless they are
    /// [believed](ForwardedLayer::believe_host). `X-Real-IP` and `Forwarded` pass: the peer has to
    /// write or to remove them itself.
    Pass,
}

/// What becomes of the chain of a peer that is not trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unverified {
    Kept,
    Replaced,
}

impl ForwardedLayer {
    /// Trusts nobody.
    pub fn new() -> Self {
        let written = [
            ForwardedField::XForwardedFor,
            ForwardedField::XForwardedHost,
            ForwardedField::XForwardedProto,
            ForwardedField::XRealIp,
        ];
        Self {
            trusted: Arc::default(),
            believed: FieldSet::default(),
            trusted_claims: TrustedClaims::default(),
            unverified: Unverified::Replaced,
            written: written.into_iter().collect(),
            longest_chain: None,
            client_scheme: Scheme::Http,
        }
    }

    /// Believes what peers of these networks, and of those that were given before, say in
    /// `X-Forwarded-For` and `X-Forwarded-Proto`. Single addresses are networks too.
    ///
    /// The peers have to write both themselves, whatever their clients sent.
    ///
    /// An IPv4 peer of a dual-stack socket is an IPv4 peer: write its network as IPv4.
    pub fn trust<N>(mut self, networks: N) -> Self
    where
        N: IntoIterator,
        N::Item: Into<IpNet>,
    {
        let more = networks.into_iter().map(Into::into);
        self.trusted = self.trusted.iter().copied().chain(more).collect();
        self
    }

    /// Believes `X-Forwarded-Host` of trusted peers too, and takes it for the client's Host: the
    /// origin is told it, and redirects and cookies get it.
    ///
    /// Only for peers that write or remove it, whatever their clients sent. Most balancers do not,
    /// nor do all CDNs, and then any client decides where redirects lead, for everybody where a
    /// cache keeps them.
    pub fn believe_host(mut self) -> Self {
        self.believed = self.believed.with(ForwardedField::XForwardedHost);
        self
    }

    /// Believes `X-Forwarded-Port` of trusted peers too. Only for peers that write or remove it, as
    /// for [`believe_host`](Self::believe_host).
    pub fn believe_port(mut self) -> Self {
        self.believed = self.believed.with(ForwardedField::XForwardedPort);
        self
    }

    /// What becomes of the claims of trusted peers.
    pub fn trusted_claims(mut self, claims: TrustedClaims) -> Self {
        self.trusted_claims = claims;
        self
    }

    /// Keeps what peers that are not trusted claim in `X-Forwarded-For`, and appends their address:
    /// nginx's `$proxy_add_x_forwarded_for`, HAProxy's `option forwardfor`.
    ///
    /// Only the last entry is then true. An origin that reads the first one believes whatever a
    /// client sends. The other fields are replaced all the same.
    pub fn append_unverified(mut self) -> Self {
        self.unverified = Unverified::Kept;
        self
    }

    /// Which fields are written, instead of the default ones. The others are removed.
    ///
    /// ```
    /// use cdn_origin::forwarded::{ForwardedField, ForwardedLayer};
    ///
    /// let standard = ForwardedLayer::new().fields([ForwardedField::Forwarded]);
    /// let silent = ForwardedLayer::new().fields([]);
    /// ```
    pub fn fields(mut self, fields: impl IntoIterator<Item = ForwardedField>) -> Self {
        self.written = fields.into_iter().collect();
        self
    }

    /// How many bytes `X-Forwarded-For` may have. Entries that do not fit are dropped from the
    /// left, and the peer's own never is.
    ///
    /// Cloudflare [refuses more than 100] with its error 1000. For an origin behind it that means
    /// 100, at the price of chains that may lose the client; `X-Real-IP` still names it.
    /// [`OriginProxy`](crate::OriginProxy) sees to it by itself where the origin is dialled by a
    /// name of Cloudflare's.
    ///
    /// [refuses more than 100]: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1000/
    pub fn longest_chain(mut self, bytes: usize) -> Self {
        self.longest_chain = Some(bytes);
        self
    }

    /// The same, where nobody has said how long the chain may be.
    pub(crate) fn longest_chain_unless_set(mut self, bytes: usize) -> Self {
        self.longest_chain.get_or_insert(bytes);
        self
    }

    pub(super) fn chain_limit(&self) -> usize {
        self.longest_chain.unwrap_or(1024)
    }

    /// What clients speak, where no [`ClientConnection`](crate::downstream::ClientConnection) says
    /// so. [`OriginProxy`](crate::OriginProxy) has a setting of its own, which counts there.
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

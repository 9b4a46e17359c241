//! `ForwardedLayer`: which peers are trusted, and which fields are written.
//!
//! `replace_fields.rs` applies it to a request.

use http::HeaderMap;
use ipnet::IpNet;

use crate::{downstream::Downstream, origin::Scheme};

use super::{
    field::ForwardedField,
    find_fields::ForwardedFields,
    replace_fields::{ForwardedRules, Replaced, TrustedClaims, UntrustedChain},
};

/// A layer that describes the client to the origin in `X-Forwarded-For` and similar fields.
///
/// The [module](self::super) describes the fields.
///
/// | call | default |
/// |---|---|
/// | [`trust`](Self::trust) | no peer is trusted |
/// | [`trust_host`](Self::trust_host) | the request's own Host |
/// | [`trust_port`](Self::trust_port) | the port of that Host |
/// | [`pass_trusted`](Self::pass_trusted) | the address of a trusted peer is appended |
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
    pub(super) rules: ForwardedRules,
}

impl ForwardedLayer {
    /// Creates a layer that trusts no peer and writes the default fields.
    pub fn new() -> Self {
        Self {
            rules: ForwardedRules::default(),
        }
    }

    /// Trusts `X-Forwarded-For` and `X-Forwarded-Proto` of peers in these networks.
    ///
    /// By default, no peer is trusted. Further calls add networks.
    ///
    /// The peers must write both fields on every request, even if their clients sent them. `ws` and
    /// `wss` count as `http` and `https`.
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
        let trusted = self.rules.trusted.iter().copied();
        self.rules.trusted = trusted.chain(more).collect();
        self
    }

    /// Trusts `X-Forwarded-Host` of trusted peers too.
    ///
    /// By default, the request's own Host is used.
    ///
    /// The field replaces the client's Host: the origin receives it, and redirects and cookies are
    /// rewritten to it.
    ///
    /// Call this only if the trusted peers always write or remove the field. Most load balancers
    /// and some CDNs pass on what their clients sent. Then any client decides where redirects lead,
    /// and a cache serves these redirects to other clients.
    ///
    /// ```
    /// use cdn_origin::{ForwardedLayer, forwarded::IpNet};
    ///
    /// // Our own edge writes X-Forwarded-Host into every request.
    /// let edge: IpNet = "198.51.100.0/24".parse()?;
    /// let layer = ForwardedLayer::new().trust([edge]).trust_host();
    /// # drop(layer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trust_host(mut self) -> Self {
        self.rules.trusted_fields = self
            .rules
            .trusted_fields
            .with(ForwardedField::XForwardedHost);
        self
    }

    /// Trusts `X-Forwarded-Port` of trusted peers too.
    ///
    /// By default, the port of the request's Host is used.
    ///
    /// Call this only if the trusted peers always write or remove the field, as with
    /// [`trust_host`](Self::trust_host).
    pub fn trust_port(mut self) -> Self {
        self.rules.trusted_fields = self
            .rules
            .trusted_fields
            .with(ForwardedField::XForwardedPort);
        self
    }

    /// Forwards the fields of trusted peers unchanged, and writes none for them.
    ///
    /// By default, the fields are kept, and the peer's own address is appended to the chain.
    ///
    /// Fields that the peer did not send stay absent. `X-Forwarded-Host` and `-Port` are removed
    /// unless they are trusted ([`trust_host`](Self::trust_host),
    /// [`trust_port`](Self::trust_port)). `X-Real-IP` and `Forwarded` are forwarded: the peer must
    /// write or remove them itself.
    ///
    /// ```
    /// use cdn_origin::{ForwardedLayer, forwarded::IpNet};
    ///
    /// let load_balancer: IpNet = "10.0.0.0/8".parse()?;
    /// let layer = ForwardedLayer::new().trust([load_balancer]).pass_trusted();
    /// # drop(layer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pass_trusted(mut self) -> Self {
        self.rules.trusted_claims = TrustedClaims::Pass;
        self
    }

    /// Keeps `X-Forwarded-For` of untrusted peers, and appends their address.
    ///
    /// By default, the field is replaced.
    ///
    /// This is nginx's `$proxy_add_x_forwarded_for` and HAProxy's `option forwardfor`. Only the
    /// last entry is reliable: an origin that reads the first one trusts what any client sends. The
    /// other fields are still replaced.
    ///
    /// ```
    /// use cdn_origin::ForwardedLayer;
    ///
    /// // X-Forwarded-For: <whatever the client sent>, <the client's address>
    /// let layer = ForwardedLayer::new().append_unverified();
    /// # drop(layer);
    /// ```
    pub fn append_unverified(mut self) -> Self {
        self.rules.untrusted_chain = UntrustedChain::Kept;
        self
    }

    /// Sets which fields are written. All others are removed.
    ///
    /// The default is `X-Forwarded-For`, `X-Forwarded-Host`, `X-Forwarded-Proto` and `X-Real-IP`.
    ///
    /// ```
    /// use cdn_origin::forwarded::{ForwardedField, ForwardedLayer};
    ///
    /// let standard = ForwardedLayer::new().fields([ForwardedField::Forwarded]);
    /// let none = ForwardedLayer::new().fields([]);
    /// # drop((standard, none));
    /// ```
    pub fn fields(mut self, fields: impl IntoIterator<Item = ForwardedField>) -> Self {
        self.rules.written = fields.into_iter().collect();
        self
    }

    /// Whether the client's scheme is written into `X-Forwarded-Proto`.
    pub(crate) fn sends_scheme(&self) -> bool {
        self.rules.written.contains(ForwardedField::XForwardedProto)
    }

    /// Sets the maximum length of `X-Forwarded-For`, in bytes.
    ///
    /// The default is 1024. Entries that do not fit are dropped from the left. The peer's own entry
    /// is never dropped.
    ///
    /// Cloudflare [refuses more than 100 bytes] with its error 1000. For an origin behind
    /// Cloudflare, set 100. Long chains then lose the client's address, but `X-Real-IP` has it.
    /// [`OriginProxy`](crate::OriginProxy) does this itself if the dial target is a Cloudflare
    /// name.
    ///
    #[doc = concat!(
        "[refuses more than 100 bytes]: https://developers.cloudflare.com/support/troubleshooting/",
        "http-status-codes/cloudflare-1xxx-errors/error-1000/"
    )]
    ///
    /// ```
    /// use cdn_origin::ForwardedLayer;
    ///
    /// let layer = ForwardedLayer::new().max_chain(100);
    /// # drop(layer);
    /// ```
    pub fn max_chain(mut self, bytes: usize) -> Self {
        self.rules.max_chain = Some(bytes);
        self
    }

    /// Sets the maximum length unless [`max_chain`](Self::max_chain) did.
    pub(crate) fn max_chain_unless_set(mut self, bytes: usize) -> Self {
        self.rules.max_chain.get_or_insert(bytes);
        self
    }

    /// Sets the scheme of clients whose connection is not known.
    ///
    /// The default is `http`. A [`ClientConnection`](crate::downstream::ClientConnection) in the
    /// request's extensions makes the connection known.
    ///
    /// Set `https` if a load balancer in front terminates TLS. The `X-Forwarded-Proto` of a trusted
    /// peer takes precedence. An [`OriginProxy`](crate::OriginProxy) rewrites redirects to this
    /// scheme too, whether the field is written or not.
    ///
    /// ```
    /// use cdn_origin::{ForwardedLayer, origin::Scheme};
    ///
    /// let layer = ForwardedLayer::new().client_scheme(Scheme::Https);
    /// # drop(layer);
    /// ```
    pub fn client_scheme(mut self, scheme: Scheme) -> Self {
        self.rules.client_scheme = Some(scheme);
        self
    }

    /// The scheme of clients whose connection is not known.
    pub(crate) fn scheme(&self) -> Scheme {
        self.rules.client_scheme.unwrap_or(Scheme::Http)
    }

    /// The scheme that was set.
    pub(crate) fn configured_scheme(&self) -> Option<Scheme> {
        self.rules.client_scheme
    }

    /// Writes the fields into a request head.
    ///
    /// Takes what is known of the client's connection. Returns the client behind a trusted peer, or
    /// else the peer itself.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, peer: Downstream) -> Downstream {
        let replaced = self.replace(headers, ForwardedFields::of(headers), peer);
        headers.extend(replaced.lines.fields());
        replaced.downstream
    }

    /// Removes the fields that are replaced from a request head. `present` are those that it has.
    pub(crate) fn replace(
        &self,
        headers: &mut HeaderMap,
        present: ForwardedFields,
        peer: Downstream,
    ) -> Replaced {
        self.rules.replace(headers, present, peer)
    }
}

impl Default for ForwardedLayer {
    fn default() -> Self {
        Self::new()
    }
}

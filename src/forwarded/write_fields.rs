//! Finds the client of a request, and writes the forwarded fields. Pure.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::{downstream::Downstream, name::HostAuthority, origin::Scheme};

use super::{
    chain,
    field::{FieldSet, ForwardedField},
    find_fields::{Aliases, ForwardedFields, remove_aliases},
    values,
};

/// What a [`ForwardedLayer`](super::ForwardedLayer) does with each request.
#[derive(Clone, Debug)]
pub(super) struct ForwardedRules {
    /// The networks of trusted peers.
    pub(super) trusted: Arc<[IpNet]>,
    /// Which fields of trusted peers are used besides the chain and the scheme.
    pub(super) trusted_fields: FieldSet,
    pub(super) trusted_claims: TrustedClaims,
    pub(super) unverified: UnverifiedChain,
    pub(super) written: FieldSet,
    /// `None` if it was not set.
    pub(super) max_chain: Option<usize>,
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
    /// [trusted](super::ForwardedLayer::trust_host). `X-Real-IP` and `Forwarded` are forwarded:
    /// the peer must write or remove them itself.
    Pass,
}

/// How the chain of an untrusted peer is treated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum UnverifiedChain {
    Kept,
    Replaced,
}

/// What is known of one request, for the values of its fields.
struct ForwardedValues<'a> {
    peer: Option<IpAddr>,
    /// The chain that the peer sent, the nearest entry first.
    earlier: Vec<String>,
    downstream: &'a Downstream,
    /// The port that a trusted peer sent.
    port: Option<u16>,
}

impl Default for ForwardedRules {
    fn default() -> Self {
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
}

impl ForwardedRules {
    /// Writes the fields into a request head.
    ///
    /// Takes what is known of the client's connection. Returns the client behind a trusted peer, or
    /// else the peer itself.
    pub(super) fn apply(&self, headers: &mut HeaderMap, peer: Downstream) -> Downstream {
        let present = ForwardedFields::of(headers);
        if present.aliases == Aliases::Present {
            remove_aliases(headers);
        }
        match peer.address.filter(|address| self.trusts(*address)) {
            Some(address) => self.apply_trusted(headers, present, peer, address),
            None => {
                self.apply_untrusted(headers, present, &peer);
                peer
            }
        }
    }

    fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&peer))
    }

    fn chain_limit(&self) -> usize {
        self.max_chain.unwrap_or(DEFAULT_MAX_CHAIN)
    }

    /// Replaces the fields of an untrusted peer.
    fn apply_untrusted(
        &self,
        headers: &mut HeaderMap,
        present: ForwardedFields,
        peer: &Downstream,
    ) {
        let earlier = match (peer.address, self.unverified) {
            (Some(address), UnverifiedChain::Kept) => self.earlier(headers, address),
            _ => Vec::new(),
        };
        let values = ForwardedValues {
            peer: peer.address,
            earlier,
            downstream: peer,
            port: None,
        };
        self.write(headers, present, &values);
    }

    /// Reads the client from the fields of a trusted peer, and extends or keeps them.
    fn apply_trusted(
        &self,
        headers: &mut HeaderMap,
        present: ForwardedFields,
        peer: Downstream,
        address: IpAddr,
    ) -> Downstream {
        let scheme = sent_scheme(headers);
        let downstream = Downstream {
            address: self.client_behind(headers, address),
            scheme: scheme.unwrap_or(peer.scheme),
            is_scheme_known: scheme.is_some() || peer.is_scheme_known,
            host: self.trusted_host(headers).or(peer.host),
            target: peer.target,
        };
        match self.trusted_claims {
            TrustedClaims::Append => {
                let values = ForwardedValues {
                    peer: Some(address),
                    earlier: self.earlier(headers, address),
                    downstream: &downstream,
                    port: self.trusted_port(headers),
                };
                self.write(headers, present, &values);
            }
            TrustedClaims::Pass => self.remove_untrusted_fields(headers, present),
        }
        downstream
    }

    /// Removes the fields that a trusted peer may have forwarded from its own client.
    fn remove_untrusted_fields(&self, headers: &mut HeaderMap, present: ForwardedFields) {
        for field in [
            ForwardedField::XForwardedHost,
            ForwardedField::XForwardedPort,
        ] {
            if present.fields.contains(field) && !self.trusted_fields.contains(field) {
                headers.remove(field.name());
            }
        }
    }

    fn trusted_host(&self, headers: &HeaderMap) -> Option<HostAuthority> {
        self.trusted_value(headers, ForwardedField::XForwardedHost)?
            .parse()
            .ok()
    }

    fn trusted_port(&self, headers: &HeaderMap) -> Option<u16> {
        let value = self.trusted_value(headers, ForwardedField::XForwardedPort)?;
        let has_only_digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let port = value.parse().ok()?;
        (has_only_digits && port != 0).then_some(port)
    }

    fn trusted_value<'a>(&self, headers: &'a HeaderMap, field: ForwardedField) -> Option<&'a str> {
        match self.trusted_fields.contains(field) {
            true => single_value(headers, field),
            false => None,
        }
    }

    /// The rightmost address that is not trusted, or the leftmost address if all are. `None` if
    /// that entry is not an address.
    fn client_behind(&self, headers: &HeaderMap, peer: IpAddr) -> Option<IpAddr> {
        let mut client = Some(peer);
        for entry in chain::entries(headers) {
            client = entry.and_then(|node| node.address);
            if !client.is_some_and(|address| self.trusts(address)) {
                break;
            }
        }
        client
    }

    /// The entries to forward, such that the peer's own fits behind them.
    fn earlier(&self, headers: &HeaderMap, peer: IpAddr) -> Vec<String> {
        let own = values::AddressText::new(peer).as_bytes().len();
        chain::forwarded_entries(headers, self.chain_limit().saturating_sub(own))
    }

    /// Writes the configured fields, and removes the others.
    fn write(
        &self,
        headers: &mut HeaderMap,
        present: ForwardedFields,
        values: &ForwardedValues<'_>,
    ) {
        for field in ForwardedField::ALL {
            let is_written = self.written.contains(field);
            if let Some(value) = is_written.then(|| values.get(field)).flatten() {
                headers.insert(field.name(), value);
            } else if present.fields.contains(field) {
                headers.remove(field.name());
            }
        }
    }
}

impl ForwardedValues<'_> {
    /// The value of a field. `None` if it is unknown.
    fn get(&self, field: ForwardedField) -> Option<HeaderValue> {
        let Downstream {
            address,
            scheme,
            host,
            ..
        } = self.downstream;
        match field {
            ForwardedField::Forwarded => {
                values::forwarded(&self.earlier, self.peer, self.downstream)
            }
            ForwardedField::XForwardedFor => values::chain(&self.earlier, self.peer?),
            ForwardedField::XForwardedHost => host.as_ref().map(HostAuthority::to_header_value),
            ForwardedField::XForwardedPort => {
                let of_host = || host.as_ref().and_then(HostAuthority::port);
                let port = self.port.or_else(of_host);
                Some(port.unwrap_or_else(|| scheme.default_port()).into())
            }
            ForwardedField::XForwardedProto => Some(HeaderValue::from_static(scheme.as_str())),
            ForwardedField::XRealIp => values::address((*address)?),
        }
    }
}

/// The scheme in `X-Forwarded-Proto`.
fn sent_scheme(headers: &HeaderMap) -> Option<Scheme> {
    let value = single_value(headers, ForwardedField::XForwardedProto)?;
    let schemes = [Scheme::Http, Scheme::Https];
    schemes
        .into_iter()
        .find(|scheme| scheme.as_str().eq_ignore_ascii_case(value))
}

/// The value of a field with exactly one line.
fn single_value(headers: &HeaderMap, field: ForwardedField) -> Option<&str> {
    let mut lines = headers.get_all(field.name()).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().ok().map(str::trim),
        _ => None,
    }
}

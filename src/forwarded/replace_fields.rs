//! Replaces the forwarded fields of a request: drops those of an untrusted peer, and finds the
//! client behind a trusted one. Pure.

use std::{net::IpAddr, sync::Arc};

use http::HeaderMap;
use ipnet::IpNet;

use crate::{downstream::Downstream, field_lines::FieldLines, name::HostAuthority, origin::Scheme};

use super::{
    field::{FieldSet, ForwardedField},
    find_fields::{Aliases, ForwardedFields, remove_aliases},
    format_values::{self, AddressText},
    parse_chain,
};

/// What a [`ForwardedLayer`](super::ForwardedLayer) does with each request.
#[derive(Clone, Debug)]
pub(super) struct ForwardedRules {
    /// The networks of trusted peers.
    pub(super) trusted: Arc<[IpNet]>,
    /// Which fields of trusted peers are used besides the chain and the scheme.
    pub(super) trusted_fields: FieldSet,
    pub(super) trusted_claims: TrustedClaims,
    pub(super) untrusted_chain: UntrustedChain,
    pub(super) written: FieldSet,
    /// `None` if it was not set.
    pub(super) max_chain: Option<usize>,
    /// `None` if it was not set.
    pub(super) client_scheme: Option<Scheme>,
}

/// The default maximum length of `X-Forwarded-For` in bytes.
const DEFAULT_MAX_CHAIN: usize = 1024;

/// How the fields of a trusted peer are treated.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum TrustedClaims {
    /// They are kept, and the peer's own address is appended to the chain.
    #[default]
    Append,
    /// They are forwarded unchanged, and nothing is written.
    Pass,
}

/// How the chain of an untrusted peer is treated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum UntrustedChain {
    Kept,
    Replaced,
}

/// The outcome for one request.
pub(crate) struct Replaced {
    /// The client behind a trusted peer, or else the peer itself.
    pub(crate) downstream: Downstream,
    /// The fields to add to the head. It has none of them any longer.
    pub(crate) lines: FieldLines,
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
            untrusted_chain: UntrustedChain::Replaced,
            written: written.into_iter().collect(),
            max_chain: None,
            client_scheme: None,
        }
    }
}

impl ForwardedRules {
    /// Removes the fields that are replaced from a request head.
    pub(super) fn replace(
        &self,
        headers: &mut HeaderMap,
        present: ForwardedFields,
        peer: Downstream,
    ) -> Replaced {
        if present.aliases == Aliases::Present {
            remove_aliases(headers);
        }
        match peer.address.filter(|address| self.trusts(*address)) {
            Some(address) => self.replace_trusted(headers, present, peer, address),
            None => Replaced {
                lines: self.replace_untrusted(headers, present, &peer),
                downstream: peer,
            },
        }
    }

    fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&peer))
    }

    fn chain_limit(&self) -> usize {
        self.max_chain.unwrap_or(DEFAULT_MAX_CHAIN)
    }

    /// Replaces the fields of an untrusted peer.
    fn replace_untrusted(
        &self,
        headers: &mut HeaderMap,
        present: ForwardedFields,
        peer: &Downstream,
    ) -> FieldLines {
        let earlier = match (peer.address, self.untrusted_chain) {
            (Some(address), UntrustedChain::Kept) => self.earlier(headers, address),
            _ => Vec::new(),
        };
        let values = ForwardedValues {
            peer: peer.address,
            earlier,
            downstream: peer,
            port: None,
        };
        self.remove_and_write(headers, present, &values)
    }

    /// Reads the client from the fields of a trusted peer, and extends or keeps them.
    fn replace_trusted(
        &self,
        headers: &mut HeaderMap,
        present: ForwardedFields,
        peer: Downstream,
        address: IpAddr,
    ) -> Replaced {
        let scheme = sent_scheme(headers);
        let downstream = Downstream {
            address: self.client_behind(headers, address),
            scheme: scheme.unwrap_or(peer.scheme),
            is_scheme_known: scheme.is_some() || peer.is_scheme_known,
            host: self.trusted_host(headers).or(peer.host),
            target: peer.target,
        };
        let lines = match self.trusted_claims {
            TrustedClaims::Append => {
                let values = ForwardedValues {
                    peer: Some(address),
                    earlier: self.earlier(headers, address),
                    downstream: &downstream,
                    port: self.trusted_port(headers),
                };
                self.remove_and_write(headers, present, &values)
            }
            TrustedClaims::Pass => {
                self.remove_fields_not_taken(headers, present);
                FieldLines::default()
            }
        };
        Replaced { downstream, lines }
    }

    /// Removes the fields that are not taken from a trusted peer: its client may have sent them.
    fn remove_fields_not_taken(&self, headers: &mut HeaderMap, present: ForwardedFields) {
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
        for entry in parse_chain::entries(headers) {
            client = entry.and_then(|node| node.address);
            if !client.is_some_and(|address| self.trusts(address)) {
                break;
            }
        }
        client
    }

    /// The entries to forward, such that the peer's own fits behind them.
    fn earlier(&self, headers: &HeaderMap, peer: IpAddr) -> Vec<String> {
        let own = AddressText::new(peer).as_bytes().len();
        parse_chain::forwarded_entries(headers, self.chain_limit().saturating_sub(own))
    }

    /// Removes all forwarded fields from the head, and returns the configured ones.
    fn remove_and_write(
        &self,
        headers: &mut HeaderMap,
        present: ForwardedFields,
        values: &ForwardedValues<'_>,
    ) -> FieldLines {
        let mut lines = FieldLines::default();
        for field in ForwardedField::ALL {
            if present.fields.contains(field) {
                headers.remove(field.name());
            }
            if self.written.contains(field) {
                values.write(field, &mut lines);
            }
        }
        lines
    }
}

impl ForwardedValues<'_> {
    /// Adds a field, unless its value is unknown.
    fn write(&self, field: ForwardedField, lines: &mut FieldLines) {
        let Downstream {
            address,
            scheme,
            host,
            ..
        } = self.downstream;
        let mut push = |value: &[u8]| lines.push(field.name_of_line(), value);
        match (field, self.peer, address, host) {
            (ForwardedField::Forwarded, peer, ..) => {
                push(format_values::forwarded(&self.earlier, peer, self.downstream).as_bytes());
            }
            (ForwardedField::XForwardedFor, Some(peer), ..) if self.earlier.is_empty() => {
                push(AddressText::new(peer).as_bytes());
            }
            (ForwardedField::XForwardedFor, Some(peer), ..) => {
                push(&format_values::x_forwarded_for(&self.earlier, peer));
            }
            (ForwardedField::XForwardedHost, _, _, Some(host)) => push(host.as_str().as_bytes()),
            (ForwardedField::XForwardedPort, ..) => {
                let of_host = || host.as_ref().and_then(HostAuthority::port);
                let port = self.port.or_else(of_host);
                let port = port.unwrap_or_else(|| scheme.default_port());
                push(port.to_string().as_bytes());
            }
            (ForwardedField::XForwardedProto, ..) => push(scheme.as_str().as_bytes()),
            (ForwardedField::XRealIp, _, Some(address), _) => {
                push(AddressText::new(*address).as_bytes());
            }
            (
                ForwardedField::XForwardedFor
                | ForwardedField::XForwardedHost
                | ForwardedField::XRealIp,
                ..,
            ) => {}
        }
    }
}

/// The scheme in `X-Forwarded-Proto`. Traefik sends `ws` and `wss` for WebSockets, which are HTTP
/// (RFC 6455 section 3).
fn sent_scheme(headers: &HeaderMap) -> Option<Scheme> {
    const SCHEMES: [(&str, Scheme); 4] = [
        ("http", Scheme::Http),
        ("https", Scheme::Https),
        ("ws", Scheme::Http),
        ("wss", Scheme::Https),
    ];
    let value = single_value(headers, ForwardedField::XForwardedProto)?;
    let mut schemes = SCHEMES.into_iter();
    let found = schemes.find(|(name, _)| name.eq_ignore_ascii_case(value));
    found.map(|(_, scheme)| scheme)
}

/// The value of a field with exactly one line.
fn single_value(headers: &HeaderMap, field: ForwardedField) -> Option<&str> {
    let mut lines = headers.get_all(field.name()).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().ok().map(str::trim),
        _ => None,
    }
}

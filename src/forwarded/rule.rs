//! The pure rule: who the client is, and what is written about it.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};

use crate::{downstream::Downstream, name::HostAuthority, origin::Scheme};

use super::{
    ForwardedField, ForwardedLayer, TrustedClaims, chain,
    claims::{Claims, Twins, remove_twins},
    layer::Unverified,
    values,
};

/// What one request's fields are made of.
struct Account<'a> {
    /// Who opened the connection.
    peer: Option<IpAddr>,
    /// What the chain said before, the nearest first.
    earlier: Vec<String>,
    downstream: &'a Downstream,
    port: Option<u16>,
}

impl ForwardedLayer {
    /// Writes who the client is into a request head. Takes what is known of the connection, and
    /// returns the client that a trusted peer speaks for, or else the same.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, peer: Downstream) -> Downstream {
        let claims = Claims::of(headers);
        if claims.twins == Twins::Present {
            remove_twins(headers);
        }
        let Some(trusted) = peer.address.filter(|address| self.trusts(*address)) else {
            let earlier = match (peer.address, self.unverified) {
                (Some(address), Unverified::Kept) => self.earlier(headers, address),
                _ => Vec::new(),
            };
            let account = Account {
                peer: peer.address,
                earlier,
                downstream: &peer,
                port: None,
            };
            self.write(headers, claims, &account);
            return peer;
        };
        let scheme = claimed_scheme(headers);
        let downstream = Downstream {
            address: self.downstream_behind(headers, trusted),
            scheme: scheme.unwrap_or(peer.scheme),
            is_told: scheme.is_some() || peer.is_told,
            host: self.claimed_host(headers).or(peer.host),
            target: peer.target,
        };
        match self.trusted_claims {
            TrustedClaims::Append => {
                let account = Account {
                    peer: Some(trusted),
                    earlier: self.earlier(headers, trusted),
                    downstream: &downstream,
                    port: self.claimed_port(headers),
                };
                self.write(headers, claims, &account);
            }
            TrustedClaims::Pass => self.remove_unbelieved(headers, claims),
        }
        downstream
    }

    /// Removes what a trusted peer may have been handed by its client.
    fn remove_unbelieved(&self, headers: &mut HeaderMap, claims: Claims) {
        for field in [
            ForwardedField::XForwardedHost,
            ForwardedField::XForwardedPort,
        ] {
            if claims.fields.contains(field) && !self.believed.contains(field) {
                headers.remove(field.name());
            }
        }
    }

    fn claimed_host(&self, headers: &HeaderMap) -> Option<HostAuthority> {
        self.believed(headers, ForwardedField::XForwardedHost)?
            .parse()
            .ok()
    }

    fn claimed_port(&self, headers: &HeaderMap) -> Option<u16> {
        let claimed = self.believed(headers, ForwardedField::XForwardedPort)?;
        let digits = claimed.bytes().all(|byte| byte.is_ascii_digit());
        let port = claimed.parse().ok()?;
        (digits && port != 0).then_some(port)
    }

    fn believed<'a>(&self, headers: &'a HeaderMap, field: ForwardedField) -> Option<&'a str> {
        match self.believed.contains(field) {
            true => only(headers, field),
            false => None,
        }
    }

    /// The rightmost address that is not trusted, or the leftmost of all. Unknown if what stands
    /// there is no address.
    fn downstream_behind(&self, headers: &HeaderMap, peer: IpAddr) -> Option<IpAddr> {
        let mut downstream = Some(peer);
        for entry in chain::entries(headers) {
            downstream = entry.and_then(|node| node.address);
            if !downstream.is_some_and(|address| self.trusts(address)) {
                break;
            }
        }
        downstream
    }

    fn earlier(&self, headers: &HeaderMap, peer: IpAddr) -> Vec<String> {
        let own = values::AddressText::new(peer).as_bytes().len();
        chain::kept(headers, self.chain_limit().saturating_sub(own))
    }

    /// Replaces what is written, and removes what is claimed and not written.
    fn write(&self, headers: &mut HeaderMap, claims: Claims, account: &Account<'_>) {
        for field in ForwardedField::ALL {
            let written = self.written.contains(field);
            if let Some(value) = written.then(|| account.value(field)).flatten() {
                headers.insert(field.name(), value);
            } else if claims.fields.contains(field) {
                headers.remove(field.name());
            }
        }
    }
}

impl Account<'_> {
    /// What a field says; `None` if that is not known.
    fn value(&self, field: ForwardedField) -> Option<HeaderValue> {
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

fn claimed_scheme(headers: &HeaderMap) -> Option<Scheme> {
    let claimed = only(headers, ForwardedField::XForwardedProto)?;
    let schemes = [Scheme::Http, Scheme::Https];
    schemes
        .into_iter()
        .find(|scheme| scheme.as_str().eq_ignore_ascii_case(claimed))
}

/// The value of a field that has one line.
fn only(headers: &HeaderMap, field: ForwardedField) -> Option<&str> {
    let mut lines = headers.get_all(field.name()).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().ok().map(str::trim),
        _ => None,
    }
}

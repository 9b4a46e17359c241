//! What is known of the edge that an origin names.

use crate::{
    edge::{EdgeProfile, edge_of_host, profile_of},
    name::{DnsName, Host},
    origin::Origin,
};

/// Whether one of the origin's names is that of an edge with public certificates.
pub(super) fn is_known_edge(origin: &Origin) -> bool {
    edge_names(origin).any(|name| edge_of_host(name).is_some()) && !is_http_only(origin)
}

/// Whether the origin is an endpoint that does not support TLS.
pub(super) fn is_http_only(origin: &Origin) -> bool {
    let profiles = edge_names(origin).filter_map(|name| profile_of(edge_of_host(name)?));
    let mut profiles = profiles.map(EdgeProfile::is_http_only);
    profiles.any(|is_http_only| is_http_only)
}

/// The names that decide which edge answers.
fn edge_names(origin: &Origin) -> impl Iterator<Item = &DnsName> {
    let dialled = origin.dial().host().and_then(Host::dns);
    let url = origin.url().host().dns();
    [dialled, url, origin.sni().name()].into_iter().flatten()
}

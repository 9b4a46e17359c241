//! A cluster, what its fields have said so far, and the draft that it becomes.
//!
//! Fields of a cluster are read in the order of the text, and several of them decide together:
//!
//! | SNI | from |
//! |---|---|
//! | `auto_sni`, and a Host that the route fixes | that Host |
//! | `auto_sni`, and the client's Host | not possible, as connections are shared: a warning |
//! | `auto_host_sni` | the endpoint's name |
//! | `sni` | its value |
//! | none of them | the endpoint's name. Envoy sends none: a warning |
//!
//! | verification | from |
//! |---|---|
//! | `trusted_ca`, or system roots | those roots |
//! | pins alone | the pins |
//! | neither | the system's roots. Envoy verifies nothing: a warning |

use std::{net::IpAddr, time::Duration};

use http::uri::Authority;
use serde_json::json;

use crate::import::{
    draft::{Draft, HostChoice, OriginDraft, SharedSettings, SniChoice, VerifyChoice},
    group_calls::GroupCalls,
    has_settings::HasSettings,
    note::{ImportNote, Outcome},
    origin_url::{in_brackets, origin_url},
    settings::{SettingValue, Settings, duration, time_text},
    values,
};

use super::message::{FieldRow, NoteSink};

/// A row about a cluster, its endpoints, TLS or protocols.
pub(super) type ClusterRow = FieldRow<Cluster>;

/// A cluster. Settings that depend on several fields are made in [`finish`](Self::finish).
#[derive(Clone, Debug, Default)]
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) line: usize,
    /// What its fields weigh for the limit, and what its endpoints do.
    pub(super) weights: [usize; 2],
    pub(super) shared: SharedSettings,
    pub(super) group: GroupCalls,
    pub(super) endpoints: Vec<EndpointLine>,
    /// The line of the TLS context.
    ///
    /// `None` for plain HTTP.
    pub(super) tls_line: Option<usize>,
    /// The line of `transport_socket_matches`, if one of them is not plain HTTP.
    pub(super) matched_tls_line: Option<usize>,
    pub(super) names: TlsNames,
    /// Whether roots are named that certificates are verified with.
    ///
    /// Also if they cannot be imported, so that no warning says they are missing.
    pub(super) has_roots: bool,
    /// The only protocol, with the line of its field.
    pub(super) protocol: Option<(usize, OnlyProtocol)>,
    /// Whether `lb_policy` chooses endpoints by a key of the request.
    pub(super) is_hashed: bool,
    /// Whether addresses come from names, which endpoints then have for their Host.
    pub(super) has_names: bool,
    pub(super) dns_refresh: Option<Duration>,
    pub(super) respects_ttl: bool,
    /// Idle time and interval in seconds, and the number of probes.
    ///
    /// In the order of their fields' rows.
    pub(super) keepalive: [Option<u32>; 3],
    /// Which conditions of `outlier_detection` eject endpoints.
    ///
    /// In the order of their fields' rows.
    pub(super) enforced: [bool; 3],
    pub(super) notes: Vec<ImportNote>,
}

/// An endpoint of `load_assignment`.
///
/// One element of `lb_endpoints`.
#[derive(Clone, Debug, Default)]
pub(super) struct EndpointLine {
    pub(super) line: usize,
    pub(super) address: String,
    pub(super) port: Option<u16>,
    pub(super) pipe: Option<String>,
    /// The name for Host and SNI, where it differs from the address that is dialled.
    pub(super) hostname: Option<String>,
    pub(super) weight: Option<u32>,
    pub(super) is_backup: bool,
}

/// Fields that take names from elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsNames {
    /// The line of `auto_sni`.
    ///
    /// That field takes the SNI from the request's Host.
    pub(super) sni_from_host: Option<usize>,
    /// Whether `auto_host_sni` is set.
    pub(super) sni_from_endpoint: bool,
    /// Whether the name in the certificate is checked.
    pub(super) is_checked: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum OnlyProtocol {
    Http1,
    Http2,
}

/// The Host that a route sends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum RouteHost {
    /// The client's.
    #[default]
    Client,
    /// The name of the endpoint.
    Endpoint,
    Literal(String),
    /// The client's: the text has no route.
    ///
    /// As `Client`, with another warning.
    Unknown,
}

impl NoteSink for Cluster {
    fn note(&mut self, line: usize, field: &str, outcome: Outcome) {
        self.notes.push(ImportNote::new(line, field, outcome));
    }
}

impl HasSettings for Cluster {
    fn settings(&mut self) -> &mut Settings {
        &mut self.shared.settings
    }
}

impl Cluster {
    /// Whether the endpoints are reached by TLS.
    fn is_tls(&self) -> bool {
        self.tls_line.is_some()
    }

    /// The draft with this Host, once all fields are read.
    ///
    /// Can be called once: it takes the endpoints.
    pub(super) fn finish(&mut self, host: &RouteHost) -> Draft {
        self.settle_dns();
        // Some endpoints are reached by TLS: plain HTTP to all would be read on the way.
        self.tls_line = self.tls_line.or(self.matched_tls_line);
        self.settle_protocol();
        if let Some(line) = self.tls_line {
            self.settle_tls(line, host);
        }
        self.warn_of_host(host);
        let endpoints = std::mem::take(&mut self.endpoints);
        let servers = endpoints.iter().filter_map(|it| self.server(it, host));
        let servers: Vec<_> = servers.collect();
        Draft {
            section: format!("cluster {}", self.name),
            line: self.line,
            servers,
            group_calls: std::mem::take(&mut self.group).into_calls(),
            ..Draft::default()
        }
    }

    /// Envoy's own rate replaces the time to live, unless `respect_dns_ttl` is set.
    fn settle_dns(&mut self) {
        let Some(time) = self.dns_refresh else {
            return;
        };
        let value = match self.respects_ttl {
            true => SettingValue::both(
                json!({ "without_ttl": time_text(time) }),
                format!("DnsCache::default().without_ttl({})", duration(time)),
            ),
            false => values::fixed_ttl(time),
        };
        // The time was checked when its field was read.
        self.set("dns.cache", value, "");
    }

    /// A cluster with `http2_protocol_options` speaks HTTP/2 only, in Envoy as here.
    fn settle_protocol(&mut self) {
        let Some((line, protocol)) = self.protocol else {
            return;
        };
        match (self.is_tls(), protocol) {
            (true, OnlyProtocol::Http1) => drop(self.set("alpn", values::http1(), "")),
            (true, OnlyProtocol::Http2) => drop(self.set("alpn", values::http2(), "")),
            (false, OnlyProtocol::Http1) => {}
            (false, OnlyProtocol::Http2) => {
                let outcome = Outcome::refused("HTTP/2 is spoken over TLS only");
                self.note(line, "http2_protocol_options", outcome);
            }
        }
    }

    /// An expected name that equals the SNI is left out, since it follows.
    fn settle_tls(&mut self, line: usize, host: &RouteHost) {
        self.settle_sni(line, host);
        let tls = &mut self.shared.tls;
        tls.is_on = true;
        if let SniChoice::Name(name) = &tls.sni {
            // The expected name follows the SNI.
            tls.expected_name.take_if(|expected| expected == name);
        }
        let has_pins = !tls.key_pins.is_empty() || !tls.certificate_pins.is_empty();
        match (tls.verify, self.has_roots, has_pins) {
            (VerifyChoice::Off, _, _) => {}
            (_, true, _) if !self.names.is_checked => self.warn(
                line,
                "match_typed_subject_alt_names",
                "without this field, Envoy accepts a certificate of any name. The import expects \
                 the SNI",
            ),
            (_, true, _) => {}
            (_, false, true) => tls.verify = VerifyChoice::Pins,
            (_, false, false) => self.warn(
                line,
                "validation_context",
                "without `trusted_ca` in it, Envoy accepts any certificate. The import verifies \
                 it with the system's roots",
            ),
        }
    }

    fn settle_sni(&mut self, line: usize, host: &RouteHost) {
        if let Some(line) = self.names.sni_from_host {
            if let RouteHost::Literal(name) = host {
                let authority = name.parse::<Authority>().ok();
                let name = authority.as_ref().map_or(name.as_str(), Authority::host);
                // An address is not sent in SNI.
                let is_address = name.starts_with('[') || name.parse::<IpAddr>().is_ok();
                if !is_address {
                    self.shared.tls.sni = SniChoice::Name(name.to_owned());
                }
                return;
            }
            self.warn(
                line,
                "auto_sni",
                "the SNI would be the client's Host; that of a connector is fixed, because \
                 connections are shared. The import sends `sni`, or the endpoint's name. For a \
                 name of each client's, see `VirtualHosts`",
            );
        } else if self.names.sni_from_endpoint {
            self.shared.tls.sni = SniChoice::Url;
        } else if self.shared.tls.sni == SniChoice::Url {
            self.warn(
                line,
                "sni",
                "without this field, Envoy sends no SNI, and a CDN cannot choose a certificate. \
                 The import sends the endpoint's name, if it has one",
            );
        }
    }

    /// Only for names: an origin that is reached by its address may serve any Host.
    fn warn_of_host(&mut self, host: &RouteHost) {
        let is_name = |endpoint: &EndpointLine| {
            endpoint.pipe.is_none() && endpoint.address.parse::<IpAddr>().is_err()
        };
        let has_name = self.endpoints.iter().any(is_name);
        match host {
            RouteHost::Client if has_name => self.warn(
                self.line,
                "host_rewrite_literal",
                "without this field, the client's Host is passed, and an edge that does not serve \
                 that name refuses the request",
            ),
            RouteHost::Unknown if has_name => self.warn(
                self.line,
                "host_rewrite_literal",
                "no route of this cluster is in the text: the import passes the client's Host, as \
                 Envoy does by default. An edge that does not serve that name refuses the request",
            ),
            _ => {}
        }
    }

    fn warn(&mut self, line: usize, field: &str, text: &'static str) {
        self.note(line, field, Outcome::warning(text));
    }

    /// `None` for an endpoint without a port.
    fn server(&mut self, endpoint: &EndpointLine, host: &RouteHost) -> Option<OriginDraft> {
        let (title, url, dial) = match &endpoint.pipe {
            Some(path) => {
                let host = endpoint.hostname.as_deref().unwrap_or("localhost");
                let url = origin_url(self.is_tls(), host, None);
                (path.clone(), url, Some(format!("unix:{path}")))
            }
            None => self.tcp_address(endpoint)?,
        };
        let mut server = OriginDraft::new(&self.shared, title, endpoint.line, url);
        server.dial = dial;
        server.weight = endpoint.weight;
        server.is_backup = endpoint.is_backup;
        server.host = self.host_of(endpoint, host);
        Some(server)
    }

    /// Title, URL, and what is dialled if that is not the URL's authority.
    fn tcp_address(&mut self, endpoint: &EndpointLine) -> Option<(String, String, Option<String>)> {
        let Some(port) = endpoint.port else {
            let outcome = Outcome::refused("the endpoint has no `port_value`");
            self.note(endpoint.line, "lb_endpoints", outcome);
            return None;
        };
        if port == 443 && !self.is_tls() {
            self.warn(
                endpoint.line,
                "transport_socket",
                "without this field, plain HTTP is sent to a port of TLS: an edge answers 400",
            );
        }
        let address = in_brackets(&endpoint.address);
        let title = format!("{address}:{port}");
        let name = endpoint.hostname.as_deref();
        let other_name = name.filter(|name| *name != endpoint.address);
        let dial = other_name.map(|_| title.clone());
        let host = other_name.map_or(address, in_brackets);
        Some((title, origin_url(self.is_tls(), &host, Some(port)), dial))
    }

    fn host_of(&mut self, endpoint: &EndpointLine, host: &RouteHost) -> HostChoice {
        match (host, &endpoint.hostname) {
            (RouteHost::Client | RouteHost::Unknown, _) => HostChoice::Preserve,
            (RouteHost::Literal(name), _) | (RouteHost::Endpoint, Some(name)) => {
                HostChoice::Fixed(name.clone())
            }
            (RouteHost::Endpoint, None) if self.is_nameless(endpoint) => {
                self.warn(
                    endpoint.line,
                    "endpoint.hostname",
                    "without this field, an address has no name for `auto_host_rewrite`: Envoy \
                     passes the client's Host, and so does the import",
                );
                HostChoice::Preserve
            }
            (RouteHost::Endpoint, None) => HostChoice::Fixed(in_brackets(&endpoint.address)),
        }
    }

    /// Whether Envoy knows the endpoint by its address alone.
    fn is_nameless(&self, endpoint: &EndpointLine) -> bool {
        let is_address = endpoint.address.parse::<IpAddr>().is_ok();
        endpoint.pipe.is_some() || (is_address && !self.has_names)
    }
}

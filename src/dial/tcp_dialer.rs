//! `TcpDialer`: resolves, races the connects, and returns the first TCP stream.

use std::{future::Future, io, net::SocketAddr, sync::Arc};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tracing::Instrument;

use crate::{
    error::{CurrentStage, Facts, Stage},
    name::{DnsName, Host, HostPort},
};

use super::{
    DialFailure, DnsCacheStore, EgressGuard, Families, HappyEyeballs, KnownAddresses, Lookup,
    ResolveError, Resolved, SocketOptions, WaitFor,
    egress_guard::{GuardDecision, Prohibited},
    race::{AddressOrder, AttemptEnd, Candidate, History, LookupOutcome, Race},
    record_facts,
    resolve::{CLIENT_RESPONSE_TIMER, DnsAnswer, Freshness, MAX_LOOKUP_AGE},
    sockets,
};

/// Dials TCP targets. Clones share the DNS cache and the address history.
#[derive(Clone, Debug)]
pub(crate) struct TcpDialer(Arc<DialerState>);

#[derive(Debug)]
struct DialerState {
    settings: TcpSettings,
    cache: DnsCacheStore,
    history: History,
}

/// The TCP settings of the builder.
#[derive(Clone, Debug, Default)]
pub(crate) struct TcpSettings {
    pub(crate) happy_eyeballs: HappyEyeballs,
    pub(crate) options: SocketOptions,
    pub(crate) guard: Option<EgressGuard>,
}

impl TcpSettings {
    /// Whether a chosen address family has a local address.
    pub(crate) fn has_common_family(&self) -> bool {
        let (chosen, local) = (
            self.happy_eyeballs.allowed_families(),
            self.options.families(),
        );
        chosen == local || chosen == Families::Both || local == Families::Both
    }
}

impl TcpDialer {
    pub(crate) fn new(settings: TcpSettings, cache: DnsCacheStore) -> Self {
        Self(Arc::new(DialerState {
            settings,
            cache,
            history: History::default(),
        }))
    }

    /// The addresses of the dialled name, from the cache or look-ups.
    pub(super) async fn addresses(
        &self,
        target: &HostPort,
        wait: WaitFor,
    ) -> Result<KnownAddresses, ResolveError> {
        let Host::Dns(name) = target.host() else {
            return Err(ResolveError::not_found("no name is looked up"));
        };
        let dialer = &*self.0;
        let all = dialer.lookup_families(dialer.families());
        let freshness = Freshness::Cached {
            stale_after: match wait {
                WaitFor::AllFamilies => MAX_LOOKUP_AGE,
                #[cfg(feature = "reqwest")]
                WaitFor::FirstFamily => CLIENT_RESPONSE_TIMER,
            },
        };
        let look_up = |families: &Families| {
            let (families, lookup) = (*families, lookup(name, target, *families));
            let answer = dialer.cache.clone().resolve(lookup, freshness);
            async move {
                let answer = timeout(MAX_LOOKUP_AGE, answer).await;
                let late = |_| Err(ResolveError::failed("the look-up took too long"));
                (families, answer.unwrap_or_else(late))
            }
        };
        let mut lookups: FuturesUnordered<_> = all.iter().map(look_up).collect();
        let mut known = KnownAddresses::unanswered(all);
        loop {
            let next = lookups.next();
            let outcome = match wait {
                #[cfg(feature = "reqwest")]
                WaitFor::FirstFamily if !known.addresses.is_empty() => {
                    let delay = dialer.settings.happy_eyeballs.resolution_delay;
                    timeout(delay, next).await.ok().flatten()
                }
                _ => next.await,
            };
            let Some((families, outcome)) = outcome else {
                return known.found();
            };
            if let Some(missing) = outcome.as_ref().ok().and_then(DnsAnswer::unanswered) {
                lookups.push(look_up(&missing));
            }
            known.add(families, outcome);
        }
    }

    /// Notes that an address has accepted a connection, and has then failed.
    pub(super) fn note_failed(&self, address: SocketAddr) {
        self.0.history.failed(address, Instant::now());
    }

    /// Connects by `deadline` and records `facts`.
    pub(super) async fn dial(
        &self,
        target: &HostPort,
        known: Option<SocketAddr>,
        deadline: Instant,
        (current, facts): (&CurrentStage, &mut Facts),
    ) -> Result<TcpStream, DialFailure> {
        let dialer = &*self.0;
        if let Some(guard) = &dialer.settings.guard
            && guard.check_name(target.host()) == GuardDecision::Prohibited
        {
            return Err(DialFailure::prohibited(Stage::Resolve));
        }
        let began = Instant::now();
        let mut race = Race::new(dialer.settings.happy_eyeballs);
        let left = deadline.saturating_duration_since(began);
        let freshness = Freshness::Cached {
            stale_after: CLIENT_RESPONSE_TIMER.min(left / 2),
        };
        match known {
            Some(address) => dialer.add_address(&mut race, address),
            None => dialer.add_lookups(&mut race, target, freshness),
        }
        let outcome = timeout_at(deadline, dialer.run(&mut race, target, current)).await;
        let now = Instant::now();
        if let (Host::Dns(_), None) = (target.host(), known) {
            record_facts::write_resolutions(&race, began, now, facts);
        }
        record_facts::write_attempts(&race, began, now, facts);
        record_facts::write_history(&race, now, &dialer.history);
        match outcome {
            Ok(Some(stream)) => Ok(stream),
            Ok(None) => Err(failure(&race)),
            Err(_elapsed) => Err(DialFailure::timed_out(stage(&race))),
        }
    }
}

impl DialerState {
    async fn run<'a>(
        &'a self,
        race: &mut Race<'a, TcpStream>,
        target: &'a HostPort,
        current: &'a CurrentStage,
    ) -> Option<TcpStream> {
        let connect = |address| {
            current.enter(Stage::Dial);
            self.connect(target.host(), address)
        };
        let exhausted = |race: &mut Race<'a, TcpStream>| self.look_up_again(race, target);
        race.run(connect, exhausted).await
    }

    /// Adds the look-ups after all known addresses were tried. The race skips those already tried.
    fn look_up_again<'a>(&'a self, race: &mut Race<'a, TcpStream>, target: &'a HostPort) {
        let answers = race.answers().iter();
        let answers = answers.filter_map(|(_, answer)| answer.as_ref().ok());
        let may_refresh = answers.clone().any(|answer| answer.may_refresh);
        let unanswered = answers.clone().find_map(DnsAnswer::unanswered);
        if may_refresh {
            // The name may have new addresses.
            self.add_lookups(race, target, Freshness::Refreshed);
        }
        if let (Some(families), Host::Dns(name)) = (unanswered, target.host()) {
            let freshness = Freshness::Cached {
                stale_after: MAX_LOOKUP_AGE,
            };
            race.add_lookup(families, self.look_up(name, target, families, freshness));
        }
    }

    fn add_lookups<'a>(
        &'a self,
        race: &mut Race<'a, TcpStream>,
        target: &'a HostPort,
        freshness: Freshness,
    ) {
        match target.host() {
            Host::Ip(ip) => {
                let address = SocketAddr::new(*ip, target.port().unwrap_or_default());
                self.add_address(race, address);
            }
            Host::Dns(name) => {
                for families in self.lookup_families(self.families()) {
                    let lookup = self.look_up(name, target, families, freshness);
                    race.add_lookup(families, lookup);
                }
            }
        }
    }

    /// Adds an address that needs no look-up.
    fn add_address<'a>(&'a self, race: &mut Race<'a, TcpStream>, address: SocketAddr) {
        let families = self.families();
        race.add_lookup(families, async move {
            self.with_candidates(literal(address, families), families)
        });
    }

    fn look_up<'a>(
        &'a self,
        name: &DnsName,
        target: &HostPort,
        families: Families,
        freshness: Freshness,
    ) -> impl Future<Output = LookupOutcome> + Send + use<'a> {
        let lookup = lookup(name, target, families);
        let span = tracing::debug_span!(target: "cdn_origin::spans", "resolve");
        async move {
            let answer = self.cache.clone().resolve(lookup, freshness);
            self.with_candidates(answer.instrument(span).await, families)
        }
    }

    /// The chosen address families that have a local address.
    fn families(&self) -> Families {
        let TcpSettings {
            happy_eyeballs,
            options,
            ..
        } = &self.settings;
        let chosen = happy_eyeballs.allowed_families();
        match options.families() {
            Families::Both => chosen,
            // `build()` fails if the two have no family in common.
            local => local,
        }
    }

    fn lookup_families(&self, families: Families) -> Vec<Families> {
        match families == Families::Both && self.cache.splits_families() {
            true => vec![Families::V6, Families::V4],
            false => vec![families],
        }
    }

    fn with_candidates(
        &self,
        answer: Result<DnsAnswer, ResolveError>,
        families: Families,
    ) -> LookupOutcome {
        let addresses = answer.as_ref().map(|answer| &answer.resolved.addresses[..]);
        let addresses = addresses.unwrap_or_default();
        let now = Instant::now();
        // An answer for both families has been sorted. A single address needs no order.
        let is_sorted = !self.cache.splits_families() || addresses.len() == 1;
        let is_sorted = is_sorted && families == self.families();
        let order = |address: SocketAddr| match is_sorted {
            true => AddressOrder::Resolver {
                is_first_family: address.is_ipv6() == addresses[0].is_ipv6(),
            },
            false => AddressOrder::Rfc6724(sockets::local_address(address, &self.settings.options)),
        };
        let candidate = |address: &SocketAddr| Candidate {
            address: *address,
            order: order(*address),
            past: self.history.past(*address, now),
        };
        LookupOutcome {
            candidates: addresses.iter().map(candidate).collect(),
            answer,
        }
    }

    /// Checks the address with the guard and connects immediately.
    fn connect<'a>(
        &'a self,
        host: &'a Host,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send + use<'a> {
        let TcpSettings { options, guard, .. } = &self.settings;
        async move {
            if let Some(guard) = guard
                && guard.check_address(host, address) == GuardDecision::Prohibited
            {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, Prohibited));
            }
            let span = tracing::debug_span!(
                target: "cdn_origin::spans",
                "dial",
                network.peer.address = %address.ip(),
                network.peer.port = address.port(),
            );
            sockets::connect(address, options).instrument(span).await
        }
    }
}

fn lookup(name: &DnsName, target: &HostPort, families: Families) -> Lookup {
    let port = target.port().unwrap_or_default();
    Lookup::new(name.clone(), target.is_absolute(), port, families)
}

/// The answer for an IP address, which needs no look-up.
fn literal(address: SocketAddr, families: Families) -> Result<DnsAnswer, ResolveError> {
    match families.include(address.ip()) {
        true => {
            let resolved = Resolved::new([address]);
            Ok(DnsAnswer::fresh(Arc::new(resolved)))
        }
        false => Err(ResolveError::not_found(
            "the dial target is an address of a family that is not dialled",
        )),
    }
}

/// Why the race had no winner.
fn failure(race: &Race<'_, TcpStream>) -> DialFailure {
    let attempts = race.attempts();
    let errors = attempts.iter().filter_map(|attempt| match &attempt.ended {
        Some((_, AttemptEnd::Failed(error))) => Some(error),
        Some((_, AttemptEnd::Connected)) | None => None,
    });
    let of_sockets = errors.filter(|error| !record_facts::is_prohibited(error));
    match of_sockets.max_by_key(|error| weight(error)) {
        Some(error) => DialFailure::connecting(copy_of(error).into()),
        None if !attempts.is_empty() => DialFailure::prohibited(Stage::Dial),
        None => DialFailure::resolving(unresolved(race)),
    }
}

/// The most significant look-up error. A failed query is more significant than "not found".
fn unresolved(race: &Race<'_, TcpStream>) -> ResolveError {
    let errors = race.answers().iter();
    let errors = errors.filter_map(|(_, answer)| answer.as_ref().err());
    let telling = errors.min_by_key(|error| error.is_not_found());
    let nothing = || ResolveError::not_found("no address was found");
    telling.cloned().unwrap_or_else(nothing)
}

/// The stage that was running when the deadline passed.
fn stage(race: &Race<'_, TcpStream>) -> Stage {
    match race
        .attempts()
        .iter()
        .any(|attempt| attempt.ended.is_none())
    {
        true => Stage::Dial,
        false => Stage::Resolve,
    }
}

/// A copy of the error. The original stays with its attempt.
fn copy_of(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// How much a failure says about the origin. A missing route says nothing.
fn weight(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => 3,
        io::ErrorKind::TimedOut => 2,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => 0,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_route_does_not_hide_the_error_of_the_other_family() {
        let weigh = |kind: io::ErrorKind| weight(&kind.into());
        assert!(weigh(io::ErrorKind::ConnectionRefused) > weigh(io::ErrorKind::TimedOut));
        assert!(weigh(io::ErrorKind::TimedOut) > weigh(io::ErrorKind::NetworkUnreachable));
    }
}

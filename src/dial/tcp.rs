//! TCP: look-ups and connects that race, within one deadline.

use std::{future::Future, io, net::SocketAddr, sync::Arc};

use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};

use crate::{
    error::{Facts, Stage},
    name::{DnsName, Host, HostPort},
};

use super::{
    Book, DialFailure, EgressGuard, Families, HappyEyeballs, Lookup, Questions, ResolveError,
    Resolved, SocketOptions,
    guard::{Prohibited, Verdict},
    log,
    race::{Candidate, Ended, History, Race, Told},
    resolve::{Answer, Freshness},
    sockets,
};

/// Everything that a TCP connection needs, except where it leads to. Clones share what was learnt.
#[derive(Clone, Debug)]
pub(crate) struct TcpDialer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: TcpSettings,
    book: Book,
    history: History,
}

/// What the builder says about TCP.
#[derive(Clone, Debug, Default)]
pub(crate) struct TcpSettings {
    pub(crate) happy_eyeballs: HappyEyeballs,
    pub(crate) options: SocketOptions,
    pub(crate) guard: Option<EgressGuard>,
}

impl TcpSettings {
    /// Whether the local addresses leave any of the families that were chosen.
    pub(crate) fn has_a_family(&self) -> bool {
        let (chosen, local) = (
            self.happy_eyeballs.allowed_families(),
            self.options.families(),
        );
        chosen == local || chosen == Families::Both || local == Families::Both
    }
}

impl TcpDialer {
    pub(crate) fn new(settings: TcpSettings, book: Book) -> Self {
        Self(Arc::new(Shared {
            settings,
            book,
            history: History::default(),
        }))
    }

    /// The addresses that the dialled name has now, as its last answer says while that holds.
    /// Nothing where no name is dialled, or where its addresses are not known: name servers fail,
    /// or tell none.
    pub(super) async fn addresses(&self, target: &HostPort) -> Option<Vec<SocketAddr>> {
        let Host::Dns(name) = target.host() else {
            return None;
        };
        let dialer = &*self.0;
        let mut addresses = Vec::new();
        for families in dialer.questions(dialer.families()) {
            let lookup = lookup(name, target, families);
            match dialer.book.clone().ask(lookup, Freshness::Kept).await {
                Ok(answer) if !answer.stale => addresses.extend(&answer.resolved.addresses),
                Err(error) if error.is_not_found() => {}
                Ok(_) | Err(_) => return None,
            }
        }
        (!addresses.is_empty()).then_some(addresses)
    }

    /// Connects by `deadline` and adds to `facts` what it sees.
    pub(super) async fn dial(
        &self,
        target: &HostPort,
        known: Option<SocketAddr>,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<TcpStream, DialFailure> {
        let dialer = &*self.0;
        if let Some(guard) = &dialer.settings.guard
            && guard.judge_name(target.host()) == Verdict::Prohibited
        {
            return Err(DialFailure::prohibited(Stage::Resolve));
        }
        let began = Instant::now();
        let mut race = Race::new(dialer.settings.happy_eyeballs);
        let outcome = timeout_at(deadline, dialer.run(&mut race, target, known)).await;
        let now = Instant::now();
        if let (Host::Dns(_), None) = (target.host(), known) {
            log::write_resolutions(&race, began, now, facts);
        }
        log::write_attempts(&race, began, now, facts);
        log::write_history(&race, now, &dialer.history);
        match outcome {
            Ok(Some(stream)) => Ok(stream),
            Ok(None) => Err(failure(&race)),
            Err(_elapsed) => Err(DialFailure::timed_out(stage(&race))),
        }
    }
}

impl Shared {
    async fn run<'a>(
        &'a self,
        race: &mut Race<'a, TcpStream>,
        target: &'a HostPort,
        known: Option<SocketAddr>,
    ) -> Option<TcpStream> {
        match known {
            Some(address) => self.take(race, address),
            None => self.ask(race, target, Freshness::Kept),
        }
        let connect = |address| self.connect(target.host(), address);
        let ask_again = |race: &mut Race<'a, TcpStream>| {
            let may_be = |answer: &Answer| answer.may_be_asked_again;
            let mut answers = race.answers().iter();
            if answers.any(|(_, answer)| answer.as_ref().is_ok_and(may_be)) {
                // The name may have moved since. Addresses that were tried already are not tried
                // again.
                self.ask(race, target, Freshness::Asked);
            }
        };
        race.run(connect, ask_again).await
    }

    fn ask<'a>(
        &'a self,
        race: &mut Race<'a, TcpStream>,
        target: &'a HostPort,
        freshness: Freshness,
    ) {
        match target.host() {
            Host::Ip(ip) => {
                let address = SocketAddr::new(*ip, target.port().unwrap_or_default());
                self.take(race, address);
            }
            Host::Dns(name) => {
                for families in self.questions(self.families()) {
                    let lookup = self.look_up(name, target, families, freshness);
                    race.ask(families, lookup);
                }
            }
        }
    }

    /// Nobody is asked for this address.
    fn take<'a>(&'a self, race: &mut Race<'a, TcpStream>, address: SocketAddr) {
        let families = self.families();
        race.ask(families, async move {
            self.told(literal(address, families), families)
        });
    }

    fn look_up<'a>(
        &'a self,
        name: &DnsName,
        target: &HostPort,
        families: Families,
        freshness: Freshness,
    ) -> impl Future<Output = Told> + Send + use<'a> {
        let lookup = lookup(name, target, families);
        async move { self.told(self.book.clone().ask(lookup, freshness).await, families) }
    }

    /// The families that are of use: those that were chosen and have a local address.
    fn families(&self) -> Families {
        let TcpSettings {
            happy_eyeballs,
            options,
            ..
        } = &self.settings;
        let chosen = happy_eyeballs.allowed_families();
        match options.families() {
            Families::Both => chosen,
            // `build()` has refused what leaves nothing.
            local => local,
        }
    }

    fn questions(&self, families: Families) -> Vec<Families> {
        match (families, self.book.questions()) {
            (Families::Both, Questions::ByFamily) => vec![Families::V6, Families::V4],
            (families, _) => vec![families],
        }
    }

    fn told(&self, answer: Result<Answer, ResolveError>, families: Families) -> Told {
        let addresses = answer.as_ref().map(|answer| &answer.resolved.addresses[..]);
        let addresses = addresses.unwrap_or_default();
        let now = Instant::now();
        // One alone has no order, and the system need not be asked for its route.
        let is_alone = addresses.len() == 1 && families == self.families();
        let local = |address| match is_alone {
            true => None,
            false => sockets::local_address(address, &self.settings.options),
        };
        let candidate = |address: &SocketAddr| Candidate {
            address: *address,
            local: local(*address),
            past: self.history.past(*address, now),
        };
        Told {
            candidates: addresses.iter().map(candidate).collect(),
            answer,
        }
    }

    /// Judges the address and connects to it. Nothing stands between the two.
    fn connect<'a>(
        &'a self,
        host: &'a Host,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send + use<'a> {
        let TcpSettings { options, guard, .. } = &self.settings;
        async move {
            if let Some(guard) = guard
                && guard.judge(host, address) == Verdict::Prohibited
            {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, Prohibited));
            }
            sockets::connect(address, options).await
        }
    }
}

fn lookup(name: &DnsName, target: &HostPort, families: Families) -> Lookup {
    let port = target.port().unwrap_or_default();
    Lookup::new(name.clone(), target.is_absolute(), port, families)
}

/// What a look-up would tell of an address that stands for itself.
fn literal(address: SocketAddr, families: Families) -> Result<Answer, ResolveError> {
    match families.include(address.ip()) {
        true => {
            let resolved = Resolved::new([address]);
            Ok(Answer::just_told(Arc::new(resolved)))
        }
        false => Err(ResolveError::not_found(
            "the dial target is an address of a family that is not dialled",
        )),
    }
}

/// Why nothing came of a race.
fn failure(race: &Race<'_, TcpStream>) -> DialFailure {
    let runners = race.runners();
    let errors = runners.iter().filter_map(|runner| match &runner.ended {
        Some((_, Ended::Failed(error))) => Some(error),
        Some((_, Ended::Connected)) | None => None,
    });
    let of_sockets = errors.filter(|error| !log::is_prohibited(error));
    match of_sockets.max_by_key(|error| weight(error)) {
        Some(telling) => DialFailure::connecting(again(telling).into()),
        None if !runners.is_empty() => DialFailure::prohibited(Stage::Dial),
        None => DialFailure::resolving(unresolved(race)),
    }
}

/// The failed look-up that tells most: one that nobody could answer may have hidden addresses.
fn unresolved(race: &Race<'_, TcpStream>) -> ResolveError {
    let errors = race.answers().iter();
    let errors = errors.filter_map(|(_, answer)| answer.as_ref().err());
    let telling = errors.min_by_key(|error| error.is_not_found());
    let nothing = || ResolveError::not_found("no address was told");
    telling.cloned().unwrap_or_else(nothing)
}

/// What was being waited for when the deadline passed.
fn stage(race: &Race<'_, TcpStream>) -> Stage {
    match race.runners().iter().any(|runner| runner.ended.is_none()) {
        true => Stage::Dial,
        false => Stage::Resolve,
    }
}

/// The error once more: one stays with its attempt.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// How much a failure tells about the origin. An address family without a route tells nothing.
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
    fn a_family_without_a_route_does_not_hide_what_the_other_said() {
        let weigh = |kind: io::ErrorKind| weight(&kind.into());
        assert!(weigh(io::ErrorKind::ConnectionRefused) > weigh(io::ErrorKind::TimedOut));
        assert!(weigh(io::ErrorKind::TimedOut) > weigh(io::ErrorKind::NetworkUnreachable));
    }
}

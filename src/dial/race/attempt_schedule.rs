//! Which address is tried next, and when: the families alternate, each attempt after a delay.
//!
//! Pure: time and events are parameters, the next step is the result.

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use tokio::time::Instant;

use super::{Candidate, HappyEyeballs, IpFamilies, rank_addresses};
use crate::dial::resolve::Families;

/// The next step of a race.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ScheduleStep {
    /// Try this address.
    Start(SocketAddr),
    /// Wait until something happens, or until this time.
    Wait(Option<Instant>),
    /// All known addresses were tried, and the last attempt delay has passed.
    ///
    /// Returned once per race. More look-ups may start.
    Exhausted,
    /// No address and no running attempt or look-up is left.
    Over,
}

/// The untried addresses of a race, and when the next attempt may start.
#[derive(Debug)]
pub(super) struct Schedule {
    settings: HappyEyeballs,
    waiting: Vec<Candidate>,
    known: HashSet<SocketAddr>,
    /// The running look-ups.
    open: Vec<Families>,
    running: usize,
    /// The end of the attempt delay.
    next_at: Option<Instant>,
    /// The end of the resolution delay.
    held_until: Option<Instant>,
    lead: Option<Lead>,
    exhausted: bool,
}

/// The family of the last address, and how many more of it come before one of the other.
#[derive(Clone, Copy, Debug)]
struct Lead {
    v6: bool,
    more: usize,
}

impl Schedule {
    pub(super) fn new(settings: HappyEyeballs) -> Self {
        Self {
            settings,
            waiting: Vec::new(),
            known: HashSet::new(),
            open: Vec::new(),
            running: 0,
            next_at: None,
            held_until: None,
            lead: None,
            exhausted: false,
        }
    }

    pub(super) fn attempt_delay(&self) -> Duration {
        self.settings.attempt_delay
    }

    /// Notes that a look-up has started.
    pub(super) fn lookup_started(&mut self, families: Families) {
        self.open.push(families);
    }

    /// Notes that a look-up has ended with these addresses.
    pub(super) fn lookup_ended(&mut self, families: Families, found: Vec<Candidate>, now: Instant) {
        if let Some(at) = self.open.iter().position(|open| *open == families) {
            self.open.swap_remove(at);
        }
        for candidate in found {
            if self.known.insert(candidate.address) {
                self.waiting.push(candidate);
            }
        }
        rank_addresses::sort(&mut self.waiting);
        self.held_until = match self.awaits_preferred_family() {
            // Section 3: the first answer was not the preferred one.
            true => self
                .held_until
                .or(Some(now + self.settings.resolution_delay)),
            false => None,
        };
    }

    /// Notes that an attempt has failed.
    pub(super) fn attempt_failed(&mut self, now: Instant) {
        self.running -= 1;
        // Section 5: the next attempt starts at once.
        self.next_at = Some(now);
    }

    /// The next step.
    pub(super) fn step(&mut self, now: Instant) -> ScheduleStep {
        if self.waiting.is_empty() {
            return self.idle(now);
        }
        let earliest = self.held_until.max(self.next_at);
        if let Some(earliest) = earliest.filter(|earliest| now < *earliest) {
            return ScheduleStep::Wait(Some(earliest));
        }
        let address = self.take_next();
        self.held_until = None;
        self.running += 1;
        self.next_at = Some(now + self.settings.attempt_delay);
        ScheduleStep::Start(address)
    }

    /// The next step without an untried address.
    fn idle(&mut self, now: Instant) -> ScheduleStep {
        let over = self.running == 0 && self.open.is_empty();
        match (over, self.exhausted, self.next_at) {
            (true, true, _) => ScheduleStep::Over,
            (false, true, _) | (false, false, None) => ScheduleStep::Wait(None),
            (false, false, Some(at)) if now < at => ScheduleStep::Wait(Some(at)),
            (_, false, _) => {
                self.exhausted = true;
                ScheduleStep::Exhausted
            }
        }
    }

    /// Whether no attempt has started and the look-up of the preferred family is running.
    fn awaits_preferred_family(&self) -> bool {
        let preferred = match self.settings.families {
            IpFamilies::PreferV4 | IpFamilies::OnlyV4 => Families::V4,
            IpFamilies::Any | IpFamilies::PreferV6 | IpFamilies::OnlyV6 => Families::V6,
        };
        self.lead.is_none() && !self.waiting.is_empty() && self.open.contains(&preferred)
    }

    /// Section 4: the families alternate, after `first_family_count` of the first.
    fn take_next(&mut self) -> SocketAddr {
        let (v6, more) = match self.lead {
            None => (self.first_family(), self.settings.first_family_count - 1),
            Some(Lead { v6, more: 0 }) => (!v6, 0),
            Some(Lead { v6, more }) => (v6, more - 1),
        };
        let of_family = |candidate: &Candidate| candidate.address.is_ipv6() == v6;
        let at = self.waiting.iter().position(of_family).unwrap_or_default();
        let address = self.waiting.remove(at).address;
        self.lead = Some(Lead {
            v6: address.is_ipv6(),
            more,
        });
        address
    }

    /// Whether IPv6 comes first.
    fn first_family(&self) -> bool {
        let by_order = self.waiting.first().is_some_and(|it| it.address.is_ipv6());
        let preferred = match self.settings.families {
            IpFamilies::PreferV4 => false,
            IpFamilies::PreferV6 => true,
            IpFamilies::Any | IpFamilies::OnlyV4 | IpFamilies::OnlyV6 => return by_order,
        };
        // A family that has just failed is no longer preferred.
        let promising = self
            .waiting
            .iter()
            .any(|it| it.address.is_ipv6() == preferred && it.is_promising());
        match promising {
            true => preferred,
            false => by_order,
        }
    }
}

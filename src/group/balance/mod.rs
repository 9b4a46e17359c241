//! `Balance`: which of the members of a tier gets a request.

use std::cmp::Ordering;

use http::request::Parts;

use super::{AffinityKey, random::Random};

/// How the members of a tier share the requests.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, group::{AffinityKey, Balance, OriginGroup}};
///
/// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
/// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
/// let sessions = Balance::by_key(AffinityKey::cookie("session"));
/// let group = OriginGroup::builder().tier([a, b]).balance(sessions).build()?;
/// # drop(group);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until `OriginGroupBuilder::balance` gets it"]
pub struct Balance {
    rule: BalanceRule,
    max_load: u32,
}

#[derive(Clone, Debug)]
enum BalanceRule {
    LeastLoaded,
    RoundRobin,
    ByKey(AffinityKey),
}

/// A member with fewer requests in flight is not overloaded, whatever its share.
const NOT_OVERLOADED: f64 = 10.0;

/// A member that a request may go to.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemberCandidate {
    /// The hash of its name.
    pub(super) hash: u64,
    /// More than zero.
    pub(super) weight: f64,
    pub(super) in_flight: usize,
    /// Recent failures, each as a part of a request in flight.
    pub(super) failures: f64,
    /// In seconds, if it was measured.
    pub(super) latency: Option<f64>,
    /// How far its turn has come, with round robin.
    pub(super) turn: f64,
}

impl Balance {
    /// The less loaded one of two random members ("power of two choices"). This is the default.
    ///
    /// The load is the number of requests in flight, divided by the weight and multiplied by the
    /// highest recent latency ("peak EWMA"). A failed request counts as in flight for some seconds,
    /// so that a member whose failures are fast is not the idlest. Requests are in flight until
    /// both bodies have ended. Only requests without content are measured, since others take as
    /// long as their client sends.
    pub fn least_loaded() -> Self {
        Self::of(BalanceRule::LeastLoaded)
    }

    /// One member after the other, in the ratio of their weights.
    pub fn round_robin() -> Self {
        Self::of(BalanceRule::RoundRobin)
    }

    /// The same member for the same key, unless it is out or has
    /// [too much load](Self::max_load).
    ///
    /// Each key has an order of members of its own ("rendezvous hashing"). A member that is added
    /// or removed changes only the keys that it gets or had. The order depends on key, names and
    /// weights, so that several proxies agree.
    pub fn by_key(key: AffinityKey) -> Self {
        Self::of(BalanceRule::ByKey(key))
    }

    fn of(rule: BalanceRule) -> Self {
        Self {
            rule,
            max_load: 150,
        }
    }

    /// Sets how much load a member may have before a key goes to the next in its order, in percent
    /// of its fair share of all requests in flight.
    ///
    /// The default is 150; less than 100 counts as 100. It has an effect with
    /// [`by_key`](Self::by_key) only ("consistent hashing with bounded loads"), and from 10
    /// requests in flight on. HAProxy calls it `hash-balance-factor`.
    pub fn max_load(mut self, percent: u32) -> Self {
        self.max_load = percent.max(100);
        self
    }

    /// The hash of the request's key, if the members are selected by one.
    pub(super) fn key_of(&self, parts: &Parts) -> Option<u64> {
        match &self.rule {
            BalanceRule::ByKey(key) => key.hash_of(parts),
            BalanceRule::LeastLoaded | BalanceRule::RoundRobin => None,
        }
    }

    pub(super) fn is_round_robin(&self) -> bool {
        matches!(self.rule, BalanceRule::RoundRobin)
    }

    /// Selects one of the candidates, of which there is at least one.
    pub(super) fn select(
        &self,
        candidates: &[MemberCandidate],
        key: Option<u64>,
        random: &Random,
    ) -> usize {
        match key {
            _ if candidates.len() == 1 => 0,
            Some(key) => self.by_affinity(candidates, key),
            None if self.is_round_robin() => next_turn(candidates),
            None => less_loaded(candidates, random),
        }
    }

    /// The first in the order of the key that has no more than its share of the load.
    fn by_affinity(&self, candidates: &[MemberCandidate], key: u64) -> usize {
        let mut order: Vec<_> = ranked(candidates, |it| mixed(key ^ it.hash)).collect();
        order.sort_unstable_by(|(_, one), (_, other)| one.total_cmp(other));
        let weights: f64 = candidates.iter().map(|it| it.weight).sum();
        let in_flight: usize = candidates.iter().map(|it| it.in_flight).sum();
        let per_weight = (in_flight + 1) as f64 / weights * f64::from(self.max_load) / 100.0;
        let has_room = |it: &MemberCandidate| {
            let limit = (per_weight * it.weight).ceil().max(NOT_OVERLOADED);
            ((it.in_flight + 1) as f64) <= limit
        };
        let mut indexes = order.iter().map(|(index, _)| *index);
        let first = indexes.clone().next().unwrap_or_default();
        indexes
            .find(|index| has_room(&candidates[*index]))
            .unwrap_or(first)
    }
}

impl Default for Balance {
    fn default() -> Self {
        Self::least_loaded()
    }
}

/// The one that has waited longest for its turn, as in nginx's smooth weighted round robin.
fn next_turn(candidates: &[MemberCandidate]) -> usize {
    let turns = candidates.iter().map(|it| it.turn + it.weight);
    // Of equal ones, the first: `max_by` returns the last.
    let turns = turns.enumerate().rev();
    let longest = turns.max_by(|(_, one), (_, other)| one.total_cmp(other));
    longest.map_or(0, |(index, _)| index)
}

/// Draws two candidates by weight, and selects the less loaded one.
///
/// The rank of a draw counts as a part of a request in flight. So idle members of the same latency
/// are selected in the ratio of their weights.
fn less_loaded(candidates: &[MemberCandidate], random: &Random) -> usize {
    let mut first = (0, f64::INFINITY);
    let mut second = first;
    for drawn in ranked(candidates, |_| random.next()) {
        if drawn.1 < first.1 {
            (first, second) = (drawn, first);
        } else if drawn.1 < second.1 {
            second = drawn;
        }
    }
    let [one, other] = [first.0, second.0].map(|index| &candidates[index]);
    let latencies = match (one.latency, other.latency) {
        (Some(one), Some(other)) => (one, other),
        // A new member is compared by its requests only.
        (None, _) | (_, None) => (1.0, 1.0),
    };
    let load = |it: &MemberCandidate, rank| (it.in_flight as f64 + it.failures) / it.weight + rank;
    let costs = (
        load(one, first.1) * latencies.0,
        load(other, second.1) * latencies.1,
    );
    match costs.0.total_cmp(&costs.1) {
        Ordering::Greater => second.0,
        Ordering::Less | Ordering::Equal => first.0,
    }
}

/// The index and the rank of each candidate: the lowest rank is that of each in the ratio of the
/// weights. Ranks are exponentially distributed, so the weight of one does not change the order of
/// the others.
fn ranked(
    candidates: &[MemberCandidate],
    mut number: impl FnMut(&MemberCandidate) -> u64,
) -> impl Iterator<Item = (usize, f64)> {
    candidates
        .iter()
        .enumerate()
        .map(move |(index, candidate)| {
            // More than zero, and at most one.
            let uniform = ((number(candidate) >> 11) + 1) as f64 / (1_u64 << 53) as f64;
            (index, -uniform.ln() / candidate.weight)
        })
}

/// Mixes the bits of a number: the finalizer of SplitMix64.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests;

//! `Balance`: which of the members of a tier gets a request.

use std::{cmp::Ordering, sync::Arc};

use http::{HeaderName, request::Parts};

use super::{
    affinity_key::AffinityKey,
    member_candidate::{MemberCandidate, turn_steps},
    random::Random,
};

/// How the members of a tier share the requests.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, group::{Balance, OriginGroup}};
///
/// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
/// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
/// let sessions = Balance::by_cookie("session");
/// let paths = Balance::by_key(|request| Some(request.uri.path().as_bytes().to_vec()));
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

impl Balance {
    /// The less loaded one of two random members ("power of two choices"). This is the default.
    ///
    /// The load is the number of requests in flight, divided by the weight and multiplied by the
    /// highest recent latency ("peak EWMA"). A failed request counts as in flight for some seconds,
    /// so that a member that fails fast does not attract requests. Requests are in flight until
    /// both bodies have ended. Only requests without content are measured, since others take as
    /// long as their client sends.
    pub fn least_loaded() -> Self {
        Self::of(BalanceRule::LeastLoaded)
    }

    /// One member after the other, in the ratio of their weights.
    pub fn round_robin() -> Self {
        Self::of(BalanceRule::RoundRobin)
    }

    /// The same member for the same client address, as with nginx's `ip_hash` and HAProxy's
    /// `balance source`. See [`by_key`](Self::by_key).
    ///
    /// The address comes from a [`ClientAddress`](crate::downstream::ClientAddress), a
    /// [`ClientConnection`](crate::downstream::ClientConnection) or axum's `ConnectInfo`. Behind
    /// another proxy, all clients have the same address: use a field of the request instead.
    pub fn by_client_address() -> Self {
        Self::of(BalanceRule::ByKey(AffinityKey::ClientAddress))
    }

    /// The same member for the same value of a cookie. See [`by_key`](Self::by_key).
    pub fn by_cookie(name: impl Into<String>) -> Self {
        Self::of(BalanceRule::ByKey(AffinityKey::Cookie(name.into())))
    }

    /// The same member for the same value of a field. See [`by_key`](Self::by_key).
    ///
    /// HAProxy calls it `balance hdr(..)`. The first line of the field counts. For
    /// [`HOST`](http::header::HOST), an HTTP/2 request has its `:authority`.
    pub fn by_header(name: HeaderName) -> Self {
        Self::of(BalanceRule::ByKey(AffinityKey::Header(name)))
    }

    /// The same member for the same key, a function of the request's head.
    ///
    /// The next member gets the request if that one is out or has [too much load](Self::max_load).
    /// A request without a key gets the least loaded member. Each key has its own order of members
    /// ("rendezvous hashing"). A member that is added or removed affects only the keys that it gets
    /// or had. The order depends on key, names and weights, so several proxies agree.
    pub fn by_key(function: impl Fn(&Parts) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self::of(BalanceRule::ByKey(AffinityKey::Function(Arc::new(
            function,
        ))))
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
    /// The default is 150; less than 100 counts as 100. It has an effect with a key only
    /// ("consistent hashing with bounded loads"), and from 10 requests in flight on. HAProxy calls
    /// it `hash-balance-factor`.
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
    let steps = turn_steps(candidates);
    let turns = candidates
        .iter()
        .zip(steps)
        .map(|(it, step)| it.turn + step);
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
mod tests {
    use super::*;
    use crate::group::affinity_key::hash;

    fn candidate(name: &str, weight: f64) -> MemberCandidate {
        MemberCandidate {
            hash: hash(name.as_bytes()),
            weight,
            in_flight: 0,
            failures: 0.0,
            latency: Some(0.1),
            turn: 0.0,
        }
    }

    fn candidates(weights: [f64; 3]) -> Vec<MemberCandidate> {
        let named = ["a", "b", "c"].into_iter().zip(weights);
        named
            .map(|(name, weight)| candidate(name, weight))
            .collect()
    }

    /// The percentage of 20,000 selections that each candidate gets.
    fn shares(candidates: &[MemberCandidate]) -> Vec<usize> {
        let (balance, random) = (Balance::least_loaded(), Random::default());
        let mut counts = vec![0; candidates.len()];
        for _ in 0..20_000 {
            counts[balance.select(candidates, None, &random)] += 1;
        }
        counts.iter().map(|count| (count + 100) / 200).collect()
    }

    fn assert_near(shares: &[usize], expected: &[usize]) {
        let mut pairs = shares.iter().zip(expected);
        // A random share is off by three percent once in 10^17 times.
        let is_near = pairs.all(|(share, expected)| share.abs_diff(*expected) <= 3);
        assert!(is_near, "{shares:?} instead of {expected:?}");
    }

    #[test]
    fn idle_members_get_requests_in_the_ratio_of_their_weights() {
        assert_near(&shares(&candidates([1.0, 1.0, 1.0])), &[33, 33, 33]);
        assert_near(&shares(&candidates([8.0, 1.0, 1.0])), &[80, 10, 10]);
    }

    #[test]
    fn the_less_loaded_one_of_two_is_selected() {
        let mut pair = candidates([1.0, 1.0, 1.0]);
        pair.truncate(2);
        pair[0].in_flight = 20;
        assert_near(&shares(&pair), &[0, 100]);
        // Twenty requests of weight ten are two of weight one.
        pair[0].weight = 10.0;
        pair[1].in_flight = 20;
        assert_near(&shares(&pair), &[100, 0]);
    }

    #[test]
    fn failures_count_as_load_and_a_fast_failure_is_no_advantage() {
        let mut pair = candidates([1.0, 1.0, 1.0]);
        pair.truncate(2);
        pair[0].failures = 20.0;
        pair[1].in_flight = 5;
        assert_near(&shares(&pair), &[0, 100]);
    }

    #[test]
    fn the_slower_one_of_two_gets_less_and_an_unknown_latency_does_not_count() {
        let mut pair = candidates([1.0, 1.0, 1.0]);
        pair.truncate(2);
        for it in &mut pair {
            it.in_flight = 20;
        }
        pair[0].latency = Some(1.0);
        assert_near(&shares(&pair), &[0, 100]);
        pair[1].latency = None;
        assert_near(&shares(&pair), &[50, 50]);
    }

    #[test]
    fn turns_are_smooth_and_follow_the_weights() {
        let balance = Balance::round_robin();
        let random = Random::default();
        let mut members = candidates([3.0, 1.0, 1.0]);
        let mut order = Vec::new();
        for _ in 0..10 {
            let chosen = balance.select(&members, None, &random);
            let steps: Vec<_> = turn_steps(&members).collect();
            for (it, step) in members.iter_mut().zip(steps) {
                it.turn += step;
            }
            members[chosen].turn -= 1.0;
            order.push(["a", "b", "c"][chosen]);
        }
        let counts = ["a", "b", "c"].map(|name| order.iter().filter(|it| **it == name).count());
        assert_eq!(counts, [6, 2, 2]);
        assert!(!order.windows(3).any(|it| it == ["a"; 3]), "{order:?}");
    }

    fn by_key() -> Balance {
        Balance::by_client_address()
    }

    #[test]
    fn a_key_keeps_its_member_when_another_leaves() {
        let (balance, random) = (by_key(), Random::default());
        let three = candidates([1.0, 1.0, 1.0]);
        let mut counts = [0; 3];
        for number in 0..3_000_u32 {
            let key = Some(hash(&number.to_be_bytes()));
            let chosen = balance.select(&three, key, &random);
            counts[chosen] += 1;
            if chosen != 2 {
                assert_eq!(balance.select(&three[..2], key, &random), chosen);
            }
        }
        let is_even = counts.iter().all(|count| (900..1_100).contains(count));
        assert!(is_even, "the keys are fixed: {counts:?}");
    }

    #[test]
    fn the_order_of_a_key_depends_on_names_alone() {
        let (balance, random) = (by_key(), Random::default());
        let three = candidates([1.0, 1.0, 1.0]);
        let reversed: Vec<_> = three.iter().rev().copied().collect();
        for number in 0..100_u32 {
            let key = Some(hash(&number.to_be_bytes()));
            let chosen = balance.select(&three, key, &random);
            assert_eq!(balance.select(&reversed, key, &random), 2 - chosen);
        }
    }

    #[test]
    fn one_key_does_not_overload_its_member() {
        let (balance, random) = (by_key().max_load(125), Random::default());
        let mut members = candidates([1.0, 1.0, 1.0]);
        let key = Some(hash(b"the key of all requests"));
        for _ in 0..300 {
            let chosen = balance.select(&members, key, &random);
            members[chosen].in_flight += 1;
        }
        let most = members.iter().map(|it| it.in_flight).max();
        assert_eq!(most, Some(125));
    }

    #[test]
    fn a_few_requests_of_one_key_stay_together() {
        let (balance, random) = (by_key(), Random::default());
        let mut members = candidates([1.0, 1.0, 1.0]);
        let key = Some(hash(b"a key"));
        let first = balance.select(&members, key, &random);
        for _ in 0..10 {
            assert_eq!(balance.select(&members, key, &random), first);
            members[first].in_flight += 1;
        }
    }
}

//! Tests of the choice between members.

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
        let total: f64 = members.iter().map(|it| it.weight).sum();
        for it in &mut members {
            it.turn += it.weight;
        }
        members[chosen].turn -= total;
        order.push(["a", "b", "c"][chosen]);
    }
    let counts = ["a", "b", "c"].map(|name| order.iter().filter(|it| **it == name).count());
    assert_eq!(counts, [6, 2, 2]);
    assert!(!order.windows(3).any(|it| it == ["a"; 3]), "{order:?}");
}

fn by_key() -> Balance {
    Balance::by_key(AffinityKey::client_address())
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

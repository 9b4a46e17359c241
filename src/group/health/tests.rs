//! Tests of the health of a member.

use std::time::Duration;

use tokio::time::Instant;

use crate::group::{Ejection, MemberState};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> Ejection {
    Ejection::default()
        .failures(2)
        .time(SECOND)
        .longest(3 * SECOND)
        .trials(2)
}

fn fail(health: &mut EjectionState, admission: Admission, now: Instant) {
    health.report(admission, HealthSignal::Failure, &settings(), true, now);
}

fn succeed(health: &mut EjectionState, admission: Admission, now: Instant) {
    health.report(admission, HealthSignal::Success, &settings(), true, now);
}

/// An ordinary request.
fn admit(health: &mut EjectionState, now: Instant) -> Admission {
    assert_eq!(health.admit_if_due(true, now), None);
    assert_eq!(health.availability(), Availability::Serving);
    health.admit()
}

fn begin_trial(health: &mut EjectionState, now: Instant) -> Admission {
    let admission = health.admit_if_due(true, now).expect("a trial is due");
    assert!(admission.is_trial);
    admission
}

fn state(health: &EjectionState) -> MemberState {
    health.state()
}

fn consecutive_failures(health: &EjectionState) -> u32 {
    health.counters().0
}

fn eject(health: &mut EjectionState, now: Instant) {
    for _ in 0..2 {
        let admission = admit(health, now);
        fail(health, admission, now);
    }
    assert_eq!(state(health), MemberState::Ejected);
}

fn ejected(now: Instant) -> EjectionState {
    let mut health = EjectionState::default();
    eject(&mut health, now);
    health
}

fn pass_trials(health: &mut EjectionState, now: Instant) {
    for _ in 0..2 {
        let trial = begin_trial(health, now);
        succeed(health, trial, now);
    }
    assert_eq!(state(health), MemberState::Serving);
}

#[test]
fn only_failures_in_a_row_eject() {
    let now = Instant::now();
    let mut health = EjectionState::default();
    let admission = admit(&mut health, now);
    for _ in 0..5 {
        fail(&mut health, admission, now);
        succeed(&mut health, admission, now);
    }
    assert_eq!(state(&health), MemberState::Serving);
    fail(&mut health, admission, now);
    health.report(admission, HealthSignal::None, &settings(), true, now);
    fail(&mut health, admission, now);
    assert_eq!(state(&health), MemberState::Ejected);
}

#[test]
fn an_origin_returns_by_one_trial_at_a_time() {
    let now = Instant::now();
    let mut health = ejected(now);
    assert_eq!(health.admit_if_due(true, now), None);
    let later = now + SECOND;
    let trial = begin_trial(&mut health, later);
    assert_eq!(health.admit_if_due(true, later), None);
    succeed(&mut health, trial, later);
    assert_eq!(state(&health), MemberState::Returning);
    let trial = begin_trial(&mut health, later);
    succeed(&mut health, trial, later);
    admit(&mut health, later);
}

/// A trial whose response begins, and ends later.
fn begin_response(health: &mut EjectionState, now: Instant) -> Admission {
    let trial = begin_trial(health, now);
    health.report(trial, HealthSignal::Begun, &settings(), true, now);
    trial.begun()
}

/// Otherwise, a member with long bodies would get all requests until some have ended.
#[test]
fn a_trial_succeeds_when_its_response_begins() {
    let now = Instant::now();
    let mut health = ejected(now);
    let later = now + SECOND;
    let first = begin_response(&mut health, later);
    assert_eq!(state(&health), MemberState::Returning);
    begin_response(&mut health, later);
    assert_eq!(state(&health), MemberState::Serving);
    fail(&mut health, first, later);
    assert_eq!(consecutive_failures(&health), 0, "of an earlier period");
}

#[test]
fn the_end_of_a_response_is_no_second_trial_and_leaves_no_room_for_another() {
    let now = Instant::now();
    let mut health = ejected(now);
    let later = now + SECOND;
    let first = begin_response(&mut health, later);
    let second = begin_trial(&mut health, later);
    succeed(&mut health, first, later);
    assert_eq!(state(&health), MemberState::Returning);
    assert_eq!(health.admit_if_due(true, later), None);
    succeed(&mut health, second, later);
    assert_eq!(state(&health), MemberState::Serving);
}

#[test]
fn a_body_that_breaks_off_before_the_return_ejects_again() {
    let now = Instant::now();
    let mut health = ejected(now);
    let later = now + SECOND;
    let first = begin_response(&mut health, later);
    fail(&mut health, first, later);
    assert_eq!(state(&health), MemberState::Ejected);
}

#[test]
fn a_trial_that_was_given_up_leaves_room_for_the_next() {
    let now = Instant::now();
    let mut health = ejected(now);
    let trial = begin_trial(&mut health, now + SECOND);
    health.end_trial(trial);
    begin_trial(&mut health, now + SECOND);
}

#[test]
fn each_ejection_in_a_row_is_longer_up_to_a_limit() {
    let mut now = Instant::now();
    let mut health = ejected(now);
    for seconds in [1, 2, 3, 3] {
        let almost = now + seconds * SECOND - SECOND / 10;
        assert_eq!(health.admit_if_due(true, almost), None);
        now += seconds * SECOND;
        let trial = begin_trial(&mut health, now);
        fail(&mut health, trial, now);
    }
    assert_eq!(health.counters().3, 5);
}

#[test]
fn what_cannot_be_sent_again_is_no_trial_until_twice_the_time() {
    let now = Instant::now();
    let mut health = ejected(now);
    assert_eq!(health.admit_if_due(false, now + SECOND), None);
    assert!(health.admit_if_due(false, now + 2 * SECOND).is_some());
}

#[test]
fn requests_from_before_an_ejection_neither_extend_nor_end_it() {
    let now = Instant::now();
    let mut health = EjectionState::default();
    let old = admit(&mut health, now);
    eject(&mut health, now);
    let before = consecutive_failures(&health);
    for _ in 0..5 {
        fail(&mut health, old, now);
    }
    succeed(&mut health, old, now);
    assert_eq!(state(&health), MemberState::Ejected);
    let after = health.counters();
    assert_eq!(after, (before, 8, 7, 1), "they still happened");
    assert_eq!(health.admit_if_due(true, now + SECOND / 2), None);
}

#[test]
fn requests_from_before_a_return_neither_eject_nor_excuse_an_origin() {
    let now = Instant::now();
    let mut health = EjectionState::default();
    let first = admit(&mut health, now);
    eject(&mut health, now);
    // All origins were ejected.
    let second = health.admit();
    pass_trials(&mut health, now + SECOND);
    for old in [first, second].repeat(5) {
        fail(&mut health, old, now + SECOND);
    }
    assert_eq!(state(&health), MemberState::Serving);
    assert_eq!(consecutive_failures(&health), 0);

    let present = admit(&mut health, now + SECOND);
    fail(&mut health, present, now + SECOND);
    succeed(&mut health, first, now + SECOND);
    fail(&mut health, present, now + SECOND);
    assert_eq!(state(&health), MemberState::Ejected);
}

#[test]
fn failures_while_all_are_ejected_do_not_count_after_the_return() {
    let now = Instant::now();
    let mut health = ejected(now);
    let trial = begin_trial(&mut health, now + SECOND);
    succeed(&mut health, trial, now + SECOND);
    let trial = begin_trial(&mut health, now + SECOND);
    let other = health.admit();
    fail(&mut health, other, now + SECOND);
    succeed(&mut health, trial, now + SECOND);
    assert_eq!(consecutive_failures(&health), 0);
    let present = admit(&mut health, now + SECOND);
    fail(&mut health, present, now + SECOND);
    assert_eq!(state(&health), MemberState::Serving);
}

#[test]
fn an_old_trial_does_not_end_a_later_one() {
    let now = Instant::now();
    let mut health = ejected(now);
    let old = begin_trial(&mut health, now + SECOND);
    fail(&mut health, old, now + SECOND);
    begin_trial(&mut health, now + 4 * SECOND);
    health.end_trial(old);
    assert_eq!(health.admit_if_due(true, now + 4 * SECOND), None);
}

fn unreachable(health: &mut EjectionState, admission: Admission, now: Instant) {
    health.report(admission, HealthSignal::Unreachable, &settings(), true, now);
}

#[test]
fn after_a_failed_connect_a_member_gets_one_request_a_second_until_one_succeeds() {
    let now = Instant::now();
    let mut health = EjectionState::default();
    let admission = admit(&mut health, now);
    unreachable(&mut health, admission, now);
    assert_eq!(health.availability(), Availability::Unreachable);
    assert_eq!(health.admit_if_due(true, now + SECOND / 2), None);
    assert_eq!(health.admit_if_due(false, now + SECOND), None);
    let again = health.admit_if_due(true, now + SECOND).expect("it is due");
    assert!(!again.is_trial);
    assert_eq!(health.admit_if_due(true, now + SECOND), None);
    assert!(health.admit_if_due(false, now + 3 * SECOND).is_some());
    succeed(&mut health, again, now + 3 * SECOND);
    assert_eq!(health.availability(), Availability::Serving);
}

#[test]
fn failed_connects_eject_as_other_failures_do() {
    let now = Instant::now();
    let mut health = EjectionState::default();
    let admission = admit(&mut health, now);
    unreachable(&mut health, admission, now);
    fail(&mut health, admission, now);
    assert_eq!(state(&health), MemberState::Ejected);
}

#[test]
fn a_member_that_may_not_be_ejected_goes_on_to_fail() {
    let now = Instant::now();
    let mut health = EjectionState::default();
    let admission = admit(&mut health, now);
    for _ in 0..5 {
        health.report(admission, HealthSignal::Failure, &settings(), false, now);
    }
    assert_eq!(state(&health), MemberState::Serving);
    fail(&mut health, admission, now);
    assert_eq!(state(&health), MemberState::Ejected);
}

#[test]
fn the_share_of_a_member_grows_after_its_return() {
    let now = Instant::now();
    let mut health = ejected(now);
    assert_eq!(health.share(10 * SECOND, now), 1.0);
    pass_trials(&mut health, now + SECOND);
    let back = now + SECOND;
    assert_eq!(health.share(10 * SECOND, back), 0.1);
    assert_eq!(health.share(10 * SECOND, back + 5 * SECOND), 0.55);
    assert_eq!(health.share(10 * SECOND, back + 10 * SECOND), 1.0);
}

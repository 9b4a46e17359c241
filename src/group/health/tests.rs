//! Tests of the health of an origin.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn settings() -> Ejection {
    Ejection::default()
        .failures(2)
        .time(SECOND)
        .longest(3 * SECOND)
        .trials(2)
}

fn fail(health: &mut Health, admission: Admission, now: Instant) {
    health.report(admission, HealthSignal::Failure, &settings(), now);
}

fn succeed(health: &mut Health, admission: Admission, now: Instant) {
    health.report(admission, HealthSignal::Success, &settings(), now);
}

/// An ordinary request.
fn admit(health: &mut Health, now: Instant) -> Admission {
    let admission = health.admit(true, now).expect("it serves");
    assert!(!admission.is_trial);
    admission
}

fn admit_trial(health: &mut Health, now: Instant) -> Admission {
    let admission = health.admit(true, now).expect("a trial is due");
    assert!(admission.is_trial);
    admission
}

fn state(health: &Health) -> OriginState {
    health.snapshot().state()
}

fn eject(health: &mut Health, now: Instant) {
    for _ in 0..2 {
        let admission = admit(health, now);
        fail(health, admission, now);
    }
    assert_eq!(state(health), OriginState::Ejected);
}

fn ejected(now: Instant) -> Health {
    let mut health = Health::default();
    eject(&mut health, now);
    health
}

fn pass_trials(health: &mut Health, now: Instant) {
    for _ in 0..2 {
        let trial = admit_trial(health, now);
        succeed(health, trial, now);
    }
    assert_eq!(state(health), OriginState::Serving);
}

#[test]
fn only_failures_in_a_row_eject() {
    let now = Instant::now();
    let mut health = Health::default();
    let admission = admit(&mut health, now);
    for _ in 0..5 {
        fail(&mut health, admission, now);
        succeed(&mut health, admission, now);
    }
    assert_eq!(state(&health), OriginState::Serving);
    fail(&mut health, admission, now);
    health.report(admission, HealthSignal::None, &settings(), now);
    fail(&mut health, admission, now);
    assert_eq!(state(&health), OriginState::Ejected);
}

#[test]
fn an_origin_returns_by_one_trial_at_a_time() {
    let now = Instant::now();
    let mut health = ejected(now);
    assert_eq!(health.admit(true, now), None);
    let later = now + SECOND;
    let trial = admit_trial(&mut health, later);
    assert_eq!(health.admit(true, later), None);
    succeed(&mut health, trial, later);
    assert_eq!(state(&health), OriginState::Returning);
    let trial = admit_trial(&mut health, later);
    succeed(&mut health, trial, later);
    admit(&mut health, later);
}

#[test]
fn a_trial_that_was_given_up_leaves_room_for_the_next() {
    let now = Instant::now();
    let mut health = ejected(now);
    let trial = admit_trial(&mut health, now + SECOND);
    health.end(trial);
    admit_trial(&mut health, now + SECOND);
}

#[test]
fn each_ejection_in_a_row_is_longer_up_to_a_limit() {
    let mut now = Instant::now();
    let mut health = ejected(now);
    for seconds in [1, 2, 3, 3] {
        let almost = now + seconds * SECOND - SECOND / 10;
        assert_eq!(health.admit(true, almost), None);
        now += seconds * SECOND;
        let trial = admit_trial(&mut health, now);
        fail(&mut health, trial, now);
    }
    assert_eq!(health.snapshot().ejections(), 5);
}

#[test]
fn what_cannot_be_sent_again_is_no_trial_until_twice_the_time() {
    let now = Instant::now();
    let mut health = ejected(now);
    assert_eq!(health.admit(false, now + SECOND), None);
    assert!(health.admit(false, now + 2 * SECOND).is_some());
}

#[test]
fn requests_from_before_an_ejection_neither_extend_nor_end_it() {
    let now = Instant::now();
    let mut health = Health::default();
    let old = admit(&mut health, now);
    eject(&mut health, now);
    let before = health.snapshot();
    for _ in 0..5 {
        fail(&mut health, old, now);
    }
    succeed(&mut health, old, now);
    let after = health.snapshot();
    assert_eq!(after.state(), OriginState::Ejected);
    assert_eq!(after.ejections(), 1);
    assert_eq!(after.consecutive_failures(), before.consecutive_failures());
    assert_eq!(
        (after.requests(), after.failures()),
        (8, 7),
        "they still happened"
    );
    assert_eq!(health.admit(true, now + SECOND / 2), None);
}

#[test]
fn requests_from_before_a_return_neither_eject_nor_excuse_an_origin() {
    let now = Instant::now();
    let mut health = Health::default();
    let first = admit(&mut health, now);
    eject(&mut health, now);
    // All origins were ejected.
    let second = health.admit_anyway();
    pass_trials(&mut health, now + SECOND);
    for old in [first, second].repeat(5) {
        fail(&mut health, old, now + SECOND);
    }
    assert_eq!(state(&health), OriginState::Serving);
    assert_eq!(health.snapshot().consecutive_failures(), 0);

    let present = admit(&mut health, now + SECOND);
    fail(&mut health, present, now + SECOND);
    succeed(&mut health, first, now + SECOND);
    fail(&mut health, present, now + SECOND);
    assert_eq!(state(&health), OriginState::Ejected);
}

#[test]
fn failures_while_all_are_ejected_do_not_count_after_the_return() {
    let now = Instant::now();
    let mut health = ejected(now);
    let trial = admit_trial(&mut health, now + SECOND);
    succeed(&mut health, trial, now + SECOND);
    let trial = admit_trial(&mut health, now + SECOND);
    let other = health.admit_anyway();
    fail(&mut health, other, now + SECOND);
    succeed(&mut health, trial, now + SECOND);
    assert_eq!(health.snapshot().consecutive_failures(), 0);
    let present = admit(&mut health, now + SECOND);
    fail(&mut health, present, now + SECOND);
    assert_eq!(state(&health), OriginState::Serving);
}

#[test]
fn an_old_trial_does_not_end_a_later_one() {
    let now = Instant::now();
    let mut health = ejected(now);
    let old = admit_trial(&mut health, now + SECOND);
    fail(&mut health, old, now + SECOND);
    admit_trial(&mut health, now + 4 * SECOND);
    health.end(old);
    assert_eq!(health.admit(true, now + 4 * SECOND), None);
}

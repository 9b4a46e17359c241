//! Whether an origin that works recognises the Host, or answers any Host alike.

use super::{ProbeAttempt, combination::Combination, setting_change::SettingChange};

/// A Host that no origin serves: the domain `invalid` is reserved (RFC 6761 section 6.4).
const MADE_UP_HOST: &str = "cdn-origin-probe.invalid";

/// What other Hosts show about an attempt that works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ByHost {
    /// Another Host gets another status.
    Distinguished,
    /// Other Hosts, such as a made-up one, get the same status.
    Alike,
}

/// The change to a Host that no origin serves.
pub(super) fn made_up_host() -> Option<SettingChange> {
    MADE_UP_HOST.parse().ok().map(SettingChange::Host)
}

/// What the attempts show about `working`; `None` if it does not work, or if no response to another
/// Host can be compared with it.
pub(super) fn compare_hosts(attempts: &[ProbeAttempt], working: &ProbeAttempt) -> Option<ByHost> {
    if !working.works() {
        return None;
    }
    let made_up = made_up_host()?;
    // With the same Host, they are equal if nothing else differs.
    let without_host = |combination: &Combination| combination.with(&made_up);
    let compared = without_host(&working.combination);
    let others = attempts.iter().filter(|other| {
        let differs = other.combination.origin().host() != working.combination.origin().host();
        differs && without_host(&other.combination) == compared
    });
    // The servers of another Host may be down. Those of a made-up one cannot be.
    let is_down = |other: &&ProbeAttempt| {
        let is_failed = other
            .status()
            .is_some_and(|status| status.is_server_error());
        is_failed && other.combination != compared
    };
    let others = others.filter(|other| !is_down(other));
    let mut statuses = others.filter_map(ProbeAttempt::status).peekable();
    statuses.peek()?;
    match statuses.any(|status| Some(status) != working.status()) {
        true => Some(ByHost::Distinguished),
        false => Some(ByHost::Alike),
    }
}

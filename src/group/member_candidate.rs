//! `MemberCandidate`: what the choice between members depends on.

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

/// How far the turn of each comes with one request: its share of the weights.
///
/// Not its weight: after a change of weights, turns of another scale would take long to even out,
/// while one member gets all requests.
pub(super) fn turn_steps(
    candidates: &[MemberCandidate],
) -> impl DoubleEndedIterator<Item = f64> + ExactSizeIterator {
    let total: f64 = candidates.iter().map(|it| it.weight).sum();
    candidates.iter().map(move |it| it.weight / total)
}

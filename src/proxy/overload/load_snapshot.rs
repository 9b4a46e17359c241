//! `LoadSnapshot`: what the limits of a proxy admit and refuse.

/// The load of a proxy at one moment: a part of its [`ProxySnapshot`](crate::proxy::ProxySnapshot).
#[derive(Clone, Copy, Debug)]
pub(in crate::proxy) struct LoadSnapshot {
    pub(in crate::proxy) limit: Option<usize>,
    pub(in crate::proxy) running: usize,
    pub(in crate::proxy) awaiting: usize,
    pub(in crate::proxy) queued: usize,
    pub(in crate::proxy) refused: u64,
}

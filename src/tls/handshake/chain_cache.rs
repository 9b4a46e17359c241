//! The certificate chains that origins presented: one copy of each, one warning before it expires.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rustls_pki_types::CertificateDer;

use crate::error::{CertificateChain, PeerCertificate};

/// The most chains that are kept: more than most connectors ever see. The oldest is dropped first.
const CAPACITY: usize = 64;

/// The chains that were presented last. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct ChainCache(Arc<Mutex<VecDeque<CachedChain>>>);

struct CachedChain {
    chain: CertificateChain,
    /// The end of the leaf.
    end: Option<SystemTime>,
    warned: bool,
}

impl ChainCache {
    /// The cached chain and the end of its leaf.
    ///
    /// Logs a warning, once for each chain, if the leaf ends within `notice`.
    pub(in crate::tls) fn note(
        &self,
        presented: &[CertificateDer<'_>],
        notice: Duration,
    ) -> (CertificateChain, Option<SystemTime>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = known.iter().position(|known| known.is(presented));
        let at = at.unwrap_or_else(|| {
            if known.len() == CAPACITY {
                known.pop_front();
            }
            known.push_back(CachedChain::new(presented));
            known.len() - 1
        });
        let entry = &mut known[at];
        let due = entry.warning_is_due(notice);
        let (chain, end) = (entry.chain.clone(), entry.end);
        drop(known);
        if due && let Some(leaf) = chain.first() {
            warn(leaf);
        }
        (chain, end)
    }
}

impl CachedChain {
    fn new(presented: &[CertificateDer<'_>]) -> Self {
        let chain: CertificateChain = presented
            .iter()
            .map(|certificate| PeerCertificate::new(certificate))
            .collect();
        Self {
            end: chain.first().and_then(PeerCertificate::end),
            chain,
            warned: false,
        }
    }

    fn is(&self, presented: &[CertificateDer<'_>]) -> bool {
        let ours = self.chain.iter().map(PeerCertificate::der);
        ours.eq(presented.iter().map(|certificate| &**certificate))
    }

    /// Whether the leaf ends soon and no warning was logged yet. An expired leaf is the policy's
    /// concern.
    fn warning_is_due(&mut self, notice: Duration) -> bool {
        let left = self.end.map(|end| end.duration_since(SystemTime::now()));
        let due = matches!(left, Some(Ok(left)) if left < notice) && !self.warned;
        self.warned |= due;
        due
    }
}

fn warn(leaf: &PeerCertificate) {
    let days = leaf.days_left(SystemTime::now()).unwrap_or_default();
    tracing::warn!(
        names = leaf.names_in_brief(),
        issuer = leaf.issuer(),
        days,
        "the origin's certificate ends in {days} days"
    );
}

impl fmt::Debug for ChainCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainCache").finish_non_exhaustive()
    }
}

//! The certificate chains that origins presented: one copy of each, one warning before it expires.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rustls_pki_types::CertificateDer;

use crate::error::{CertificateChain, PeerCertificate};

/// The most chains that are kept: more than most connectors ever see. The oldest is dropped first.
const CAPACITY: usize = 64;

/// The most leaves whose warning is remembered until they end. Of more, none is warned about: each
/// handshake would log one.
const WARNED_CAPACITY: usize = 4096;

/// The chains that were presented last. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct ChainCache(Arc<Mutex<KnownChains>>);

#[derive(Default)]
struct KnownChains {
    chains: VecDeque<CachedChain>,
    /// The hashes of the leaves that a warning was logged for, and their ends. More than chains:
    /// tenants may have many certificates that end soon.
    warned: HashMap<u64, SystemTime>,
    hasher: RandomState,
}

#[derive(Clone)]
struct CachedChain {
    chain: CertificateChain,
    /// The end of the leaf.
    end: Option<SystemTime>,
}

impl ChainCache {
    /// The cached chain.
    ///
    /// Logs a warning, once for each leaf, if it ends within `notice`.
    pub(in crate::tls) fn note(
        &self,
        presented: &[CertificateDer<'_>],
        notice: Duration,
    ) -> CertificateChain {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let CachedChain { chain, end } = known.cached(presented).clone();
        let due = known.warning_is_due(&chain, end, notice);
        drop(known);
        if due && let Some(leaf) = chain.first() {
            warn(leaf);
        }
        chain
    }
}

impl KnownChains {
    fn cached(&mut self, presented: &[CertificateDer<'_>]) -> &CachedChain {
        let chains = &mut self.chains;
        let at = chains.iter().position(|known| known.is(presented));
        let at = at.unwrap_or_else(|| {
            if chains.len() == CAPACITY {
                chains.pop_front();
            }
            chains.push_back(CachedChain::new(presented));
            chains.len() - 1
        });
        &chains[at]
    }

    /// Whether the leaf ends soon and no warning was logged yet. An expired leaf is the policy's
    /// concern.
    fn warning_is_due(
        &mut self,
        chain: &CertificateChain,
        end: Option<SystemTime>,
        notice: Duration,
    ) -> bool {
        let now = SystemTime::now();
        let (Some(leaf), Some(end)) = (chain.first(), end) else {
            return false;
        };
        if !end.duration_since(now).is_ok_and(|left| left < notice) {
            return false;
        }
        let leaf = self.hasher.hash_one(leaf.der());
        if self.warned.len() >= WARNED_CAPACITY {
            self.warned.retain(|_, end| *end > now);
        }
        let has_room = self.warned.len() < WARNED_CAPACITY;
        has_room && self.warned.insert(leaf, end).is_none()
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
        }
    }

    fn is(&self, presented: &[CertificateDer<'_>]) -> bool {
        let ours = self.chain.iter().map(PeerCertificate::der);
        ours.eq(presented.iter().map(|certificate| &**certificate))
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

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use time::OffsetDateTime;

    use super::*;

    const NOTICE: Duration = Duration::from_secs(14 * 24 * 3600);

    /// More leaves than are cached, as those of many tenants with certificates for six days.
    #[test]
    fn one_warning_is_due_for_each_leaf_that_ends_soon() {
        let key = KeyPair::generate().expect("a key");
        let leaves = (0..CAPACITY as u64 + 1).map(|serial| {
            let mut leaf = CertificateParams::new([String::from("a.example")]).expect("a name");
            leaf.serial_number = Some(serial.into());
            leaf.not_after = OffsetDateTime::now_utc() + Duration::from_secs(6 * 24 * 3600);
            leaf.self_signed(&key).expect("a certificate").der().clone()
        });
        let leaves: Vec<_> = leaves.collect();
        let mut known = KnownChains::default();
        for is_first in [true, false] {
            for leaf in &leaves {
                let chain = [leaf.clone()];
                let CachedChain { chain, end } = known.cached(&chain).clone();
                assert_eq!(known.warning_is_due(&chain, end, NOTICE), is_first);
            }
        }
        assert_eq!(known.chains.len(), CAPACITY);
    }
}

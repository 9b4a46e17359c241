//! Keeps the certificates that a handshake judged, which rustls drops with a connection that fails.
//!
//! The verifier is shared by all connections, so it cannot keep anything itself: a task-local value leads from it to the
//! handshake that is being polled.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use rustls::SignatureScheme;
use rustls_pki_types::CertificateDer;

use crate::error::{CertificateChain, PeerCertificate};

tokio::task_local! {
    static WITNESS: Witness;
}

/// What the verifier saw of one handshake.
#[derive(Clone, Default)]
pub(super) struct Witness(Arc<Testimony>);

#[derive(Default)]
struct Testimony {
    /// The certificates and whether they were accepted, once there are some.
    judged: OnceLock<(CertificateChain, bool)>,
    scheme: OnceLock<SignatureScheme>,
}

impl Witness {
    /// Runs `handshake` with this witness present.
    pub(super) async fn during<F: Future>(&self, handshake: F) -> F::Output {
        WITNESS.scope(self.clone(), handshake).await
    }

    pub(super) fn judged(&self) -> Option<(CertificateChain, bool)> {
        self.0.judged.get().cloned()
    }

    /// The scheme of the peer's signature.
    pub(super) fn scheme(&self) -> Option<SignatureScheme> {
        self.0.scheme.get().copied()
    }
}

/// Tells the witness, if one is present: somebody else may drive our `ClientConfig`.
pub(super) fn judged(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    accepted: bool,
) {
    tell(|testimony| {
        testimony.judged.get_or_init(|| {
            let chain = std::iter::once(end_entity).chain(intermediates);
            let chain = chain.map(|certificate| PeerCertificate::new(certificate));
            (chain.collect(), accepted)
        });
    });
}

/// Tells the witness that the peer signed the handshake by this scheme.
pub(super) fn signed(scheme: SignatureScheme) {
    tell(|testimony| {
        testimony.scheme.get_or_init(|| scheme);
    });
}

/// Absence is not an error.
fn tell(what: impl FnOnce(&Testimony)) {
    let _ = WITNESS.try_with(|Witness(testimony)| what(testimony));
}

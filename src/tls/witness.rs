//! Keeps the certificate that a handshake judged, which rustls drops with a connection that fails.
//!
//! The verifier is shared by all connections, so it cannot keep anything itself: a task-local value leads from it to the
//! handshake that is being polled.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use rustls_pki_types::CertificateDer;

use crate::error::PeerCertificate;

tokio::task_local! {
    static WITNESS: Witness;
}

/// The certificate and whether it was accepted, once there is one.
#[derive(Clone, Default)]
pub(super) struct Witness(Arc<OnceLock<(PeerCertificate, bool)>>);

impl Witness {
    /// Runs `handshake` with this witness present.
    pub(super) async fn during<F: Future>(&self, handshake: F) -> F::Output {
        WITNESS.scope(self.clone(), handshake).await
    }

    pub(super) fn judged(&self) -> Option<(PeerCertificate, bool)> {
        self.0.get().cloned()
    }
}

/// Tells the witness, if one is present: somebody else may drive our `ClientConfig`.
pub(super) fn judged(certificate: &CertificateDer<'_>, accepted: bool) {
    let keep = |witness: &Witness| {
        let judged = || (PeerCertificate::new(certificate), accepted);
        witness.0.get_or_init(judged);
    };
    // Absence is not an error.
    let _ = WITNESS.try_with(keep);
}

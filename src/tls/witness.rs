//! Keeps the certificate that a handshake refused, which rustls drops with the connection.
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

/// The refused certificate, once there is one.
#[derive(Clone, Default)]
pub(super) struct Witness(Arc<OnceLock<PeerCertificate>>);

impl Witness {
    /// Runs `handshake` with this witness present.
    pub(super) async fn during<F: Future>(&self, handshake: F) -> F::Output {
        WITNESS.scope(self.clone(), handshake).await
    }

    pub(super) fn certificate(&self) -> Option<PeerCertificate> {
        self.0.get().cloned()
    }
}

/// Tells the witness, if one is present: somebody else may drive our `ClientConfig`.
pub(super) fn refused(certificate: &CertificateDer<'_>) {
    let keep = |witness: &Witness| {
        witness.0.get_or_init(|| PeerCertificate::new(certificate));
    };
    // Absence is not an error.
    let _ = WITNESS.try_with(keep);
}

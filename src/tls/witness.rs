//! Keeps the certificates that a handshake judged, which rustls drops with a connection that fails.
//!
//! The verifier is shared by all connections, so it cannot keep anything itself: a task-local value leads from it to the
//! handshake that is being polled.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use rustls::SignatureScheme;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::error::{CertificateChain, ClientCertificate, PeerCertificate};

tokio::task_local! {
    static WITNESS: Witness;
}

/// What the verifier saw of one handshake.
#[derive(Clone)]
pub(super) struct Witness(Arc<Testimony>);

#[derive(Default)]
struct Testimony {
    /// The name that is asked for.
    asked: Option<ServerName<'static>>,
    /// The certificates and whether they were accepted, once there are some.
    judged: OnceLock<(CertificateChain, bool)>,
    scheme: OnceLock<SignatureScheme>,
    client_certificate: OnceLock<ClientCertificate>,
}

impl Witness {
    pub(super) fn of(asked: ServerName<'static>) -> Self {
        Self(Arc::new(Testimony {
            asked: Some(asked),
            ..Testimony::default()
        }))
    }

    /// Runs `handshake` with this witness present.
    pub(super) async fn during<F: Future>(&self, handshake: F) -> F::Output {
        WITNESS.scope(self.clone(), handshake).await
    }

    pub(super) fn judged(&self) -> Option<(CertificateChain, bool)> {
        self.0.judged.get().cloned()
    }

    /// What became of our own certificate.
    pub(super) fn client_certificate(&self) -> ClientCertificate {
        let asked = self.0.client_certificate.get();
        asked.copied().unwrap_or_default()
    }

    /// The scheme of the peer's signature.
    pub(super) fn scheme(&self) -> Option<SignatureScheme> {
        self.0.scheme.get().copied()
    }
}

/// Tells the witness that the peer asked for a client certificate.
pub(super) fn asked(given: ClientCertificate) {
    tell(|testimony| {
        testimony.client_certificate.get_or_init(|| given);
    });
}

/// Whether a certificate for this name is judged in the place of one for the name that is asked for. rustls does so where Encrypted
/// ClientHello was rejected: the handshake fails in any case, and all that is proved is who rejected it.
pub(super) fn stands_in(name: &ServerName<'_>) -> bool {
    let differs = |Witness(testimony): &Witness| {
        let mut asked = testimony.asked.iter();
        asked.any(|asked| asked != name)
    };
    WITNESS.try_with(differs).unwrap_or(false)
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

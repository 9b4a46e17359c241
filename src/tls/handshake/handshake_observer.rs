//! Records what a handshake shows to the verifier and to the client-certificate resolver.
//!
//! rustls drops the certificates with a connection that fails. The verifier is shared by all
//! connections, so it cannot keep anything itself. A task-local value leads from it to the
//! handshake that is being polled.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use rustls::SignatureScheme;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::error::{
    CertificateChain, ChainFindings, ClientCertificate, EchAnswer, PeerCertificate,
};

tokio::task_local! {
    static OBSERVER: HandshakeObserver;
}

/// Collects what one handshake shows. Clones share the collection.
#[derive(Clone)]
pub(super) struct HandshakeObserver(Arc<Observed>);

struct Observed {
    /// The name that the handshake requests: the one in SNI, or the expected one without SNI.
    requested_name: ServerName<'static>,
    certificates: OnceLock<ObservedCertificates>,
    /// The name that they were verified for.
    verified_name: OnceLock<ServerName<'static>>,
    signature_scheme: OnceLock<SignatureScheme>,
    client_certificate: OnceLock<ClientCertificate>,
}

/// The presented certificates, and what their verification showed.
#[derive(Clone)]
pub(super) struct ObservedCertificates {
    pub(super) chain: CertificateChain,
    pub(super) accepted: bool,
    pub(super) findings: ChainFindings,
}

impl HandshakeObserver {
    pub(super) fn new(requested_name: ServerName<'static>) -> Self {
        Self(Arc::new(Observed {
            requested_name,
            certificates: OnceLock::new(),
            verified_name: OnceLock::new(),
            signature_scheme: OnceLock::new(),
            client_certificate: OnceLock::new(),
        }))
    }

    /// Runs `handshake` under this observer.
    pub(super) async fn observe<F: Future>(&self, handshake: F) -> F::Output {
        OBSERVER.scope(self.clone(), handshake).await
    }

    /// The presented certificates, once some were verified.
    pub(super) fn certificates(&self) -> Option<ObservedCertificates> {
        self.0.certificates.get().cloned()
    }

    /// Whether the peer decrypted a hello with this public name in the clear.
    ///
    /// The name that its certificate was verified for reveals it, unless both names are the same.
    pub(super) fn ech_answer(&self, public_name: &str) -> EchAnswer {
        let Some(verified_name) = self.0.verified_name.get() else {
            return EchAnswer::Unknown;
        };
        if self.0.requested_name != *verified_name {
            return EchAnswer::Rejected;
        }
        match verified_name.to_str().eq_ignore_ascii_case(public_name) {
            true => EchAnswer::Unknown,
            false => EchAnswer::Accepted,
        }
    }

    /// Whether the peer requested a client certificate, and whether one was sent.
    pub(super) fn client_certificate(&self) -> ClientCertificate {
        let requested = self.0.client_certificate.get();
        requested.copied().unwrap_or_default()
    }

    /// The scheme of the peer's handshake signature.
    pub(super) fn signature_scheme(&self) -> Option<SignatureScheme> {
        self.0.signature_scheme.get().copied()
    }
}

/// Whether rustls verifies another name than the requested one.
///
/// It does so after a rejection of Encrypted ClientHello, for the public name. The handshake fails
/// in any case: the certificate only proves who rejected it.
pub(in crate::tls) fn is_stand_in(name: &ServerName<'_>) -> bool {
    let differs =
        |HandshakeObserver(observed): &HandshakeObserver| observed.requested_name != *name;
    OBSERVER.try_with(differs).unwrap_or(false)
}

/// Notes that the peer requested a client certificate.
pub(super) fn note_client_certificate(reply: ClientCertificate) {
    note(|observed| {
        observed.client_certificate.get_or_init(|| reply);
    });
}

/// Notes the presented certificates and the result of their verification for this name.
pub(in crate::tls) fn note_certificate<'a>(
    presented: impl Iterator<Item = &'a CertificateDer<'a>>,
    name: &ServerName<'_>,
    accepted: bool,
    findings: ChainFindings,
) {
    note(|observed| {
        observed.verified_name.get_or_init(|| name.to_owned());
        observed.certificates.get_or_init(|| ObservedCertificates {
            chain: presented.map(|it| PeerCertificate::new(it)).collect(),
            accepted,
            findings,
        });
    });
}

/// Notes the scheme by which the peer signed the handshake.
pub(in crate::tls) fn note_signature(scheme: SignatureScheme) {
    note(|observed| {
        observed.signature_scheme.get_or_init(|| scheme);
    });
}

/// Does nothing without an observer: other code may use our `ClientConfig`.
fn note(what: impl FnOnce(&Observed)) {
    let _ = OBSERVER.try_with(|HandshakeObserver(observed)| what(observed));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &'static str) -> ServerName<'static> {
        ServerName::try_from(name).expect("a name")
    }

    /// A handshake to www.example.test whose certificate is verified for this name, if any is.
    async fn observed(verified_name: Option<&'static str>) -> HandshakeObserver {
        let observer = HandshakeObserver::new(name("www.example.test"));
        let handshake = async {
            if let Some(verified_name) = verified_name {
                let (presented, findings) = (std::iter::empty(), ChainFindings::default());
                note_certificate(presented, &name(verified_name), false, findings);
            }
        };
        observer.observe(handshake).await;
        observer
    }

    #[tokio::test]
    async fn the_verified_name_reveals_whether_the_peer_decrypted_the_hello() {
        for (verified_name, answer) in [
            (None, EchAnswer::Unknown),
            (Some("www.example.test"), EchAnswer::Accepted),
            (Some("public.example.test"), EchAnswer::Rejected),
        ] {
            let observer = observed(verified_name).await;
            assert_eq!(observer.ech_answer("public.example.test"), answer);
        }
        let observer = observed(Some("www.example.test")).await;
        assert_eq!(observer.ech_answer("WWW.example.test"), EchAnswer::Unknown);
    }
}

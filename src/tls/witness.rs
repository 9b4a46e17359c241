//! Keeps the certificates that a handshake judged, which rustls drops with a connection that fails.
//!
//! The verifier is shared by all connections, so it cannot keep anything itself: a task-local value
//! leads from it to the handshake that is being polled.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use rustls::SignatureScheme;
use rustls_pki_types::{CertificateDer, ServerName};

use crate::error::{CertificateChain, ClientCertificate, EchAnswer, PeerCertificate};

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
    /// The name for which they were judged.
    judged_for: OnceLock<ServerName<'static>>,
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

    /// What the peer made of a hello that was encrypted with this public name in the clear, as far
    /// as is known from the name for which its certificate was judged.
    pub(super) fn ech_answer(&self, public_name: &str) -> EchAnswer {
        let Some(judged_for) = self.0.judged_for.get() else {
            return EchAnswer::Unknown;
        };
        if self.0.asked.as_ref() != Some(judged_for) {
            return EchAnswer::Rejected;
        }
        match judged_for.to_str().eq_ignore_ascii_case(public_name) {
            true => EchAnswer::Unknown,
            false => EchAnswer::Accepted,
        }
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

/// Whether a certificate for this name is judged in the place of one for the name that is asked
/// for. rustls does so where Encrypted ClientHello was rejected: the handshake fails in any case,
/// and all that is proved is who rejected it.
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
    name: &ServerName<'_>,
    accepted: bool,
) {
    tell(|testimony| {
        testimony.judged_for.get_or_init(|| name.to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_name_that_is_judged_tells_whether_an_encrypted_hello_was_read() {
        let name = |name: &'static str| ServerName::try_from(name).expect("a name");
        for (judged_for, answer) in [
            (None, EchAnswer::Unknown),
            (Some("www.example.test"), EchAnswer::Accepted),
            (Some("public.example.test"), EchAnswer::Rejected),
        ] {
            let witness = Witness::of(name("www.example.test"));
            let handshake = async {
                if let Some(judged_for) = judged_for {
                    judged(&Vec::new().into(), &[], &name(judged_for), false);
                }
            };
            witness.during(handshake).await;
            assert_eq!(witness.ech_answer("public.example.test"), answer);
        }
        let witness = Witness::of(name("www.example.test"));
        let handshake = async { judged(&Vec::new().into(), &[], &name("www.example.test"), true) };
        witness.during(handshake).await;
        assert_eq!(witness.ech_answer("WWW.example.test"), EchAnswer::Unknown);
    }
}

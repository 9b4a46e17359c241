//! Notes whether a peer requests a client certificate. rustls reports it only to the resolver.

use std::sync::Arc;

use rustls::{SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};

use crate::error::ClientCertificate;

use super::handshake_observer;

/// A resolver that reports each request to the handshake's observer and passes it on.
#[derive(Debug)]
pub(in crate::tls) struct ClientCertObserver(pub(in crate::tls) Arc<dyn ResolvesClientCert>);

impl ResolvesClientCert for ClientCertObserver {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let found = self.0.resolve(issuers, schemes);
        // rustls sends no certificate whose key cannot sign by one of the peer's schemes.
        let fits = |found: &Arc<CertifiedKey>| found.key.choose_scheme(schemes).is_some();
        handshake_observer::note_client_certificate(match found.as_ref().is_some_and(fits) {
            true => ClientCertificate::Sent,
            false => ClientCertificate::Withheld,
        });
        found
    }

    fn only_raw_public_keys(&self) -> bool {
        self.0.only_raw_public_keys()
    }

    fn has_certs(&self) -> bool {
        self.0.has_certs()
    }
}

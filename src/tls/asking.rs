//! Notes whether a peer asks for a client certificate, which rustls tells only to whoever has one.

use std::sync::Arc;

use rustls::{SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};

use crate::error::ClientCertificate;

use super::witness;

/// A resolver that tells the handshake's witness that it was asked. Otherwise it is the one within.
#[derive(Debug)]
pub(super) struct Asking(pub(super) Arc<dyn ResolvesClientCert>);

impl ResolvesClientCert for Asking {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let found = self.0.resolve(issuers, schemes);
        // rustls presents none whose key cannot sign as the peer wants.
        let fits = |found: &Arc<CertifiedKey>| found.key.choose_scheme(schemes).is_some();
        witness::asked(match found.as_ref().is_some_and(fits) {
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

//! A certificate with its private key, in the formats that tests need.

use rcgen::{Certificate, KeyPair};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

/// A certificate with its private key, issued by an [`Authority`](super::Authority).
pub struct Certified {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
    cert_pem: String,
    key_pem: String,
}

impl Certified {
    pub fn new(certificate: &Certificate, key: &KeyPair) -> Self {
        Self {
            chain: vec![certificate.der().clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            cert_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        }
    }

    pub fn cert_pem(&self) -> String {
        self.cert_pem.clone()
    }

    pub fn key_pem(&self) -> String {
        self.key_pem.clone()
    }

    /// The SHA-256 of the SubjectPublicKeyInfo, as in a pin.
    pub fn spki_sha256(&self) -> [u8; 32] {
        let parsed = ParsedCertificate::try_from(&self.chain[0]).expect("a certificate of ours");
        Sha256::digest(parsed.subject_public_key_info()).into()
    }

    pub(super) fn signing(&self) -> CertifiedKey {
        let key = any_supported_type(&self.key).expect("a key of ours");
        CertifiedKey::new(self.chain.clone(), key)
    }
}

impl Clone for Certified {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
            cert_pem: self.cert_pem.clone(),
            key_pem: self.key_pem.clone(),
        }
    }
}

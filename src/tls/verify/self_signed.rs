//! Recognises a self-signed certificate by its signature.

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls_pki_types::CertificateDer;
use x509_cert::{
    Certificate,
    der::{Decode, Encode},
};

/// Whether the key in the certificate made the signature of the certificate.
///
/// Equal names of subject and issuer do not prove that: an authority may issue a certificate for
/// its own name.
pub(super) fn is_self_signed(
    certificate: &CertificateDer<'_>,
    algorithms: &WebPkiSupportedAlgorithms,
) -> bool {
    let Ok(certificate) = Certificate::from_der(certificate) else {
        return false;
    };
    let Ok(signed) = certificate.tbs_certificate().to_der() else {
        return false;
    };
    let key = certificate.tbs_certificate().subject_public_key_info();
    let key = key.subject_public_key.raw_bytes();
    let signature = certificate.signature().raw_bytes();
    let mut algorithms = algorithms.all.iter();
    algorithms.any(|algorithm| algorithm.verify_signature(key, &signed, signature).is_ok())
}

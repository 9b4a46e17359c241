//! Bounds the work that a chain of certificates causes.
//!
//! webpki tries every path through certificates whose names fit, and gives up after 200,000 steps.
//! Ten certificates with one name and different keys cost that much.

use std::borrow::Cow;

use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;

/// At most this many intermediates are verified as they are. Nearly all chains are as short.
const FEW: usize = 4;

/// The maximum number of intermediates that are used. The longest path has six.
const MAX_USED: usize = 12;

/// The maximum number of intermediates with the same subject that are used. An authority with two
/// keys, or with a certificate of each of two roots, has two.
const MAX_SAME_SUBJECT: usize = 3;

/// The intermediates to look for a path in: those that names connect with the certificate, the
/// nearest first.
pub(super) fn bounded<'a>(
    end_entity: &CertificateDer<'_>,
    intermediates: &'a [CertificateDer<'a>],
) -> Cow<'a, [CertificateDer<'a>]> {
    if intermediates.len() <= FEW {
        return Cow::Borrowed(intermediates);
    }
    let parsed = |der: &'a CertificateDer<'a>| Some((der, EndEntityCert::try_from(der).ok()?));
    let candidates: Vec<_> = intermediates.iter().filter_map(parsed).collect();
    let Ok(certificate) = EndEntityCert::try_from(end_entity) else {
        // The verifier reports what is wrong with it.
        return Cow::Borrowed(&[]);
    };
    let mut issuers = vec![certificate.issuer().to_vec()];
    let mut used: Vec<CertificateDer<'a>> = Vec::new();
    let mut next = 0;
    while let Some(issuer) = issuers.get(next).cloned() {
        next += 1;
        let mut same_subject = 0;
        for (der, candidate) in &candidates {
            let is_full = same_subject == MAX_SAME_SUBJECT || used.len() == MAX_USED;
            if is_full || candidate.subject() != issuer || used.contains(der) {
                continue;
            }
            same_subject += 1;
            used.push(CertificateDer::from_slice(der));
            if !issuers.iter().any(|known| known == candidate.issuer()) {
                issuers.push(candidate.issuer().to_vec());
            }
        }
    }
    Cow::Owned(used)
}

//! Issuers whose intermediate certificates chain up to widely trusted roots.

/// Organisations whose intermediate certificates chain up to roots that every system trusts.
///
/// Source: the issuers' own pages about their hierarchies.
const PUBLIC_ISSUERS: [&str; 7] = [
    "O=Amazon",
    "O=DigiCert Inc",
    "O=GlobalSign nv-sa",
    "O=Google Trust Services",
    "O=Let's Encrypt",
    "O=Sectigo Limited",
    "O=ZeroSSL",
];

/// Whether this issuer chains up to a root that every system trusts.
///
/// A certificate of such an issuer that does not verify usually lacks its intermediates.
pub(crate) fn is_public_issuer(issuer: &str) -> bool {
    PUBLIC_ISSUERS
        .iter()
        .any(|organisation| issuer.contains(organisation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_recognised_by_its_organisation() {
        assert!(is_public_issuer("CN=R11, O=Let's Encrypt, C=US"));
        assert!(!is_public_issuer("CN=Example Root, O=Example"));
    }
}

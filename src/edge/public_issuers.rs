//! Issuers whose intermediate certificates chain up to widely trusted roots.

/// Organisations whose intermediate certificates chain up to roots that every system trusts.
///
/// Source: the issuers' own pages about their hierarchies, and the roots that Mozilla trusts, as of
/// the crate webpki-roots 1.0.10.
const PUBLIC_ISSUERS: [&str; 28] = [
    "O=Actalis S.p.A.",
    "O=Amazon",
    "O=Asseco Data Systems S.A.",
    "O=Buypass AS-983163327",
    "O=COMODO CA Limited",
    "O=Certainly",
    "O=D-Trust GmbH",
    "O=Deutsche Telekom Security GmbH",
    "O=DigiCert Inc",
    "O=DigiCert, Inc.",
    "O=GlobalSign nv-sa",
    "O=GoDaddy.com, Inc.",
    "O=Google Trust Services",
    "O=Google Trust Services LLC",
    "O=Hellenic Academic and Research Institutions CA",
    "O=IdenTrust",
    "O=Internet Security Research Group",
    "O=Let's Encrypt",
    "O=Microsoft Corporation",
    "O=QuoVadis Limited",
    "O=SSL Corporation",
    "O=Sectigo Limited",
    "O=Starfield Technologies, Inc.",
    "O=SwissSign AG",
    "O=The USERTRUST Network",
    "O=TrustAsia Technologies, Inc.",
    "O=Unizeto Technologies S.A.",
    "O=ZeroSSL",
];

/// Whether this issuer chains up to a root that every system trusts.
///
/// A certificate of such an issuer that does not verify usually lacks its intermediates.
pub(crate) fn is_public_issuer(issuer: &str) -> bool {
    // A comma within a value is escaped (RFC 4514 section 2.4).
    let issuer = issuer.replace('\\', "");
    PUBLIC_ISSUERS.iter().any(|organisation| {
        let rest = issuer.split_once(organisation).map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([',', '+']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_recognised_by_its_organisation() {
        assert!(is_public_issuer("CN=R11, O=Let's Encrypt, C=US"));
        assert!(is_public_issuer(
            "C=US,O=GoDaddy.com\\, Inc.,CN=Go Daddy Secure CA - G2"
        ));
        assert!(is_public_issuer(
            "CN=Certainly Intermediate R1, O=Certainly"
        ));
        assert!(!is_public_issuer("CN=Example Root, O=Example"));
        assert!(!is_public_issuer("CN=Example Root, O=Certainly not"));
    }
}

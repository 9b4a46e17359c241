//! The evidence of a presented certificate and its chain.

use crate::{
    edge::{SourceKind, is_public_issuer, placeholder_by_names},
    error::{Facts, PeerCertificate, PeerText},
    name::{DnsName, ExpectedName},
};

/// A distinguished name of a certificate in at most two lines of a report.
pub(super) fn short(name: &str) -> String {
    const LONGEST: usize = 120;
    PeerText::new(name, LONGEST).into()
}

/// The chain that the peer presented, with the questions that rules ask.
#[derive(Clone, Copy)]
pub(super) struct PresentedChain<'a>(pub(super) &'a Facts);

impl<'a> PresentedChain<'a> {
    /// The subject alternative names of the certificate presented.
    pub(super) fn names(self) -> &'a [String] {
        self.0.certificate().map_or(&[], PeerCertificate::names)
    }

    /// The first presented names, for a text.
    pub(super) fn names_in_brief(self) -> String {
        let certificate = self.0.certificate();
        certificate.map_or_else(String::new, PeerCertificate::names_in_brief)
    }

    /// The subject of the leaf; empty if it could not be read.
    pub(super) fn subject(self) -> &'a str {
        self.0.certificate().map_or("", PeerCertificate::subject)
    }

    /// Whether the leaf is of X.509 version 1.
    pub(super) fn is_version_1(self) -> bool {
        let certificate = self.0.certificate();
        certificate.is_some_and(PeerCertificate::is_version_1)
    }

    /// Whether the leaf is marked as an authority's.
    pub(super) fn is_authority(self) -> bool {
        let certificate = self.0.certificate();
        certificate.is_some_and(PeerCertificate::is_authority)
    }

    /// The first presented issuer of X.509 version 1, below a root, for a text.
    pub(super) fn version_1_issuer(self) -> Option<String> {
        let mut issuers = self.path().into_iter().skip(1);
        let first = issuers.find(|it| it.is_version_1() && !it.is_self_issued());
        first.map(|issuer| short(issuer.subject()))
    }

    /// Whether the certificate is signed with its own key, according to the signature.
    pub(super) fn is_self_signed(self) -> bool {
        self.0.findings.is_self_signed
    }

    /// Whether the certificate could be read and names no host, so no name matches.
    pub(super) fn names_no_host(self) -> bool {
        let certificate = self.0.certificate();
        certificate.is_some_and(PeerCertificate::is_readable) && self.names().is_empty()
    }

    /// The presented certificates from the leaf upwards. Each is by its name the issuer of the one
    /// before it. Servers send them in any order, and some that do not belong to the chain.
    pub(super) fn path(self) -> Vec<&'a PeerCertificate> {
        let presented = self.0.certificates();
        let mut path: Vec<_> = presented.first().into_iter().collect();
        while let Some(last) = path.last()
            && !last.is_self_issued()
            && path.len() < presented.len()
        {
            let mut issuers = presented.iter().skip(1);
            let is_issuer = |it: &&PeerCertificate| {
                let is_known = path.iter().any(|known| std::ptr::eq(*known, *it));
                it.is_readable() && it.subject() == last.issuer() && !is_known
            };
            match issuers.find(is_issuer) {
                Some(issuer) => path.push(issuer),
                None => break,
            }
        }
        path
    }

    /// Whether the peer sent the issuer of its certificate.
    pub(super) fn sent_issuer(self) -> bool {
        self.path().len() > 1
    }

    /// The issuer at which the presented chain ends, for a text.
    pub(super) fn missing_issuer(self) -> String {
        match self.path().last().map_or("", |last| last.issuer()) {
            "" => String::from("its issuer"),
            issuer => short(issuer),
        }
    }

    /// The issuer whose key is pinned in place of the origin's, for a text.
    pub(super) fn pinned_issuer(self) -> Option<String> {
        let place = self.0.findings.pinned_issuer?;
        let issuer = self.0.certificates().get(place)?;
        Some(short(issuer.subject()))
    }

    /// The leaf in DER.
    pub(super) fn leaf_der(self) -> Option<&'a [u8]> {
        self.0.certificate().map(PeerCertificate::der)
    }

    /// The certificate that expires first, of the leaf and its issuers.
    pub(super) fn first_to_end(self) -> Option<&'a PeerCertificate> {
        let dated = self.dated_path().into_iter();
        dated.min_by_key(|certificate| certificate.not_after())
    }

    /// The certificate that becomes valid last, of the leaf and its issuers.
    pub(super) fn last_to_begin(self) -> Option<&'a PeerCertificate> {
        // Of equal ones, `max_by_key` returns the last and `min_by_key` the first.
        let dated = self.dated_path().into_iter().rev();
        dated.max_by_key(|certificate| certificate.not_before())
    }

    /// The certificates whose dates are checked: the path without a root.
    fn dated_path(self) -> Vec<&'a PeerCertificate> {
        let is_checked = |(place, it): &(usize, &PeerCertificate)| {
            it.not_after().is_some() && (*place == 0 || !it.is_self_issued())
        };
        let path = self.path().into_iter().enumerate().filter(is_checked);
        path.map(|(_, certificate)| certificate).collect()
    }

    /// Whether the chain claims to come from a public authority.
    pub(super) fn is_of_public_authority(self) -> bool {
        let mut path = self.path().into_iter();
        path.any(|certificate| is_public_issuer(certificate.issuer()))
    }

    /// A presented name that a fix may offer: the first that is no wildcard.
    ///
    /// A certificate without a trusted root offers none, because anyone can issue one. Neither does
    /// an edge's default certificate.
    pub(super) fn proved_name(self) -> Option<DnsName> {
        /// A longer name does not fit into a line of a report.
        const LONGEST: usize = 69;
        if !self.0.findings.is_trusted || self.default_names().is_some() {
            return None;
        }
        let mut names = self.names().iter();
        names.find_map(|name| name.parse().ok().filter(|_| name.len() <= LONGEST))
    }

    /// The kind of source that documents the names of an edge's default certificate; `None` if they
    /// are no default certificate.
    pub(super) fn default_names(self) -> Option<SourceKind> {
        placeholder_by_names(self.names()).map(|known| known.source_kind())
    }

    /// Whether the leaf covers this name.
    pub(super) fn covers(self, name: &ExpectedName) -> bool {
        let certificate = self.0.certificate();
        certificate.is_some_and(|leaf| leaf.covers(name))
    }

    /// The pin of the presented key.
    pub(super) fn pin(self) -> Option<&'a str> {
        self.0.certificate().and_then(PeerCertificate::pin)
    }
}

//! Certificate revocation lists.

use std::path::{Path, PathBuf};

use rustls::client::ServerCertVerifierBuilder;
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};

use crate::{
    error::{BuildProblem, BuildProblemKind},
    tls::read_file,
};

type Lists = Vec<CertificateRevocationListDer<'static>>;

/// Certificate revocation lists ([RFC 5280 section 5]), from one or more places.
///
/// The connector reads them when it is built, and again at each
/// [reload](crate::CdnOriginConnector::reload). It downloads nothing. A list that cannot be read is
/// a build error.
///
/// By default every certificate of the chain must be covered by a list of its issuer, and a list
/// past its `nextUpdate` is not trusted. A handshake that cannot establish the status fails with
/// [`RevocationUnknown`](crate::error::CertificateProblem::RevocationUnknown), one with a revoked
/// certificate with [`Revoked`](crate::error::CertificateProblem::Revoked).
///
/// ```
/// use cdn_origin::tls::{Crls, Roots, VerifyPolicy};
///
/// let policy = VerifyPolicy::roots(Roots::pem_file("/etc/pki/company.pem"))
///     .crls(Crls::pem_file("/etc/pki/company.crl.pem").leaf_only());
/// ```
///
/// [RFC 5280 section 5]: https://www.rfc-editor.org/rfc/rfc5280#section-5
#[derive(Clone, Debug)]
#[must_use = "lists do nothing until a VerifyPolicy uses them"]
pub struct Crls {
    pub(crate) sources: Vec<CrlSource>,
    pub(crate) depth: CrlDepth,
    pub(crate) unknown: UnknownStatus,
    pub(crate) expiry: CrlExpiry,
}

#[derive(Clone, Debug)]
pub(crate) enum CrlSource {
    Der(CertificateRevocationListDer<'static>),
    File(PathBuf),
    Pem(Result<Lists, UnreadableCrl>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct UnreadableCrl;

#[derive(Clone, Copy, Debug)]
pub(crate) enum CrlDepth {
    Chain,
    Leaf,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum UnknownStatus {
    Allow,
    Deny,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum CrlExpiry {
    Enforce,
    Ignore,
}

impl Crls {
    /// Uses every list in a PEM text. A text without any is a build error.
    ///
    /// ```
    /// # fn crls(text: &str) -> cdn_origin::tls::Crls {
    /// cdn_origin::tls::Crls::pem(text)
    /// # }
    /// ```
    pub fn pem(text: impl AsRef<[u8]>) -> Self {
        Self::of(CrlSource::Pem(parse(text.as_ref())))
    }

    /// Uses every list in a PEM file. A file without any is a build error.
    ///
    /// ```
    /// let crls = cdn_origin::tls::Crls::pem_file("/etc/pki/company.crl.pem");
    /// ```
    pub fn pem_file(path: impl Into<PathBuf>) -> Self {
        Self::of(CrlSource::File(path.into()))
    }

    /// Uses one list in DER.
    ///
    /// ```
    /// # fn crls(list: Vec<u8>) -> cdn_origin::tls::Crls {
    /// cdn_origin::tls::Crls::der(list)
    /// # }
    /// ```
    pub fn der(list: impl Into<Vec<u8>>) -> Self {
        Self::of(CrlSource::Der(list.into().into()))
    }

    /// Adds the lists of `more`. The settings of `self` apply to all.
    ///
    /// ```
    /// use cdn_origin::tls::Crls;
    ///
    /// let crls = Crls::pem_file("/etc/pki/root.crl").and(Crls::pem_file("/etc/pki/issuing.crl"));
    /// ```
    pub fn and(mut self, more: Self) -> Self {
        self.sources.extend(more.sources);
        self
    }

    /// Checks the origin's own certificate only, not the intermediate ones.
    ///
    /// ```
    /// let crls = cdn_origin::tls::Crls::pem_file("/etc/pki/company.crl.pem").leaf_only();
    /// ```
    pub fn leaf_only(mut self) -> Self {
        self.depth = CrlDepth::Leaf;
        self
    }

    /// Accepts certificates that no list covers.
    ///
    /// For chains of which only some issuers publish a list. A certificate on a list is still
    /// refused.
    ///
    /// ```
    /// use cdn_origin::tls::Crls;
    ///
    /// let crls = Crls::pem_file("/etc/pki/company.crl.pem").allow_unknown_status();
    /// ```
    pub fn allow_unknown_status(mut self) -> Self {
        self.unknown = UnknownStatus::Allow;
        self
    }

    /// Trusts lists that are past their `nextUpdate`.
    ///
    /// A certificate revoked since then is accepted until the list is replaced.
    ///
    /// ```
    /// let crls = cdn_origin::tls::Crls::pem_file("/etc/pki/company.crl.pem").ignore_expiry();
    /// ```
    pub fn ignore_expiry(mut self) -> Self {
        self.expiry = CrlExpiry::Ignore;
        self
    }

    fn of(source: CrlSource) -> Self {
        Self {
            sources: vec![source],
            depth: CrlDepth::Chain,
            unknown: UnknownStatus::Deny,
            expiry: CrlExpiry::Enforce,
        }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().filter_map(|source| match source {
            CrlSource::File(path) => Some(path.as_path()),
            CrlSource::Der(_) | CrlSource::Pem(_) => None,
        })
    }

    pub(super) fn enforces_expiry(&self) -> bool {
        matches!(self.expiry, CrlExpiry::Enforce)
    }

    pub(super) fn add_to(
        &self,
        mut builder: ServerCertVerifierBuilder,
    ) -> Result<ServerCertVerifierBuilder, BuildProblem> {
        for source in &self.sources {
            builder = builder.with_crls(source.load()?);
        }
        if matches!(self.depth, CrlDepth::Leaf) {
            builder = builder.only_check_end_entity_revocation();
        }
        if matches!(self.unknown, UnknownStatus::Allow) {
            builder = builder.allow_unknown_revocation_status();
        }
        Ok(match self.expiry {
            CrlExpiry::Enforce => builder.enforce_revocation_expiration(),
            CrlExpiry::Ignore => builder,
        })
    }
}

impl CrlSource {
    fn load(&self) -> Result<Lists, BuildProblem> {
        match self {
            Self::Der(list) => Ok(vec![list.clone()]),
            Self::File(path) => {
                let content = read_file::read("verify", path);
                let lists = content.and_then(|content| {
                    some(parse(&content)).map_err(|problem| problem.in_file(path))
                });
                lists.map_err(|problem| problem.in_key("verify.crls.pem_files"))
            }
            Self::Pem(lists) => some(lists.clone()),
        }
    }
}

fn some(lists: Result<Lists, UnreadableCrl>) -> Result<Lists, BuildProblem> {
    match lists {
        Err(UnreadableCrl) => Err(invalid("the PEM text of a revocation list cannot be read")),
        Ok(none) if none.is_empty() => Err(invalid(
            "there is no revocation list in the PEM text; one starts with -----BEGIN X509 CRL-----",
        )),
        Ok(lists) => Ok(lists),
    }
}

fn parse(text: &[u8]) -> Result<Lists, UnreadableCrl> {
    let lists = CertificateRevocationListDer::pem_slice_iter(text);
    lists.collect::<Result<_, _>>().map_err(|_| UnreadableCrl)
}

pub(super) fn invalid(why: impl Into<String>) -> BuildProblem {
    BuildProblem::new("verify", BuildProblemKind::InvalidCertificate, why.into())
}

//! Lists of revoked certificates.

use std::path::{Path, PathBuf};

use rustls::client::ServerCertVerifierBuilder;
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};

use crate::error::{BuildProblem, BuildProblemKind};

use crate::tls::file_fingerprint as files;

type Lists = Vec<CertificateRevocationListDer<'static>>;

/// Certificate revocation lists ([RFC 5280 section 5]), from one or more places. They are read when
/// the connector is built, and again at each [reload](crate::CdnOriginConnector::reload); a list
/// that cannot be read is a build error.
///
/// Unless told otherwise, every certificate of the chain must be covered by a list of its issuer,
/// and a list that is past its next update is not believed.
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
    sources: Vec<CrlSource>,
    depth: CrlDepth,
    unknown: UnknownStatus,
    expiry: CrlExpiry,
}

#[derive(Clone, Debug)]
enum CrlSource {
    Der(CertificateRevocationListDer<'static>),
    File(PathBuf),
    Pem(Result<Lists, UnreadableCrl>),
}

#[derive(Clone, Copy, Debug)]
struct UnreadableCrl;

#[derive(Clone, Copy, Debug)]
enum CrlDepth {
    Chain,
    Leaf,
}

#[derive(Clone, Copy, Debug)]
enum UnknownStatus {
    Allow,
    Deny,
}

#[derive(Clone, Copy, Debug)]
enum CrlExpiry {
    Enforce,
    Ignore,
}

impl Crls {
    /// Every list in this PEM text. It must hold at least one.
    pub fn pem(text: impl AsRef<[u8]>) -> Self {
        Self::of(CrlSource::Pem(parse(text.as_ref())))
    }

    /// Every list in this PEM file.
    pub fn pem_file(path: impl Into<PathBuf>) -> Self {
        Self::of(CrlSource::File(path.into()))
    }

    /// One list in DER.
    pub fn der(list: impl Into<Vec<u8>>) -> Self {
        Self::of(CrlSource::Der(list.into().into()))
    }

    /// These lists and those. What was said of these holds for all.
    pub fn and(mut self, more: Self) -> Self {
        self.sources.extend(more.sources);
        self
    }

    /// Asks for the origin's own certificate alone, not for the intermediate ones.
    pub fn leaf_only(mut self) -> Self {
        self.depth = CrlDepth::Leaf;
        self
    }

    /// Accepts certificates that no list covers.
    pub fn allow_unknown_status(mut self) -> Self {
        self.unknown = UnknownStatus::Allow;
        self
    }

    /// Believes lists that are past their next update.
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
                let lists = some(parse(&files::read("verify", path)?));
                lists.map_err(|problem| problem.in_file(path))
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
    BuildProblem::new(
        "verify",
        BuildProblemKind::InvalidRevocationList,
        why.into(),
    )
}

//! The root certificates that are trusted.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{
    error::{BuildProblem, BuildProblemKind},
    tls::file_fingerprint as files,
};

/// Root certificates to trust, from one or more places.
///
/// The connector loads them when it is built, and again at each
/// [reload](crate::CdnOriginConnector::reload).
///
/// An unusable certificate of the system's store is skipped, and the connector's
/// [advice](crate::CdnOriginConnector::advice) reports it. An unusable certificate that you passed
/// yourself is a build error, and so is an empty store.
///
/// ```
/// use cdn_origin::{Roots, VerifyPolicy};
///
/// // The roots of the system and one more.
/// let roots = Roots::native().and(Roots::pem_file("/etc/pki/company.pem"));
/// let policy = VerifyPolicy::roots(roots);
/// ```
#[derive(Clone, Debug)]
#[must_use = "roots do nothing until a VerifyPolicy uses them"]
pub struct Roots(Vec<RootsSource>);

#[derive(Clone, Debug)]
enum RootsSource {
    #[cfg(feature = "bundled-roots")]
    Bundled,
    Der(CertificateDer<'static>),
    File(PathBuf),
    Loaded(Arc<RootCertStore>),
    Native,
    /// The certificates alone: the text may hold private keys too.
    Pem(Result<Vec<CertificateDer<'static>>, UnreadablePem>),
}

#[derive(Clone, Copy, Debug)]
struct UnreadablePem;

impl Roots {
    /// The system's certificate store, or that of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    ///
    /// ```
    /// let roots = cdn_origin::Roots::native();
    /// ```
    pub fn native() -> Self {
        Self(vec![RootsSource::Native])
    }

    /// Mozilla's root certificates, compiled in.
    ///
    /// For images without a certificate store. They change only with a new build of the program.
    ///
    /// ```
    /// let roots = cdn_origin::Roots::bundled();
    /// ```
    #[cfg(feature = "bundled-roots")]
    #[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "bundled-roots")))]
    pub fn bundled() -> Self {
        Self(vec![RootsSource::Bundled])
    }

    /// Every certificate in a PEM text. A text without any is a build error.
    ///
    /// ```
    /// # fn roots(text: &str) -> cdn_origin::Roots {
    /// cdn_origin::Roots::pem(text)
    /// # }
    /// ```
    pub fn pem(text: impl AsRef<[u8]>) -> Self {
        Self(vec![RootsSource::Pem(read(text.as_ref()))])
    }

    /// Every certificate in a PEM file. A file without any is a build error.
    ///
    /// ```
    /// let roots = cdn_origin::Roots::pem_file("/etc/pki/company.pem");
    /// ```
    pub fn pem_file(path: impl Into<PathBuf>) -> Self {
        Self(vec![RootsSource::File(path.into())])
    }

    /// One certificate in DER.
    ///
    /// ```
    /// # fn roots(certificate: Vec<u8>) -> cdn_origin::Roots {
    /// cdn_origin::Roots::der(certificate)
    /// # }
    /// ```
    pub fn der(certificate: impl Into<Vec<u8>>) -> Self {
        Self(vec![RootsSource::Der(certificate.into().into())])
    }

    /// Adds the roots of `more`.
    ///
    /// ```
    /// use cdn_origin::Roots;
    ///
    /// let roots = Roots::pem_file("/etc/pki/old.pem").and(Roots::pem_file("/etc/pki/new.pem"));
    /// ```
    pub fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// The same roots, loaded now, once and for all. Unchanged if they cannot be loaded.
    pub(super) fn loaded(self) -> Self {
        match self.load() {
            Ok(loaded) => Self(vec![RootsSource::Loaded(Arc::new(loaded.store))]),
            Err(_) => self,
        }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().filter_map(|source| match source {
            RootsSource::File(path) => Some(path.as_path()),
            _ => None,
        })
    }

    pub(super) fn load(&self) -> Result<LoadedRoots, BuildProblem> {
        let mut loaded = LoadedRoots::default();
        for source in &self.0 {
            match source {
                #[cfg(feature = "bundled-roots")]
                RootsSource::Bundled => loaded
                    .store
                    .extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
                RootsSource::Der(certificate) => loaded.add_given(certificate.clone())?,
                RootsSource::File(path) => loaded.add_file(path)?,
                RootsSource::Loaded(store) => loaded.store.extend(store.roots.iter().cloned()),
                RootsSource::Native => loaded.add_native(),
                RootsSource::Pem(certificates) => {
                    let hint = "it takes the content of a file, not its name";
                    loaded.add_pem(certificates, hint)?;
                }
            }
        }
        if loaded.store.is_empty() {
            return Err(loaded.empty());
        }
        Ok(loaded)
    }
}

/// The loaded store, and why certificates were skipped.
#[derive(Debug)]
pub(super) struct LoadedRoots {
    pub(super) store: RootCertStore,
    pub(super) skipped: Vec<String>,
}

impl Default for LoadedRoots {
    fn default() -> Self {
        Self {
            store: RootCertStore::empty(),
            skipped: Vec::new(),
        }
    }
}

impl LoadedRoots {
    fn add_native(&mut self) {
        let found = rustls_native_certs::load_native_certs();
        self.skipped
            .extend(found.errors.iter().map(ToString::to_string));
        for certificate in found.certs {
            if let Err(error) = self.store.add(certificate) {
                self.skipped.push(error.to_string());
            }
        }
    }

    fn add_file(&mut self, path: &Path) -> Result<(), BuildProblem> {
        let certificates = read(&files::read("verify", path)?);
        let hint = "`openssl x509 -inform der` makes it of DER";
        let added = self.add_pem(&certificates, hint);
        added.map_err(|problem| problem.in_file(path))
    }

    /// Adds certificates. The hint is for a text that holds none.
    fn add_pem(
        &mut self,
        certificates: &Result<Vec<CertificateDer<'static>>, UnreadablePem>,
        hint: &str,
    ) -> Result<(), BuildProblem> {
        match certificates {
            Err(UnreadablePem) => Err(invalid("the PEM text cannot be read")),
            Ok(none) if none.is_empty() => Err(invalid(format!(
                "there is no certificate in the PEM text; {hint}"
            ))),
            Ok(certificates) => certificates
                .iter()
                .try_for_each(|certificate| self.add_given(certificate.clone())),
        }
    }

    fn add_given(&mut self, certificate: CertificateDer<'static>) -> Result<(), BuildProblem> {
        let added = self.store.add(certificate);
        added.map_err(|error| invalid(format!("a root certificate cannot be used: {error}")))
    }

    fn empty(&self) -> BuildProblem {
        let mut why = String::from(
            "no root certificate to trust was found, so every handshake would fail: install the \
             system's ca-certificates, or use `Roots::bundled()` or `Roots::pem(..)`",
        );
        for reason in self.skipped.iter().take(3) {
            why.push_str("; ");
            why.push_str(reason);
        }
        BuildProblem::new("verify", BuildProblemKind::Empty, why)
    }
}

/// The certificates of a PEM text. Everything else in it is dropped.
fn read(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, UnreadablePem> {
    let certificates = CertificateDer::pem_slice_iter(text);
    certificates
        .collect::<Result<_, _>>()
        .map_err(|_| UnreadablePem)
}

fn invalid(why: impl Into<String>) -> BuildProblem {
    BuildProblem::new("verify", BuildProblemKind::InvalidCertificate, why.into())
}

//! `Roots`: which root certificates are trusted. `loaded_roots.rs` reads them.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use rustls_pki_types::CertificateDer;

use crate::{
    error::{BuildProblem, RootsKind},
    tls::file_fingerprint::FileFingerprint,
};

use super::{
    loaded_roots::{LoadedRoots, UnusablePem, read},
    root_cache::{Reread, RootCache},
};

/// Root certificates to trust, from one or more places.
///
/// The connector loads them when it is built, and again at each
/// [reload](crate::CdnOriginConnector::reload).
///
/// Connectors with clones of the same `Roots` share the loaded certificates, so thousands of them
/// need no more memory than one. The [system's](Self::native) and the bundled roots are shared by
/// all connectors. `build()` reads a file again if its length or modification time has changed, and
/// the system's store if the last read is a minute old.
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
#[derive(Clone)]
#[must_use = "roots do nothing until a VerifyPolicy uses them"]
pub struct Roots {
    pub(crate) sources: Vec<RootsSource>,
    cache: Arc<RootCache>,
}

#[derive(Clone, Debug)]
pub(crate) enum RootsSource {
    #[cfg(feature = "bundled-roots")]
    Bundled,
    Der(CertificateDer<'static>),
    File(PathBuf),
    Loaded(Arc<LoadedRoots>),
    Native,
    /// The certificates alone: the text may hold private keys too.
    Pem(Result<Vec<CertificateDer<'static>>, UnusablePem>),
}

impl Roots {
    /// The system's certificate store, or that of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    ///
    /// A file that is missing or cannot be read is skipped, and the connector's
    /// [advice](crate::CdnOriginConnector::advice) reports it. If no root is left, `build()` fails.
    ///
    /// ```
    /// let roots = cdn_origin::Roots::native();
    /// ```
    pub fn native() -> Self {
        static CACHE: LazyLock<Arc<RootCache>> = LazyLock::new(Arc::default);
        Self {
            sources: vec![RootsSource::Native],
            cache: CACHE.clone(),
        }
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
        static CACHE: LazyLock<Arc<RootCache>> = LazyLock::new(Arc::default);
        Self {
            sources: vec![RootsSource::Bundled],
            cache: CACHE.clone(),
        }
    }

    /// Every certificate in a PEM text. A text without any is a build error.
    ///
    /// ```
    /// # fn roots(text: &str) -> cdn_origin::Roots {
    /// cdn_origin::Roots::pem(text)
    /// # }
    /// ```
    pub fn pem(text: impl AsRef<[u8]>) -> Self {
        Self::of(RootsSource::Pem(read(text.as_ref())))
    }

    /// Every certificate in a PEM file. A file without any is a build error.
    ///
    /// ```
    /// let roots = cdn_origin::Roots::pem_file("/etc/pki/company.pem");
    /// ```
    pub fn pem_file(path: impl Into<PathBuf>) -> Self {
        Self::of(RootsSource::File(path.into()))
    }

    /// One certificate in DER.
    ///
    /// ```
    /// # fn roots(certificate: Vec<u8>) -> cdn_origin::Roots {
    /// cdn_origin::Roots::der(certificate)
    /// # }
    /// ```
    pub fn der(certificate: impl Into<Vec<u8>>) -> Self {
        Self::of(RootsSource::Der(certificate.into().into()))
    }

    /// Adds the roots of `more`.
    ///
    /// ```
    /// use cdn_origin::Roots;
    ///
    /// let roots = Roots::pem_file("/etc/pki/old.pem").and(Roots::pem_file("/etc/pki/new.pem"));
    /// ```
    pub fn and(mut self, more: Self) -> Self {
        self.sources.extend(more.sources);
        self.cache = Arc::default();
        self
    }

    /// The same roots, loaded now, once and for all. Unchanged if they cannot be loaded.
    pub(super) fn loaded(self) -> Self {
        match self.load(Reread::IfChanged) {
            Ok(loaded) => Self::of(RootsSource::Loaded(loaded)),
            Err(_) => self,
        }
    }

    fn of(source: RootsSource) -> Self {
        Self {
            sources: vec![source],
            cache: Arc::default(),
        }
    }

    /// The files that these roots name.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().filter_map(|source| match source {
            RootsSource::File(path) => Some(path.as_path()),
            _ => None,
        })
    }

    /// The loaded roots, which all clones share.
    pub(super) fn load(&self, reread: Reread) -> Result<Arc<LoadedRoots>, BuildProblem> {
        /// The system's store has no fingerprint.
        const MAX_NATIVE_AGE: Duration = Duration::from_secs(60);
        let mut sources = self.sources.iter();
        let (system, max_age) = match sources.any(|it| matches!(it, RootsSource::Native)) {
            true => (system_files(), MAX_NATIVE_AGE),
            false => (Vec::new(), Duration::MAX),
        };
        let files = self.files().chain(system.iter().map(PathBuf::as_path));
        let files = FileFingerprint::of(files);
        self.cache.get(files, max_age, reread, || self.read())
    }

    fn read(&self) -> Result<LoadedRoots, BuildProblem> {
        let mut loaded = LoadedRoots::default();
        for source in &self.sources {
            match source {
                #[cfg(feature = "bundled-roots")]
                RootsSource::Bundled => {
                    let bundled = webpki_roots::TLS_SERVER_ROOTS;
                    loaded.store_mut().extend(bundled.iter().cloned());
                    loaded.summary.add(RootsKind::Bundled, bundled.len());
                }
                RootsSource::Der(certificate) => {
                    loaded.add_given(certificate.clone(), RootsKind::Given)?;
                }
                RootsSource::File(path) => loaded.add_file(path)?,
                RootsSource::Loaded(known) => {
                    loaded.store_mut().extend(known.store.roots.iter().cloned());
                    loaded.summary.extend(&known.summary);
                }
                RootsSource::Native => loaded.add_native(),
                RootsSource::Pem(certificates) => {
                    let hint = "it takes the content of a file, not its name";
                    loaded.add_pem(certificates, &RootsKind::Given, hint)?;
                }
            }
        }
        if loaded.store.is_empty() {
            return Err(loaded.empty());
        }
        Ok(loaded)
    }
}

/// The files and directories that the environment names as the system's store.
fn system_files() -> Vec<PathBuf> {
    let file = env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let directories = env::var_os("SSL_CERT_DIR").unwrap_or_default();
    file.into_iter()
        .chain(env::split_paths(&directories))
        .collect()
}

/// Shows only the sources.
impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Roots").field(&self.sources).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A new certificate authority.
    fn authority() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.self_signed(&key).unwrap().pem()
    }

    fn load(roots: &Roots) -> Arc<LoadedRoots> {
        roots.load(Reread::IfChanged).unwrap()
    }

    #[test]
    fn clones_share_what_they_load_while_one_of_them_uses_it() {
        let roots = Roots::pem(authority());
        let loaded = load(&roots);
        assert!(Arc::ptr_eq(&loaded, &load(&roots.clone())));
        let more = roots.clone().and(Roots::pem(authority()));
        assert_eq!(load(&more).store.len(), 2);
        assert_eq!(load(&roots).store.len(), 1);
        let weak = Arc::downgrade(&loaded);
        drop(loaded);
        assert!(weak.upgrade().is_none(), "an unused store is freed");
        assert_eq!(load(&roots).store.len(), 1);
    }

    #[test]
    fn a_file_is_read_again_when_it_has_changed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (first, second) = (authority(), authority());
        fs::write(&file, &first).unwrap();
        let roots = Roots::pem_file(file.path());
        let before = load(&roots);
        fs::write(&file, format!("{first}{second}")).unwrap();
        let after = load(&roots);
        assert_eq!((before.store.len(), after.store.len()), (1, 2));
        assert!(Arc::ptr_eq(&after, &load(&roots)));
    }

    #[test]
    fn the_same_roots_share_memory_after_another_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, authority()).unwrap();
        let roots = Roots::pem_file(file.path());
        let before = load(&roots);
        let after = roots.load(Reread::Always).unwrap();
        assert!(Arc::ptr_eq(&before, &after));
    }

    #[test]
    fn a_failed_read_is_not_kept() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let roots = Roots::pem_file(file.path());
        assert!(roots.load(Reread::IfChanged).is_err());
        fs::write(&file, authority()).unwrap();
        assert_eq!(load(&roots).store.len(), 1);
    }
}

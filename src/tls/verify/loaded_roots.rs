//! `LoadedRoots`: a store of root certificates, as it was read.

use std::{path::Path, sync::Arc};

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject};

use crate::{
    error::{BuildProblem, BuildProblemKind, RootsKind, TrustedRoots},
    tls::read_file,
};

/// Why a PEM text holds no certificates.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UnusablePem {
    /// Its encoding is broken.
    Unreadable,
    /// It holds a private key, and no certificate.
    PrivateKey,
}

/// The loaded store, and why certificates were skipped.
#[derive(Debug)]
pub(crate) struct LoadedRoots {
    pub(super) store: Arc<RootCertStore>,
    /// Where the roots come from.
    pub(super) summary: TrustedRoots,
    pub(super) skipped: Vec<String>,
}

impl Default for LoadedRoots {
    fn default() -> Self {
        Self {
            store: Arc::new(RootCertStore::empty()),
            summary: TrustedRoots::default(),
            skipped: Vec::new(),
        }
    }
}

impl LoadedRoots {
    pub(super) fn store_mut(&mut self) -> &mut RootCertStore {
        Arc::make_mut(&mut self.store)
    }

    pub(super) fn has_roots_of(&self, other: &Self) -> bool {
        self.store.roots == other.store.roots && self.skipped == other.skipped
    }

    pub(super) fn add_native(&mut self) {
        let found = rustls_native_certs::load_native_certs();
        self.skipped
            .extend(found.errors.iter().map(ToString::to_string));
        for certificate in found.certs {
            match self.store_mut().add(certificate) {
                Ok(()) => self.summary.add(RootsKind::System, 1),
                Err(error) => self.skipped.push(error.to_string()),
            }
        }
    }

    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), BuildProblem> {
        let content = read_file::read("verify", path);
        let hint = "`openssl x509 -inform der` makes it of DER";
        let added = content.and_then(|content| {
            let kind = RootsKind::File(path.to_owned());
            let added = self.add_pem(&read(&content), &kind, hint);
            added.map_err(|problem| problem.in_file(path))
        });
        added.map_err(|problem| problem.in_key("verify.roots.pem_files"))
    }

    /// Adds certificates. The hint is for a text that holds none.
    pub(super) fn add_pem(
        &mut self,
        certificates: &Result<Vec<CertificateDer<'static>>, UnusablePem>,
        kind: &RootsKind,
        hint: &str,
    ) -> Result<(), BuildProblem> {
        match certificates {
            Err(UnusablePem::Unreadable) => Err(invalid("the PEM text cannot be read")),
            Err(UnusablePem::PrivateKey) => Err(invalid(
                "the PEM text holds a private key, and no certificate: a root is the certificate \
                 of an authority",
            )),
            Ok(none) if none.is_empty() => Err(invalid(format!(
                "there is no certificate in the PEM text; {hint}"
            ))),
            Ok(certificates) => certificates
                .iter()
                .try_for_each(|certificate| self.add_given(certificate.clone(), kind.clone())),
        }
    }

    pub(super) fn add_given(
        &mut self,
        certificate: CertificateDer<'static>,
        kind: RootsKind,
    ) -> Result<(), BuildProblem> {
        let added = self.store_mut().add(certificate);
        self.summary.add(kind, 1);
        added.map_err(|error| invalid(format!("a root certificate cannot be used: {error}")))
    }

    pub(super) fn empty(&self) -> BuildProblem {
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
pub(super) fn read(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, UnusablePem> {
    const KEY: &[u8] = b"PRIVATE KEY-----";
    let certificates = CertificateDer::pem_slice_iter(text);
    let certificates = certificates.collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|_| UnusablePem::Unreadable)?;
    let has_key = || text.windows(KEY.len()).any(|window| window == KEY);
    match certificates.is_empty() && has_key() {
        true => Err(UnusablePem::PrivateKey),
        false => Ok(certificates),
    }
}

fn invalid(why: impl Into<String>) -> BuildProblem {
    BuildProblem::new("verify", BuildProblemKind::InvalidCertificate, why.into())
}

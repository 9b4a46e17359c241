//! What one run shares: the folder of files, the certificate, and which programs are installed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::proxy::ProxyKind;

/// The name of the origin: dialled, sent in SNI, verified, and sent as Host.
pub(crate) const NAME: &str = "origin.example.test";

/// A temporary folder with the origin's certificate.
pub(crate) struct Setup {
    folder: tempfile::TempDir,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec![NAME.into()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        fs::write(folder.path().join("certificate.pem"), certificate.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self { folder }
    }

    /// A new folder, which lives as long as the run.
    pub(crate) fn folder(&self) -> PathBuf {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        folder.keep()
    }

    pub(crate) fn certificate(&self) -> String {
        text(&self.folder.path().join("certificate.pem"))
    }

    pub(crate) fn key(&self) -> String {
        text(&self.folder.path().join("key.pem"))
    }
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Finds a program. Debian installs servers in `/usr/sbin`, which only root has in `PATH`.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut files = folders.map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

/// Says which programs are not installed, and what that means.
pub(crate) fn print_missing() {
    for proxy in ProxyKind::ALL {
        if !proxy.is_installed() {
            println!("not found, left out: {}", proxy.name());
        }
    }
    if program("nginx").is_none() {
        println!("not found: nginx; the origin is a hyper server with nginx's response fields");
    }
    if program("valgrind").is_none() {
        println!("not found: valgrind; no instructions and no cache misses are counted");
    }
}

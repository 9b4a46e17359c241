//! The error of the caller's code: what a builder was given and cannot use.

use std::{error::Error, fmt, path::Path, sync::Arc};

/// Every value that a builder was given and cannot use, each with the setter's name.
#[derive(Clone)]
pub struct BuildError {
    problems: Vec<BuildProblem>,
}

impl BuildError {
    /// `Err` if there are problems.
    pub(crate) fn from_problems(problems: Vec<BuildProblem>) -> Result<(), Self> {
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Self { problems }),
        }
    }

    /// All problems. There is at least one.
    #[must_use]
    pub fn problems(&self) -> &[BuildProblem] {
        &self.problems
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

/// The same text: this is what `main` prints of an error that it returns.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError({self})")
    }
}

impl Error for BuildError {}

/// One value that a builder cannot use.
#[derive(Clone, Debug)]
pub struct BuildProblem {
    setter: &'static str,
    kind: BuildProblemKind,
    why: Arc<dyn Error + Send + Sync>,
}

impl BuildProblem {
    pub(crate) fn new(
        setter: &'static str,
        kind: BuildProblemKind,
        why: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            setter,
            kind,
            why: why.into().into(),
        }
    }

    /// The same problem, found in this file.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        let why = format!("{}: {}", path.display(), self.why);
        Self::new(self.setter, self.kind, why)
    }

    /// The setter that was given the value, such as `sni`.
    #[must_use]
    pub fn setter(&self) -> &'static str {
        self.setter
    }

    /// What kind of problem it is.
    #[must_use]
    pub fn kind(&self) -> BuildProblemKind {
        self.kind
    }
}

impl Error for BuildProblem {}

impl fmt::Display for BuildProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(..): {}", self.setter, self.why)
    }
}

/// What is wrong with a value that a builder was given.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BuildProblemKind {
    /// Values that cannot be had together, such as TLS 1.3 without a cipher suite of TLS 1.3.
    Contradiction,
    /// A list of names that holds none.
    EmptyNames,
    /// A range that holds nothing.
    EmptyRange,
    /// No root certificate to trust: every handshake would fail.
    EmptyRoots,
    /// A private key that is encrypted.
    EncryptedKey,
    /// Bytes that are no certificate or no PEM.
    InvalidCertificate,
    /// Bytes that are no private key, or one that the crypto provider does not take.
    InvalidKey,
    /// A name that cannot be parsed.
    InvalidName,
    /// Text that is no network, such as `192.0.2.0/24` or `2001:db8::/32`.
    InvalidNetwork,
    /// Bytes that are no certificate revocation list.
    InvalidRevocationList,
    /// A socket option that this system does not have, or not with this value.
    InvalidSocketOption,
    /// A private key that does not belong to its certificate.
    KeyMismatch,
    /// A list of addresses that holds none.
    NoAddress,
    /// A number outside its bounds.
    OutOfRange,
    /// A file that cannot be read.
    UnreadableFile,
    /// A crypto provider that is missing or does not support what is asked of it.
    CryptoProvider,
    /// A deadline or interval of zero.
    ZeroDuration,
}

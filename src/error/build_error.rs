//! The error of a builder: the values that it cannot use.

use std::{borrow::Cow, error::Error, fmt, path::Path, sync::Arc};

use super::snake_case::snake_case;

/// All invalid values that were passed to a builder, each with the name of its setter.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, error::BuildProblemKind};
///
/// let error = CdnOriginConnector::builder("https://www.example.com")
///     .sni("not a name")
///     .build()
///     .unwrap_err();
/// assert_eq!(error.problems()[0].setter(), "sni");
/// assert_eq!(error.problems()[0].kind(), BuildProblemKind::InvalidName);
/// println!("{error}");
/// ```
#[derive(Clone)]
pub struct BuildError {
    problems: Vec<BuildProblem>,
}

impl BuildError {
    /// The error of one problem.
    pub(crate) fn of(problem: BuildProblem) -> Self {
        Self {
            problems: vec![problem],
        }
    }

    pub(crate) fn of_all(problems: Vec<BuildProblem>) -> Self {
        Self { problems }
    }

    /// `Err` if there are problems.
    pub(crate) fn from_problems(problems: Vec<BuildProblem>) -> Result<(), Self> {
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Self { problems }),
        }
    }

    /// The same error, whose problems have these keys.
    #[cfg(feature = "serde")]
    pub(crate) fn with_keys(mut self, key: impl Fn(&str) -> String) -> Self {
        for problem in &mut self.problems {
            problem.key = Some(Cow::Owned(key(&problem.key())));
        }
        self
    }

    /// Returns the problems, in the order in which they were found. There is at least one.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let error = CdnOriginConnector::builder("https://www.example.com")
    ///     .sni("not a name")
    ///     .expected_name("")
    ///     .build()
    ///     .unwrap_err();
    /// for problem in error.problems() {
    ///     // sni(..): …
    ///     println!("{problem}");
    /// }
    /// assert_eq!(error.problems().len(), 2);
    /// ```
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

/// Contains the `Display` text, because `main` prints the `Debug` text of an error that it returns.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError({self})")
    }
}

impl Error for BuildError {}

/// One invalid value that was passed to a builder.
///
/// `Display` is the setter and the reason, such as `sni(..): ` followed by what is wrong with the
/// name. It contains neither keys nor certificates.
///
/// ```
/// use cdn_origin::{BuildError, error::BuildProblemKind};
///
/// /// Whether the configuration may be right, and a file is only missing on this machine.
/// fn may_be_the_machine(error: &BuildError) -> bool {
///     let unreadable = |kind| kind == BuildProblemKind::UnreadableFile;
///     error.problems().iter().all(|problem| unreadable(problem.kind()))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct BuildProblem {
    setter: &'static str,
    /// The key of a configuration file, if that of the setter has several parts.
    key: Option<Cow<'static, str>>,
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
            key: None,
            kind,
            why: why.into().into(),
        }
    }

    /// The same problem, which a configuration file has in this key.
    pub(crate) fn in_key(mut self, key: &'static str) -> Self {
        self.key = Some(Cow::Borrowed(key));
        self
    }

    /// The key of a configuration file that makes the call. Empty if a host of `VirtualHosts` is
    /// the key, or code makes the call.
    #[cfg(feature = "serde")]
    pub(crate) fn key(&self) -> String {
        match &self.key {
            Some(key) => key.clone().into_owned(),
            None => key_of_setter(self.setter),
        }
    }

    #[cfg(feature = "serde")]
    pub(crate) fn why(&self) -> String {
        self.why.to_string()
    }

    /// The same problem, with the path of the file that contains it.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        let why = format!("{}: {}", path.display(), self.why);
        Self {
            key: self.key,
            ..Self::new(self.setter, self.kind, why)
        }
    }

    /// Returns the setter that the value was passed to, such as `sni`.
    #[must_use]
    pub fn setter(&self) -> &'static str {
        self.setter
    }

    /// Returns the kind of the problem.
    #[must_use]
    pub fn kind(&self) -> BuildProblemKind {
        self.kind
    }
}

/// The key of a configuration file that makes this call: `timeouts.dial` for `Timeouts::dial`.
pub(crate) fn key_of_setter(setter: &str) -> String {
    let key = match setter {
        "insert" | "on_demand" => "",
        "builder" | "Tenant::new" => "url",
        "tier_from" => "tier",
        "tls_versions" => "tls",
        "DnsCache::ttl" => "dns.cache",
        "HealthCheck::get" => "health_check.path",
        setter => match setter.split_once("::") {
            Some(("TlsParameters", call)) => return format!("tls.{call}"),
            Some((part, call)) => return format!("{}.{call}", snake_case(part)),
            None => setter,
        },
    };
    key.to_owned()
}

impl Error for BuildProblem {}

impl fmt::Display for BuildProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(..): {}", self.setter, self.why)
    }
}

/// What is wrong with a value that was passed to a builder.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, TlsVersion, error::BuildProblemKind};
///
/// let error = CdnOriginConnector::builder("https://www.example.com")
///     .tls_versions(TlsVersion::V1_3..TlsVersion::V1_3)
///     .build()
///     .unwrap_err();
/// assert_eq!(error.problems()[0].kind(), BuildProblemKind::Empty);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum BuildProblemKind {
    /// The value contradicts another one, such as TLS 1.3 without a cipher suite of TLS 1.3.
    Contradiction,
    /// The list, the range or the set of trusted root certificates is empty.
    Empty,
    /// The bytes are not a certificate, a certificate revocation list or PEM.
    InvalidCertificate,
    /// The private key cannot be used: it is malformed, encrypted, does not match the certificate,
    /// or is not supported by the crypto provider.
    InvalidKey,
    /// The name cannot be parsed.
    InvalidName,
    /// The number is out of range, or the duration is zero.
    OutOfRange,
    /// The file cannot be read.
    UnreadableFile,
    /// The system, the crypto provider or a configuration file does not support the value.
    Unsupported,
}

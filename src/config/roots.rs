//! The trusted root certificates.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::tls::{Roots, RootsSource};

use super::{ConfigError, is_default::is_default, unwritten::Unwritten};

const IN_MEMORY: &str = "the certificates are in memory: a file has paths, see `Roots::pem_file`";

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { native = true, pem_files = ["ca.pem"] }"#
)]
pub(super) struct RootsConfig {
    /// The roots of the system.
    #[serde(skip_serializing_if = "is_default")]
    native: bool,
    /// Mozilla's roots. Needs the feature `bundled-roots`.
    #[serde(skip_serializing_if = "is_default")]
    bundled: bool,
    /// Files with certificates in PEM.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pem_files: Vec<PathBuf>,
}

impl RootsConfig {
    /// The roots, unless they are those of the system alone.
    pub(super) fn of(roots: &Roots, unwritten: &mut Unwritten) -> Option<Self> {
        let mut config = Self::default();
        for source in &roots.sources {
            match source {
                #[cfg(feature = "bundled-roots")]
                RootsSource::Bundled => config.bundled = true,
                RootsSource::Der(_) => unwritten.refuse("Roots::der", IN_MEMORY),
                RootsSource::File(path) => config.pem_files.push(path.clone()),
                RootsSource::Loaded(_) => unwritten.refuse("verify", IN_MEMORY),
                RootsSource::Native => config.native = true,
                RootsSource::Pem(_) => unwritten.refuse("Roots::pem", IN_MEMORY),
            }
        }
        let system = Self {
            native: true,
            ..Self::default()
        };
        (config != system).then_some(config)
    }

    pub(super) fn roots(&self) -> Result<Roots, ConfigError> {
        let native = self.native.then(Roots::native);
        let bundled = match self.bundled {
            true => Some(bundled()?),
            false => None,
        };
        let files = self.pem_files.iter().map(Roots::pem_file);
        let all = native.into_iter().chain(bundled).chain(files);
        let none = ConfigError::invalid("verify.roots", "no root is trusted: set one of its keys");
        all.reduce(Roots::and).ok_or(none)
    }
}

#[cfg(feature = "bundled-roots")]
fn bundled() -> Result<Roots, ConfigError> {
    Ok(Roots::bundled())
}

#[cfg(not(feature = "bundled-roots"))]
fn bundled() -> Result<Roots, ConfigError> {
    let problem = "the application was built without feature `bundled-roots`";
    Err(ConfigError::invalid("verify.roots.bundled", problem))
}

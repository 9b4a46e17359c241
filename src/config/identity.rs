//! The client certificate, and where its key is read.
//!
//! ```toml
//! [client_identity]
//! chain = { file = "/tls/chain.pem" }
//! key = { env = "ORIGIN_CLIENT_KEY" }
//! ```

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error, ser::SerializeMap};

use crate::tls::ClientIdentity;

use super::{ConfigError, keyed_enum::KeyedEnum, unwritten::Unwritten};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { chain = { file = "a.pem" }, key = { env = "KEY" } }"#
)]
pub(super) struct IdentityConfig {
    /// The certificate and its intermediates, in PEM.
    #[serde(deserialize_with = "not_inline")]
    chain: KeyedEnum<SecretSource>,
    /// The private key, in PEM.
    #[serde(deserialize_with = "not_inline")]
    key: KeyedEnum<SecretSource>,
}

/// The error leaves out the value: it may be the key itself, written into the configuration.
fn not_inline<'de, D>(deserializer: D) -> Result<KeyedEnum<SecretSource>, D::Error>
where
    D: Deserializer<'de>,
{
    let expected = r#"expected { file = "path" } or { env = "NAME" }"#;
    KeyedEnum::deserialize(deserializer).map_err(|_| D::Error::custom(expected))
}

/// Where to read a text that may be secret.
///
/// The text is read when the configuration is used, and is in no error and no log.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum SecretSource {
    /// The path of a file.
    File(PathBuf),
    /// The name of an environment variable.
    Env(String),
}

/// Without the tag that YAML would have, which cannot be read beside a plain text.
impl Serialize for SecretSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(Some(1))?;
        match self {
            Self::File(path) => table.serialize_entry("file", path)?,
            Self::Env(name) => table.serialize_entry("env", name)?,
        }
        table.end()
    }
}

impl IdentityConfig {
    /// `None`, with a note, for a key that is not in a file.
    pub(super) fn of(identity: &ClientIdentity, unwritten: &mut Unwritten) -> Option<Self> {
        let mut files = identity.files();
        let mut file = || {
            let path = files.next()?.to_path_buf();
            Some(KeyedEnum::from(SecretSource::File(path)))
        };
        let (Some(chain), Some(key)) = (file(), file()) else {
            let why = "the key is in memory: a file has paths, see `ClientIdentity::pem_files`";
            unwritten.refuse("client_identity", why);
            return None;
        };
        Some(Self { chain, key })
    }

    /// With both in files, the connector can notice that they were renewed.
    pub(super) fn identity(&self) -> Result<ClientIdentity, ConfigError> {
        // Files are left to the connector: it can read them again when they change.
        if let (SecretSource::File(chain), SecretSource::File(key)) = (&*self.chain, &*self.key) {
            return Ok(ClientIdentity::pem_files(chain, key));
        }
        let chain = self.chain.read("client_identity.chain")?;
        let key = self.key.read("client_identity.key")?;
        Ok(ClientIdentity::pem(chain, key))
    }
}

impl SecretSource {
    /// The error has the path or the name of the variable.
    pub(super) fn read(&self, key: &str) -> Result<Vec<u8>, ConfigError> {
        let key = key.to_owned();
        match self {
            Self::File(path) => std::fs::read(path).map_err(|source| ConfigError::File {
                key,
                path: path.clone(),
                source,
            }),
            // The error of `var` has the value in it.
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => Ok(text.into_bytes()),
                Err(_) => Err(ConfigError::Environment {
                    key,
                    name: name.clone(),
                }),
            },
        }
    }
}

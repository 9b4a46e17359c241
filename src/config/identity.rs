//! The client certificate, and where its key is read.
//!
//! ```toml
//! [client_identity]
//! chain = { file = "/tls/chain.pem" }
//! key = { env = "ORIGIN_CLIENT_KEY" }
//! ```

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::tls::ClientIdentity;

use super::{
    ConfigError, keyed_enum::KeyedEnum, secret_source::SecretSource, unwritten::Unwritten,
};

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

impl IdentityConfig {
    /// `None`, with a note, for a key that is not in a file.
    pub(super) fn of(identity: &ClientIdentity, unwritten: &mut Unwritten) -> Option<Self> {
        let mut files = identity.files();
        let mut file = || {
            let path = files.next()?;
            Some(KeyedEnum::from(SecretSource::file(path)))
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
            return Ok(ClientIdentity::pem_files(chain.path(), key.path()));
        }
        let chain = self.chain.read("client_identity.chain")?;
        let key = self.key.read("client_identity.key")?;
        Ok(ClientIdentity::pem(chain, key))
    }
}

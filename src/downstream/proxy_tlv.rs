//! TLVs of the PROXY protocol, version 2: facts about the client's connection.

use crate::invalid_value::InvalidValue;

/// The maximum length of ALPN and SNI names. Their own protocols have the same limit.
const MAX_BYTES: usize = 255;

/// The maximum length of a unique ID (section 2.2.5 of the specification).
const MAX_ID_BYTES: usize = 128;

/// The maximum length of a custom value. This crate's own limit.
const MAX_CUSTOM_BYTES: usize = 512;

/// A TLV of the PROXY protocol, version 2: a fact about the client's connection.
///
/// The sizes are limited so that a header stays below 16 KiB.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct ProxyTlv(TlvContent);

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum TlvContent {
    Alpn(Vec<u8>),
    Authority(String),
    UniqueId(Vec<u8>),
    Tls(ClientTls),
    Custom(u8, Vec<u8>),
}

impl ProxyTlv {
    pub(super) fn alpn(protocol: impl Into<Vec<u8>>) -> Result<Self, InvalidValue> {
        let protocol = within(protocol.into(), MAX_BYTES)?;
        Ok(Self(TlvContent::Alpn(protocol)))
    }

    pub(super) fn authority(name: impl Into<String>) -> Result<Self, InvalidValue> {
        let name = within(name.into(), MAX_BYTES)?;
        Ok(Self(TlvContent::Authority(name)))
    }

    pub(super) fn unique_id(id: impl Into<Vec<u8>>) -> Result<Self, InvalidValue> {
        let id = within(id.into(), MAX_ID_BYTES)?;
        Ok(Self(TlvContent::UniqueId(id)))
    }

    pub(super) fn tls(tls: ClientTls) -> Result<Self, InvalidValue> {
        let ClientTls {
            version,
            cipher,
            common_name,
        } = &tls;
        for part in [Some(version), cipher.as_ref(), common_name.as_ref()] {
            within(part.map_or("-", String::as_str), MAX_BYTES)?;
        }
        Ok(Self(TlvContent::Tls(tls)))
    }

    pub(super) fn custom(kind: u8, value: impl Into<Vec<u8>>) -> Result<Self, InvalidValue> {
        let value = value.into();
        if !(0xE0..=0xF7).contains(&kind) {
            return Err(InvalidValue::new(format_args!(
                "the type {kind:#04x} of the TLV is not between 0xe0 and 0xf7"
            )));
        }
        if value.len() > MAX_CUSTOM_BYTES {
            return Err(too_long(MAX_CUSTOM_BYTES));
        }
        Ok(Self(TlvContent::Custom(kind, value)))
    }

    pub(crate) fn content(&self) -> &TlvContent {
        &self.0
    }

    /// The number of the type.
    pub(super) fn kind(&self) -> u8 {
        match &self.0 {
            TlvContent::Alpn(_) => 0x01,
            TlvContent::Authority(_) => 0x02,
            TlvContent::UniqueId(_) => 0x05,
            TlvContent::Tls(_) => 0x20,
            TlvContent::Custom(kind, _) => *kind,
        }
    }
}

fn within<T: AsRef<[u8]>>(value: T, max: usize) -> Result<T, InvalidValue> {
    match value.as_ref().len() {
        0 => Err(InvalidValue::new("the value of the TLV is empty")),
        length if length > max => Err(too_long(max)),
        _ => Ok(value),
    }
}

fn too_long(max: usize) -> InvalidValue {
    InvalidValue::new(format_args!(
        "the value of the TLV is longer than {max} bytes"
    ))
}

/// TLS parameters of a client's connection, for [`ClientAddress::tls`](super::ClientAddress::tls).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use = "parameters do nothing until `ClientAddress::tls` takes them"]
pub struct ClientTls {
    pub(crate) version: String,
    pub(crate) cipher: Option<String>,
    pub(crate) common_name: Option<String>,
}

impl ClientTls {
    /// A connection with this TLS version, in the spelling of OpenSSL: `TLSv1.3`.
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            cipher: None,
            common_name: None,
        }
    }

    /// Sets the cipher, such as `TLS_AES_128_GCM_SHA256`.
    pub fn cipher(mut self, name: impl Into<String>) -> Self {
        self.cipher = Some(name.into());
        self
    }

    /// Sets the common name of the client's certificate, which was presented and verified.
    pub fn verified_common_name(mut self, name: impl Into<String>) -> Self {
        self.common_name = Some(name.into());
        self
    }
}

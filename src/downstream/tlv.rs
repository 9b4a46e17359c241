//! What version 2 of the PROXY protocol tells of a client beside addresses: values of a type and a
//! length.

use thiserror::Error;

/// As long as most of these values are at most: their own protocols bound them so.
const MOST_BYTES: usize = 255;

/// As long as an identifier is at most (section 2.2.5 of the protocol).
const MOST_OF_AN_ID: usize = 128;

const MOST_CUSTOM_BYTES: usize = 512;

/// What an origin is told of a client's connection beside its addresses, by version 2 of the PROXY
/// protocol (section 2.2 of [its specification]).
///
/// Their sizes are bounded, so that a header stays below 16 KiB. Many receivers take less: nginx
/// 1.22 takes 107 bytes in all.
///
/// [its specification]: https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ProxyTlv(TlvContent);

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum TlvContent {
    Alpn(Vec<u8>),
    Authority(String),
    UniqueId(Vec<u8>),
    Tls(ClientTls),
    Custom(u8, Vec<u8>),
}

/// Why a value cannot be told.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ProxyTlvError {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// The type is not one of those for applications (section 2.2.7).
    #[error("the type {0:#04x} is not between 0xe0 and 0xf7")]
    NotCustom(u8),
    /// It is too long.
    #[error("it is longer than {most} bytes")]
    TooLong {
        /// How long it may be.
        most: usize,
    },
}

impl ProxyTlv {
    /// The protocol that the client's connection speaks, as in ALPN: `h2`. At most 255 bytes.
    ///
    /// # Errors
    ///
    /// If it is empty or longer.
    pub fn alpn(protocol: impl Into<Vec<u8>>) -> Result<Self, ProxyTlvError> {
        let protocol = within(protocol.into(), MOST_BYTES)?;
        Ok(Self(TlvContent::Alpn(protocol)))
    }

    /// The host that the client named: in TLS, its SNI. At most 255 bytes.
    ///
    /// # Errors
    ///
    /// If it is empty or longer.
    pub fn authority(name: impl Into<String>) -> Result<Self, ProxyTlvError> {
        let name = within(name.into(), MOST_BYTES)?;
        Ok(Self(TlvContent::Authority(name)))
    }

    /// A name of the connection, by which it is found in several logs. At most 128 bytes.
    ///
    /// # Errors
    ///
    /// If it is empty or longer.
    pub fn unique_id(id: impl Into<Vec<u8>>) -> Result<Self, ProxyTlvError> {
        let id = within(id.into(), MOST_OF_AN_ID)?;
        Ok(Self(TlvContent::UniqueId(id)))
    }

    /// That the client's connection speaks TLS, and how. At most 255 bytes each.
    ///
    /// # Errors
    ///
    /// If some part of it is empty or longer.
    pub fn tls(tls: ClientTls) -> Result<Self, ProxyTlvError> {
        let ClientTls {
            version,
            cipher,
            common_name,
        } = &tls;
        for part in [Some(version), cipher.as_ref(), common_name.as_ref()] {
            within(part.map_or("-", String::as_str), MOST_BYTES)?;
        }
        Ok(Self(TlvContent::Tls(tls)))
    }

    /// A value of your own. Types from 0xE0 to 0xEF are for applications, those from there to 0xF7
    /// for experiments. At most 512 bytes.
    ///
    /// # Errors
    ///
    /// If the type is another, or the value is longer.
    pub fn custom(kind: u8, value: impl Into<Vec<u8>>) -> Result<Self, ProxyTlvError> {
        let value = value.into();
        if !(0xE0..=0xF7).contains(&kind) {
            return Err(ProxyTlvError::NotCustom(kind));
        }
        if value.len() > MOST_CUSTOM_BYTES {
            let most = MOST_CUSTOM_BYTES;
            return Err(ProxyTlvError::TooLong { most });
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

fn within<T: AsRef<[u8]>>(value: T, most: usize) -> Result<T, ProxyTlvError> {
    match value.as_ref().len() {
        0 => Err(ProxyTlvError::Empty),
        length if length > most => Err(ProxyTlvError::TooLong { most }),
        _ => Ok(value),
    }
}

/// How a client's connection speaks TLS.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[must_use = "it does nothing until `ProxyTlv::tls` is given it"]
pub struct ClientTls {
    pub(crate) version: String,
    pub(crate) cipher: Option<String>,
    pub(crate) common_name: Option<String>,
}

impl ClientTls {
    /// In this version, as OpenSSL spells it: `TLSv1.3`.
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            cipher: None,
            common_name: None,
        }
    }

    /// With this cipher, such as `TLS_AES_128_GCM_SHA256`.
    pub fn cipher(mut self, name: impl Into<String>) -> Self {
        self.cipher = Some(name.into());
        self
    }

    /// The client presented a certificate, which was verified, and this is its common name.
    pub fn verified_common_name(mut self, name: impl Into<String>) -> Self {
        self.common_name = Some(name.into());
        self
    }
}

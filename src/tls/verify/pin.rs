//! Pinned public keys and certificates. `Pins` compares them with the certificate.

use std::{fmt, str::FromStr};

use data_encoding::{BASE64, HEXUPPER, HEXUPPER_PERMISSIVE};
use hmac_sha256::Hash;
use rustls::server::ParsedCertificate;
use rustls_pki_types::CertificateDer;

use crate::error::{InvalidValue, pin_text};

/// The SHA-256 digest of a certificate's public key ([RFC 7469 section 2.4]).
///
/// The digest is that of the SubjectPublicKeyInfo. It stays the same when the certificate is
/// renewed with the same key. A pin parses from `sha256/` and the base64 of the digest, and prints
/// as such:
///
/// ```
/// use cdn_origin::{SpkiPin, VerifyPolicy};
///
/// let pin: SpkiPin = "sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=".parse()?;
/// let policy = VerifyPolicy::pinned(pin);
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
///
/// Only the key of the origin's own certificate counts, not that of an issuer. [RFC 7469 section
/// 2.6] counts every key of the verified chain. A peer can add any certificate to the chain that it
/// presents, and rustls does not expose the verified part.
///
/// To accept every key of an authority of your own, trust its certificate as a root.
///
/// OpenSSL computes the pin of a certificate file:
///
/// ```sh
/// echo "sha256/$(openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform der \
///     | openssl dgst -sha256 -binary | base64)"
/// ```
///
/// [RFC 7469 section 2.4]: https://www.rfc-editor.org/rfc/rfc7469#section-2.4
/// [RFC 7469 section 2.6]: https://www.rfc-editor.org/rfc/rfc7469#section-2.6
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SpkiPin([u8; 32]);

impl SpkiPin {
    /// Makes a pin of a SHA-256 digest.
    ///
    /// ```
    /// use cdn_origin::tls::SpkiPin;
    ///
    /// let pin = SpkiPin::sha256([0; 32]);
    /// assert_eq!(pin.to_string(), "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    /// ```
    #[must_use]
    pub fn sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Computes the pin of a certificate in DER.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a certificate.
    ///
    /// ```
    /// use cdn_origin::tls::SpkiPin;
    ///
    /// assert!(SpkiPin::of_certificate(b"no DER").is_err());
    /// ```
    pub fn of_certificate(der: &[u8]) -> Result<Self, InvalidValue> {
        Self::of(&CertificateDer::from(der))
            .map_err(|_| InvalidValue::new("the bytes are not a certificate"))
    }

    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, rustls::Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let key = parsed.subject_public_key_info();
        Ok(Self(Hash::hash(key.as_ref())))
    }
}

impl fmt::Display for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&pin_text(&self.0))
    }
}

impl fmt::Debug for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpkiPin({self})")
    }
}

impl FromStr for SpkiPin {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digest = text
            .trim()
            .strip_prefix("sha256/")
            .ok_or_else(|| InvalidValue::new("a pin starts with \"sha256/\""))?;
        // curl writes a second slash; a digest, of 44 characters, may begin with one too.
        let digest = match digest.strip_prefix('/') {
            Some(rest) if rest.len() == 44 => rest,
            _ => digest,
        };
        let bytes = BASE64
            .decode(digest.as_bytes())
            .map_err(|_| InvalidValue::new("a pin is base64 after \"sha256/\""))?;
        let digest = sha256_digest(bytes)?;
        Ok(Self(digest))
    }
}

impl TryFrom<&str> for SpkiPin {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The SHA-256 fingerprint of a whole certificate.
///
/// It changes with every renewal; an [`SpkiPin`] does not. It parses from hexadecimal digits, with
/// or without colons, as `openssl x509 -in cert.pem -noout -fingerprint -sha256` prints them:
///
/// ```
/// use cdn_origin::tls::{CertificatePin, VerifyPolicy};
///
/// let fingerprint = "9A:CD:0C:A2:A4:FF:6F:4B:9D:48:06:1B:DB:AA:30:7F:\
///                    28:20:22:0C:22:AE:0F:5B:DA:D3:AB:C4:B8:D2:A9:11";
/// let pin: CertificatePin = fingerprint.parse()?;
/// let policy = VerifyPolicy::native_roots().and_certificate_pin(pin);
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct CertificatePin([u8; 32]);

impl CertificatePin {
    /// Makes a pin of a SHA-256 digest.
    ///
    /// ```
    /// use cdn_origin::tls::CertificatePin;
    ///
    /// let pin = CertificatePin::sha256([0xab; 32]);
    /// assert!(pin.to_string().starts_with("AB:AB:AB:"));
    /// ```
    #[must_use]
    pub fn sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Computes the pin of a certificate in DER.
    ///
    /// ```
    /// use cdn_origin::tls::CertificatePin;
    ///
    /// # fn pin(certificate: &[u8]) -> CertificatePin {
    /// CertificatePin::of_certificate(certificate)
    /// # }
    /// ```
    #[must_use]
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Hash::hash(der))
    }
}

/// Writes hexadecimal digits with colons, as OpenSSL does.
impl fmt::Display for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ":" };
            write!(f, "{separator}{}", HEXUPPER.encode(&[*byte]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificatePin({self})")
    }
}

impl FromStr for CertificatePin {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim().replace(':', "");
        let bytes = HEXUPPER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| {
            InvalidValue::new("a fingerprint is hexadecimal digits, with or without colons")
        })?;
        let digest = sha256_digest(bytes)?;
        Ok(Self(digest))
    }
}

impl TryFrom<&str> for CertificatePin {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// The pins of a policy. One match among all of them is enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins {
    pub(crate) keys: Vec<SpkiPin>,
    pub(crate) certificates: Vec<CertificatePin>,
}

impl Pins {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.certificates.is_empty()
    }

    /// The position in the chain of the first issuer that a pin matches, if any.
    pub(super) fn issuer(&self, intermediates: &[CertificateDer<'_>]) -> Option<usize> {
        let mut issuers = intermediates.iter();
        let place =
            issuers.position(|issuer| matches!(self.match_certificate(issuer), Ok(true)))?;
        // The leaf comes before them.
        Some(place + 1)
    }

    pub(super) fn match_certificate(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Result<bool, rustls::Error> {
        let pinned = CertificatePin::of_certificate(certificate);
        Ok(self.certificates.contains(&pinned) || self.keys.contains(&SpkiPin::of(certificate)?))
    }
}

fn sha256_digest(bytes: Vec<u8>) -> Result<[u8; 32], InvalidValue> {
    let wrong_length = |_| InvalidValue::new("a SHA-256 digest has 32 bytes");
    bytes.try_into().map_err(wrong_length)
}

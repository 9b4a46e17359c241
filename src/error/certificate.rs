//! The certificates that the peer presented, parsed on demand.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use x509_cert::{
    Certificate, Version,
    der::{self, AnyRef, Decode, Encode, SliceReader, Tag},
    ext::pkix::{SubjectAltName, name::GeneralName},
    spki::SubjectPublicKeyInfoOwned,
    time::Validity,
};

use crate::name::ExpectedName;

/// The certificates that the peer presented, the leaf first.
pub(crate) type CertificateChain = Arc<[PeerCertificate]>;

/// A certificate that the peer presented, even if it was refused.
///
/// The fields are parsed from the DER on first use. Those that cannot be parsed are empty. Clones
/// are cheap.
///
/// ```
/// fn log(error: &cdn_origin::Error) {
///     for certificate in error.facts().certificates() {
///         println!("{} by {}", certificate.subject(), certificate.issuer());
///     }
/// }
/// ```
#[derive(Clone)]
pub struct PeerCertificate(Arc<CertificateData>);

struct CertificateData {
    der: Vec<u8>,
    fields: OnceLock<ParsedFields>,
}

impl PeerCertificate {
    pub(crate) fn new(der: &[u8]) -> Self {
        Self(Arc::new(CertificateData {
            der: der.to_vec(),
            fields: OnceLock::new(),
        }))
    }

    /// The certificate in DER, as received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The subject alternative names: DNS names, then IP addresses.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.fields().names
    }

    /// The subject's distinguished name (RFC 4514).
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.fields().subject
    }

    /// The issuer's distinguished name (RFC 4514).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.fields().issuer
    }

    /// The SHA-256 of the SubjectPublicKeyInfo as a [pin](crate::tls::SpkiPin): `sha256/` and
    /// base64.
    #[must_use]
    pub fn pin(&self) -> Option<&str> {
        self.fields().pin.as_deref()
    }

    /// Whether subject and issuer are the same, as in a self-signed certificate.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        !self.subject().is_empty() && self.subject() == self.issuer()
    }

    /// Whether one of its names is this one. A wildcard stands for one whole label (RFC 9525
    /// section 6.3).
    pub(crate) fn covers(&self, name: &ExpectedName) -> bool {
        let name = name.to_string();
        let parent = name.split_once('.').map(|(_, parent)| parent);
        self.names()
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(rest) => parent.is_some_and(|parent| parent.eq_ignore_ascii_case(rest)),
                None => pattern.eq_ignore_ascii_case(&name),
            })
    }

    /// Whether it is of X.509 version 1, which has no extensions and is not supported by webpki.
    pub(crate) fn is_version_1(&self) -> bool {
        self.fields().is_version_1
    }

    /// The first moment of validity.
    #[must_use]
    pub fn not_before(&self) -> Option<SystemTime> {
        self.fields().not_before.as_ref().map(|date| date.time)
    }

    /// The last moment of validity.
    #[must_use]
    pub fn not_after(&self) -> Option<SystemTime> {
        self.fields().not_after.as_ref().map(|date| date.time)
    }

    /// The number of whole days left at `now`: 0 on the last day, negative after it.
    ///
    /// ```
    /// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
    /// if let Some(leaf) = info.facts().certificate() {
    ///     println!("{:?} days left", leaf.days_left(std::time::SystemTime::now()));
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn days_left(&self, now: SystemTime) -> Option<i64> {
        const DAY: u64 = 24 * 60 * 60;
        let days = |left: Duration| i64::try_from(left.as_secs() / DAY).unwrap_or(i64::MAX);
        let left = self.not_after()?.duration_since(now);
        Some(match left {
            Ok(left) => days(left),
            Err(passed) => -1 - days(passed.duration()),
        })
    }

    /// The last moment of validity, parsed alone. It is needed for every new certificate, while the
    /// other fields are rarely used.
    pub(crate) fn end(&self) -> Option<SystemTime> {
        let validity = read_validity(self.der()).ok()?;
        Some(validity.not_after.to_system_time())
    }

    /// Both ends of the validity, as `2026-01-01T00:00:00Z to 2026-04-01T00:00:00Z`.
    pub(crate) fn validity(&self) -> Option<String> {
        let fields = self.fields();
        let (from, to) = (fields.not_before.as_ref()?, fields.not_after.as_ref()?);
        Some(format!("{} to {}", from.text, to.text))
    }

    fn fields(&self) -> &ParsedFields {
        let read = || ParsedFields::read(&self.0.der).unwrap_or_default();
        self.0.fields.get_or_init(read)
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate")
            .field("names", &self.names())
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct ParsedFields {
    names: Vec<String>,
    subject: String,
    issuer: String,
    pin: Option<String>,
    is_version_1: bool,
    not_before: Option<ValidityDate>,
    not_after: Option<ValidityDate>,
}

struct ValidityDate {
    time: SystemTime,
    text: String,
}

impl ValidityDate {
    fn read(time: &x509_cert::time::Time) -> Self {
        Self {
            time: time.to_system_time(),
            text: time.to_date_time().to_string(),
        }
    }
}

impl ParsedFields {
    fn read(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        let validity = body.validity();
        Some(Self {
            names: read_names(body.get_extension().ok().flatten().map(|(_, names)| names)),
            subject: printable(&body.subject().to_string()),
            issuer: printable(&body.issuer().to_string()),
            pin: pin(body.subject_public_key_info()),
            is_version_1: body.version() == Version::V1,
            not_before: Some(ValidityDate::read(&validity.not_before)),
            not_after: Some(ValidityDate::read(&validity.not_after)),
        })
    }
}

fn pin(key: &SubjectPublicKeyInfoOwned) -> Option<String> {
    let digest = Sha256::digest(key.to_der().ok()?);
    Some(pin_text(digest.as_slice()))
}

/// Formats the digest of a key as a pin.
pub(crate) fn pin_text(digest: &[u8]) -> String {
    format!("sha256/{}", BASE64.encode(digest))
}

fn read_names(names: Option<SubjectAltName>) -> Vec<String> {
    let names = names.map(|names| names.0).unwrap_or_default();
    let dns = names.iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(printable(name.as_str())),
        _ => None,
    });
    let ip = names.iter().filter_map(|name| match name {
        GeneralName::IpAddress(octets) => read_ip(octets.as_bytes()),
        _ => None,
    });
    dns.chain(ip).collect()
}

/// Escapes control characters and limits the length: the peer chooses these texts, and they appear
/// in reports and logs.
fn printable(text: &str) -> String {
    const LONGEST: usize = 253;
    let escaped = text.chars().flat_map(|char| match char.is_control() {
        true => char.escape_default().collect::<Vec<_>>(),
        false => vec![char],
    });
    escaped.take(LONGEST).collect()
}

fn read_ip(octets: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(octets).map(std::net::IpAddr::from);
    let v6 = <[u8; 16]>::try_from(octets).map(std::net::IpAddr::from);
    v4.or(v6).ok().map(|ip| ip.to_string())
}

/// Parses the validity and skips the fields before it (RFC 5280 section 4.1).
fn read_validity(certificate: &[u8]) -> der::Result<Validity> {
    fn content<'a>(reader: &mut SliceReader<'a>) -> der::Result<SliceReader<'a>> {
        SliceReader::new(AnyRef::decode(reader)?.value())
    }
    let mut body = content(&mut content(&mut SliceReader::new(certificate)?)?)?;
    // Only the version may be absent. Serial number, algorithm and issuer follow.
    let skipped = if Tag::peek(&body)?.is_context_specific() {
        4
    } else {
        3
    };
    for _ in 0..skipped {
        AnyRef::decode(&mut body)?;
    }
    Validity::decode(&mut body)
}

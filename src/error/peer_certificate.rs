//! The certificates that the peer presented, parsed on demand.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use data_encoding::BASE64;
use hmac_sha256::Hash;
use x509_cert::{
    Certificate, Version,
    der::{self, AnyRef, Decode, Encode, SliceReader, Tag},
    ext::pkix::{BasicConstraints, SubjectAltName, name::GeneralName},
    spki::SubjectPublicKeyInfoOwned,
    time::Validity,
};

use crate::name::ExpectedName;

use super::PeerText;

/// The certificates that the peer presented, the leaf first.
pub(crate) type CertificateChain = Arc<[PeerCertificate]>;

/// A certificate that the peer presented, even if it was refused.
///
/// The fields are parsed from the DER on first use. If that fails, all are empty. The texts are
/// escaped, and cut after 253 characters. Clones are cheap.
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
    /// `None` inside if the DER cannot be parsed.
    fields: OnceLock<Option<ParsedFields>>,
}

impl PeerCertificate {
    pub(crate) fn new(der: &[u8]) -> Self {
        Self(Arc::new(CertificateData {
            der: der.to_vec(),
            fields: OnceLock::new(),
        }))
    }

    /// Returns the certificate in DER, as received.
    ///
    /// ```no_run
    /// # fn save(error: &cdn_origin::Error) -> std::io::Result<()> {
    /// if let Some(leaf) = error.facts().certificates().first() {
    ///     // openssl x509 -inform der -in leaf.der -text
    ///     std::fs::write("leaf.der", leaf.der())?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Returns the subject alternative names: DNS names, then IP addresses.
    ///
    /// Empty if there are none, or the certificate cannot be parsed. A wildcard is written as it
    /// is: `*.example.com`.
    ///
    /// ```
    /// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
    /// if let Some(leaf) = info.facts().certificates().first() {
    ///     println!("valid for {}", leaf.names().join(", "));
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn names(&self) -> &[String] {
        self.fields().map_or(&[], |fields| &fields.names)
    }

    /// The first names in at most two lines, and the number of the others.
    pub(crate) fn names_in_brief(&self) -> String {
        const SHOWN: usize = 4;
        const LONGEST: usize = 100;
        let names = self.names();
        let mut text = String::new();
        let mut shown = 0;
        for name in names.iter().take(SHOWN) {
            let name = PeerText::new(name, LONGEST).to_string();
            if shown > 0 && text.len() + name.len() > LONGEST {
                break;
            }
            let separator = if shown == 0 { "" } else { ", " };
            text = format!("{text}{separator}{name}");
            shown += 1;
        }
        match names.len() - shown {
            0 => text,
            more => format!("{text} and {more} more"),
        }
    }

    /// Returns the subject's distinguished name (RFC 4514).
    ///
    /// Empty if the certificate has no subject, as is common today, or cannot be parsed.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.fields().map_or("", |fields| &fields.subject)
    }

    /// Returns the issuer's distinguished name (RFC 4514).
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// for certificate in error.facts().certificates() {
    ///     println!("{} <- {}", certificate.subject(), certificate.issuer());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.fields().map_or("", |fields| &fields.issuer)
    }

    /// The SHA-256 of the SubjectPublicKeyInfo as a pin: `sha256/` and base64.
    ///
    /// `None` if the certificate cannot be parsed.
    pub(crate) fn pin(&self) -> Option<&str> {
        self.fields()?.pin.as_deref()
    }

    /// Whether subject and issuer are the same, as in a self-signed certificate.
    pub(crate) fn is_self_issued(&self) -> bool {
        !self.subject().is_empty() && self.subject() == self.issuer()
    }

    /// Whether its fields could be parsed. webpki accepts some certificates for which that fails.
    pub(crate) fn is_readable(&self) -> bool {
        self.fields().is_some()
    }

    /// Whether it has subject alternative names of any kind.
    pub(crate) fn has_alternative_names(&self) -> bool {
        self.fields()
            .is_some_and(|fields| fields.has_alternative_names)
    }

    /// Whether one of its names is this one. A wildcard stands for one whole label of a name with
    /// at least three (RFC 9525 section 6.3).
    pub(crate) fn covers(&self, name: &ExpectedName) -> bool {
        let names = self.names();
        let name = match name {
            ExpectedName::Dns(name) => name.as_str(),
            ExpectedName::Ip(ip) => return names.contains(&ip.to_string()),
        };
        let parent = name.split_once('.').map(|(_, parent)| parent);
        let parent = parent.filter(|parent| parent.contains('.'));
        names
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(rest) => parent.is_some_and(|parent| parent.eq_ignore_ascii_case(rest)),
                None => pattern.eq_ignore_ascii_case(name),
            })
    }

    /// Whether it is of X.509 version 1, which has no extensions and is not supported by webpki.
    pub(crate) fn is_version_1(&self) -> bool {
        self.fields().is_some_and(|fields| fields.is_version_1)
    }

    /// Whether it is marked as an authority's (CA:TRUE, RFC 5280 section 4.2.1.9), which webpki
    /// does not accept as a server's.
    pub(crate) fn is_authority(&self) -> bool {
        self.fields().is_some_and(|fields| fields.is_authority)
    }

    /// Returns the first moment of validity.
    #[must_use]
    pub fn not_before(&self) -> Option<SystemTime> {
        Some(self.fields()?.not_before.time)
    }

    /// Returns the last moment of validity.
    ///
    /// `None` if the certificate cannot be parsed. [`days_left`](Self::days_left) is easier to log.
    #[must_use]
    pub fn not_after(&self) -> Option<SystemTime> {
        Some(self.fields()?.not_after.time)
    }

    /// Returns the number of whole days left at `now`: 0 on the last day, negative after it.
    ///
    /// ```
    /// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
    /// if let Some(leaf) = info.facts().certificates().first() {
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
        let fields = self.fields()?;
        let (from, to) = (&fields.not_before.text, &fields.not_after.text);
        Some(format!("{from} to {to}"))
    }

    fn fields(&self) -> Option<&ParsedFields> {
        let read = || ParsedFields::read(&self.0.der);
        self.0.fields.get_or_init(read).as_ref()
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate")
            .field("names", &self.names_in_brief())
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}

struct ParsedFields {
    names: Vec<String>,
    has_alternative_names: bool,
    subject: String,
    issuer: String,
    pin: Option<String>,
    is_version_1: bool,
    is_authority: bool,
    not_before: ValidityDate,
    not_after: ValidityDate,
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
        let names: Option<(bool, SubjectAltName)> = body.get_extension().ok()?;
        let constraints: Option<(bool, BasicConstraints)> = body.get_extension().ok()?;
        let names = names.map(|(_, SubjectAltName(names))| names);
        Some(Self {
            has_alternative_names: names.is_some(),
            names: read_names(&names.unwrap_or_default()),
            subject: printable(body.subject()),
            issuer: printable(body.issuer()),
            pin: pin(body.subject_public_key_info()),
            is_version_1: body.version() == Version::V1,
            is_authority: constraints.is_some_and(|(_, constraints)| constraints.ca),
            not_before: ValidityDate::read(&validity.not_before),
            not_after: ValidityDate::read(&validity.not_after),
        })
    }
}

fn pin(key: &SubjectPublicKeyInfoOwned) -> Option<String> {
    let digest = Hash::hash(&key.to_der().ok()?);
    Some(pin_text(&digest))
}

/// Formats the digest of a key as a pin.
pub(crate) fn pin_text(digest: &[u8]) -> String {
    format!("sha256/{}", BASE64.encode(digest))
}

fn read_names(names: &[GeneralName]) -> Vec<String> {
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

/// The length of the longest DNS name.
const LONGEST_TEXT: usize = 253;

fn printable(text: impl fmt::Display) -> String {
    PeerText::new(text, LONGEST_TEXT).into()
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

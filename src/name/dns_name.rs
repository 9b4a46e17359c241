//! A DNS host name in its wire form.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use crate::invalid_value::InvalidValue;

use super::NameProblem;

/// A DNS host name: lower-case ASCII without a trailing dot.
///
/// Labels have 1 to 63 bytes, the whole name at most 253. Letters, digits, hyphens and underscores
/// are allowed. Clones are cheap.
///
/// International names are written in punycode, such as `xn--bcher-kva.example`. With the cargo
/// feature `idna`, names in Unicode are converted to it ([UTS 46]).
///
/// ```
/// use cdn_origin::name::DnsName;
///
/// assert_eq!("WWW.Example.COM.".parse::<DnsName>()?.as_str(), "www.example.com");
/// assert!("bad_-.example".parse::<DnsName>().is_err());
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
///
/// [UTS 46]: https://www.unicode.org/reports/tr46/
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DnsName(Arc<str>);

impl DnsName {
    /// Returns the name in its wire form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses `text`. Callers add to the problem which name it is about.
    pub(super) fn parse(text: &str) -> Result<Self, NameProblem> {
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(NameProblem::Empty);
        }
        if name.contains("://") {
            return Err(NameProblem::Url);
        }
        if let Some((host, port)) = name.rsplit_once(':')
            && !host.contains(':')
            && port.bytes().all(|byte| byte.is_ascii_digit())
        {
            let digits = port.to_owned();
            return Err(NameProblem::PortHasNoPlace { digits });
        }
        if is_ip_address(name) {
            return Err(NameProblem::IpAddress);
        }
        if name.is_ascii() {
            check_labels(name)?;
            return Ok(Self(name.to_ascii_lowercase().into()));
        }
        let ascii = to_punycode(name)?;
        check_labels(&ascii)?;
        Ok(Self(ascii.into()))
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DnsName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|problem| problem.of("DNS name", text))
    }
}

super::impl_try_from_text!(DnsName);

impl AsRef<str> for DnsName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Converts an international name to punycode (UTS 46).
#[cfg(feature = "idna")]
fn to_punycode(name: &str) -> Result<String, NameProblem> {
    idna::domain_to_ascii(name).map_err(|_| NameProblem::International)
}

/// Refuses an international name: the conversion needs the tables of Unicode.
#[cfg(not(feature = "idna"))]
fn to_punycode(name: &str) -> Result<String, NameProblem> {
    let not_ascii = name.char_indices().find(|(_, found)| !found.is_ascii());
    let (at, found) = not_ascii.ok_or(NameProblem::International)?;
    Err(NameProblem::NotAscii { found, at })
}

fn is_ip_address(text: &str) -> bool {
    let unbracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    unbracketed.parse::<IpAddr>().is_ok()
}

fn check_labels(name: &str) -> Result<(), NameProblem> {
    let mut at = 0;
    let mut last = "";
    for label in name.split('.') {
        check_label(label, at)?;
        at += label.len() + 1;
        last = label;
    }
    if name.len() > 253 {
        return Err(NameProblem::TooLong);
    }
    // "Ends in a number" of the WHATWG URL standard: some resolvers read such a host as an IPv4
    // address (`127.1`), others as a name.
    if is_number(last) {
        return Err(NameProblem::NumericEnd);
    }
    Ok(())
}

/// Whether the label is a decimal or hexadecimal number, as in `inet_aton`.
fn is_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Checks the lengths that the DNS can hold (RFC 1035 section 2.3.4).
pub(super) fn check_lengths(name: &str) -> Result<(), NameProblem> {
    let mut at = 0;
    for label in name.split('.') {
        if label.is_empty() {
            return Err(NameProblem::EmptyLabel { at });
        }
        if label.len() > 63 {
            return Err(NameProblem::LabelTooLong { at });
        }
        at += label.len() + 1;
    }
    match name.len() > 253 {
        true => Err(NameProblem::TooLong),
        false => Ok(()),
    }
}

fn check_label(label: &str, at: usize) -> Result<(), NameProblem> {
    if label.is_empty() {
        return Err(NameProblem::EmptyLabel { at });
    }
    let allowed = |found: char| found.is_ascii_alphanumeric() || found == '-' || found == '_';
    if let Some((offset, found)) = label.char_indices().find(|(_, found)| !allowed(*found)) {
        return Err(NameProblem::Character {
            found,
            at: at + offset,
        });
    }
    if label.len() > 63 {
        return Err(NameProblem::LabelTooLong { at });
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(NameProblem::HyphenAtLabelEdge { at });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "idna")]
    #[test]
    fn an_international_name_becomes_punycode() {
        let name = DnsName::parse("B\u{fc}cher.example").unwrap();
        assert_eq!(name.as_str(), "xn--bcher-kva.example");
        let error = DnsName::parse("xn--\u{fc}.example").unwrap_err();
        assert_eq!(error, NameProblem::International);
    }

    #[cfg(not(feature = "idna"))]
    #[test]
    fn an_international_name_is_refused_with_the_two_ways_to_write_it() {
        let error = "a.b\u{fc}cher.example".parse::<DnsName>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "DNS name \"a.b\u{fc}cher.example\": the character '\u{fc}' at byte 3 is not ASCII: \
             write the name in punycode (\"xn--...\"), or enable the cargo feature \"idna\""
        );
        assert!(DnsName::parse("xn--bcher-kva.example").is_ok());
    }
}

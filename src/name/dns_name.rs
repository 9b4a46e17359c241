//! A DNS host name in the form in which it goes onto the wire.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use super::{NameError, NameProblem};

/// A DNS host name: ASCII, lower case, no trailing dot, labels of 1 to 63 bytes, 253 bytes at most.
///
/// Letters, digits, hyphens and underscores are allowed; other scripts are turned into punycode
/// (UTS 46). Clones are cheap.
///
/// ```
/// use cdn_origin::name::DnsName;
///
/// assert_eq!("WWW.Example.COM.".parse::<DnsName>()?.as_str(), "www.example.com");
/// # Ok::<(), cdn_origin::name::NameError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DnsName(Arc<str>);

impl DnsName {
    /// The name as it goes onto the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses `text`; the problem alone, for callers that say what the name was meant to be.
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
            return Err(NameProblem::PortHasNoPlace { at: host.len() });
        }
        if is_ip_address(name) {
            return Err(NameProblem::IpAddress);
        }
        if name.is_ascii() {
            check_labels(name)?;
            return Ok(Self(name.to_ascii_lowercase().into()));
        }
        let ascii = idna::domain_to_ascii(name).map_err(|_| NameProblem::International)?;
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
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|problem| NameError::new("DNS name", text, problem))
    }
}

super::from_text!(DnsName);

impl AsRef<str> for DnsName {
    fn as_ref(&self) -> &str {
        &self.0
    }
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
    // WHATWG URL "ends in a number": such a host is an IPv4 address to some resolvers (`127.1`) and
    // a name to others.
    if is_number(last) {
        return Err(NameProblem::NumericEnd);
    }
    Ok(())
}

/// A decimal or hexadecimal number, as old resolvers read one.
fn is_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
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

//! Finds the forwarded fields of a request, in one pass over its field names.

use http::{HeaderMap, HeaderName};

use super::field::{FieldSet, ForwardedField};

/// The forwarded fields that a request has. The default is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ForwardedFields {
    pub(super) fields: FieldSet,
    pub(super) aliases: Aliases,
}

/// Whether a request has aliases: names with another character, such as `_` or `.`, in place of
/// `-`. CGI and PHP read both as the same name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Aliases {
    #[default]
    Absent,
    Present,
}

impl ForwardedFields {
    /// Finds the fields in one pass.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut present = Self::default();
        for name in headers.keys() {
            match spelling(name) {
                None => {}
                Some(Spelling::Exact(field)) => present.fields = present.fields.with(field),
                Some(Spelling::Alias) => present.aliases = Aliases::Present,
            }
        }
        present
    }
}

/// Removes all aliases.
pub(super) fn remove_aliases(headers: &mut HeaderMap) {
    let is_alias = |name: &&HeaderName| spelling(name) == Some(Spelling::Alias);
    let aliases: Vec<_> = headers.keys().filter(is_alias).cloned().collect();
    for alias in aliases {
        headers.remove(alias);
    }
}

/// Whether the name may be a forwarded field or an alias of one. Excludes nearly all other names by
/// their length and first byte.
#[inline]
pub(crate) fn may_be_forwarded_field(name: &[u8]) -> bool {
    matches!(
        (name.len(), name.first()),
        (9, Some(b'f' | b'x')) | (15..=17, Some(b'x'))
    )
}

/// Whether the name is a forwarded field or an alias of one.
pub(crate) fn is_forwarded_field(name: &HeaderName) -> bool {
    spelling(name).is_some()
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Spelling {
    Exact(ForwardedField),
    Alias,
}

/// Matches a name against the six fields.
fn spelling(name: &HeaderName) -> Option<Spelling> {
    use ForwardedField as F;

    let name = name.as_str().as_bytes();
    // The length distinguishes four of the six fields.
    let (field, expected): (F, &[u8]) = match (name.len(), name.first()) {
        (9, Some(b'f')) => (F::Forwarded, b"forwarded"),
        (9, Some(b'x')) => (F::XRealIp, b"x-real-ip"),
        (15, Some(b'x')) => (F::XForwardedFor, b"x-forwarded-for"),
        (17, Some(b'x')) => (F::XForwardedProto, b"x-forwarded-proto"),
        (16, Some(b'x')) if name.ends_with(b"host") => (F::XForwardedHost, b"x-forwarded-host"),
        (16, Some(b'x')) => (F::XForwardedPort, b"x-forwarded-port"),
        _ => return None,
    };
    if name == expected {
        return Some(Spelling::Exact(field));
    }
    let matches = |(found, meant): (&u8, &u8)| {
        found == meant || (*meant == b'-' && !found.is_ascii_alphanumeric())
    };
    name.iter()
        .zip(expected)
        .all(matches)
        .then_some(Spelling::Alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name() {
        for field in ForwardedField::ALL {
            assert_eq!(spelling(&field.name()), Some(Spelling::Exact(field)));
            assert!(may_be_forwarded_field(field.name().as_str().as_bytes()));
        }
    }

    #[test]
    fn every_spelling_with_another_separator_is_an_alias_and_nothing_else_is() {
        for alias in [
            "x_forwarded_for",
            "x_forwarded-host",
            "x-real_ip",
            "x-forwarded_port",
            "x.forwarded.for",
            "x-forwarded.proto",
            "x+real+ip",
            "x~forwarded|host",
        ] {
            assert_eq!(
                spelling(&HeaderName::from_static(alias)),
                Some(Spelling::Alias),
                "{alias}"
            );
        }
        for other in [
            "x-forwarded-foo",
            "x-forwarded-by",
            "x-forwarded-mosts",
            "xxforwarded-for",
            "x0real0ip",
            "x-forwarded..for",
            "host",
        ] {
            assert_eq!(spelling(&HeaderName::from_static(other)), None, "{other}");
        }
    }
}

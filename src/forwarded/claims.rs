//! Finds the names that claim who the client is, in one pass over those that are there.

use http::{HeaderMap, HeaderName};

use super::field::{FieldSet, ForwardedField};

/// What a request claims before anything is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Claims {
    pub(super) fields: FieldSet,
    pub(super) twins: Twins,
}

/// Whether there are names that are spelled with `_` for `-`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Twins {
    #[default]
    Absent,
    Present,
}

impl Claims {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut claims = Self::default();
        for name in headers.keys() {
            match spelled(name) {
                None => {}
                Some(Spelling::Exact(field)) => claims.fields = claims.fields.with(field),
                Some(Spelling::Twin) => claims.twins = Twins::Present,
            }
        }
        claims
    }
}

/// Removes the names that are spelled with `_`. There are as many different ones as there are ways
/// to spell five names, so this ends soon whatever was sent.
pub(super) fn remove_twins(headers: &mut HeaderMap) {
    let is_twin = |name: &&HeaderName| spelled(name) == Some(Spelling::Twin);
    while let Some(twin) = headers.keys().find(is_twin).cloned() {
        headers.remove(twin);
    }
}

/// Whether the name claims who the client is, in any spelling.
pub(crate) fn is_claim(name: &HeaderName) -> bool {
    spelled(name).is_some()
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Spelling {
    Exact(ForwardedField),
    Twin,
}

fn spelled(name: &HeaderName) -> Option<Spelling> {
    use ForwardedField as F;

    let name = name.as_str().as_bytes();
    // The length alone rules out nearly all names, and tells four of the six apart.
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
    let folded = |(found, meant): (&u8, &u8)| found == meant || (*found == b'_' && *meant == b'-');
    name.iter()
        .zip(expected)
        .all(folded)
        .then_some(Spelling::Twin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_known_by_its_name() {
        for field in ForwardedField::ALL {
            assert_eq!(spelled(&field.name()), Some(Spelling::Exact(field)));
        }
    }

    #[test]
    fn every_spelling_with_an_underscore_is_a_twin_and_nothing_else_is() {
        for twin in [
            "x_forwarded_for",
            "x_forwarded-host",
            "x-real_ip",
            "x-forwarded_port",
        ] {
            assert_eq!(
                spelled(&HeaderName::from_static(twin)),
                Some(Spelling::Twin),
                "{twin}"
            );
        }
        for other in [
            "x-forwarded-foo",
            "x-forwarded-by",
            "x-forwarded-mosts",
            "xxforwarded-for",
            "host",
        ] {
            assert_eq!(spelled(&HeaderName::from_static(other)), None, "{other}");
        }
    }
}

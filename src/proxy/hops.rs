//! `Via` and `CDN-Loop`: by which a proxy says that a request came through it, and notices one that
//! comes again.

use http::{HeaderMap, HeaderName, HeaderValue, Version, header::VIA};

use super::Pseudonym;

pub(super) const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");

/// The names that this proxy signs with.
#[derive(Clone, Debug)]
pub(super) struct Hops {
    via: Option<Signature>,
    cdn_loop: Option<(Pseudonym, HeaderValue)>,
}

/// A line of `Via` for each version that a request may be received in, made once.
#[derive(Clone, Debug)]
struct Signature {
    name: Pseudonym,
    http_1_0: HeaderValue,
    http_1_1: HeaderValue,
    http_2: HeaderValue,
    http_3: HeaderValue,
}

impl Default for Hops {
    fn default() -> Self {
        Self {
            via: Some(Signature::new(Pseudonym::random())),
            cdn_loop: None,
        }
    }
}

impl Hops {
    pub(super) fn set_via(&mut self, name: Pseudonym) {
        self.via = Some(Signature::new(name));
    }

    pub(super) fn remove_via(&mut self) {
        self.via = None;
    }

    pub(super) fn set_cdn_loop(&mut self, name: Pseudonym) {
        let line = value(name.as_str());
        self.cdn_loop = Some((name, line));
    }

    /// Whether a request with these fields has been here before.
    pub(super) fn are_closed_by(&self, headers: &HeaderMap) -> bool {
        let via = self.via.as_ref().is_some_and(|via| {
            let lines = headers.get_all(VIA).iter();
            lines
                .flat_map(members)
                .any(|hop| via.name.is(received_by(hop)))
        });
        let cdn_loop = self.cdn_loop.as_ref().is_some_and(|(name, _)| {
            let lines = headers.get_all(CDN_LOOP).iter();
            lines.flat_map(members).any(|hop| name.is(cdn_id(hop)))
        });
        via || cdn_loop
    }

    /// Signs a request that was received in this version. What others have signed stays as it is,
    /// line by line.
    pub(super) fn sign(&self, headers: &mut HeaderMap, version: Version) {
        if let Some(via) = &self.via {
            headers.append(VIA, via.line(version).clone());
        }
        if let Some((_, line)) = &self.cdn_loop {
            headers.append(CDN_LOOP, line.clone());
        }
    }
}

impl Signature {
    fn new(name: Pseudonym) -> Self {
        let line = |version: &str| value(&format!("{version} {name}"));
        Self {
            http_1_0: line("1.0"),
            http_1_1: line("1.1"),
            // RFC 9110 section 2.5: a version without a minor number has the minor number 0.
            http_2: line("2.0"),
            http_3: line("3.0"),
            name,
        }
    }

    fn line(&self, version: Version) -> &HeaderValue {
        match version {
            Version::HTTP_2 => &self.http_2,
            Version::HTTP_3 => &self.http_3,
            Version::HTTP_10 | Version::HTTP_09 => &self.http_1_0,
            _ => &self.http_1_1,
        }
    }
}

#[expect(clippy::expect_used, reason = "a pseudonym is visible ASCII")]
fn value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).expect("a pseudonym is a field value")
}

/// The members of a list. A comma in a comment or a quoted string splits too, which yields members
/// that are nobody's name.
fn members(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    let members = line.as_bytes().split(|byte| *byte == b',');
    members.map(<[u8]>::trim_ascii)
}

/// The second word: `1.1 name (comment)`.
fn received_by(hop: &[u8]) -> &[u8] {
    let words = hop.split(u8::is_ascii_whitespace);
    let mut words = words.filter(|word| !word.is_empty());
    words.nth(1).unwrap_or_default()
}

/// What stands before the parameters: `name; parameter=value`.
fn cdn_id(hop: &[u8]) -> &[u8] {
    let id = hop.split(|byte| *byte == b';').next();
    id.unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hops() -> Hops {
        let mut hops = Hops::default();
        hops.set_via("edge-7".parse().unwrap());
        hops.set_cdn_loop("cdn.example:8443".parse().unwrap());
        hops
    }

    fn closes(name: HeaderName, line: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(line))]);
        hops().are_closed_by(&headers)
    }

    #[test]
    fn a_loop_is_the_own_name_wherever_it_stands_in_a_list() {
        assert!(closes(VIA, "1.1 edge-7"));
        assert!(closes(
            VIA,
            "1.0 other, HTTP/1.1  EDGE-7 (a comment), 1.1 third"
        ));
        assert!(closes(CDN_LOOP, "other, cdn.example:8443 ; a=1, third"));
    }

    #[test]
    fn a_name_that_only_looks_alike_is_no_loop() {
        for line in [
            "1.1 edge-77",
            "edge-7",
            "1.1 other (edge-7)",
            "",
            ",,",
            "1.1",
        ] {
            assert!(!closes(VIA, line), "{line}");
        }
        for line in [
            "cdn.example",
            "cdn.example:8443.test",
            "a; id=cdn.example:8443",
        ] {
            assert!(!closes(CDN_LOOP, line), "{line}");
        }
    }

    #[test]
    fn no_two_proxies_have_the_same_name_by_default() {
        let mut headers = HeaderMap::new();
        let (one, other) = (Hops::default(), Hops::default());
        one.sign(&mut headers, Version::HTTP_2);
        one.sign(&mut headers, Version::HTTP_3);
        let versions = headers
            .get_all(VIA)
            .iter()
            .map(|line| &line.as_bytes()[..4]);
        assert!(versions.eq([b"2.0 ", b"3.0 "]));
        assert!(one.are_closed_by(&headers));
        assert!(one.clone().are_closed_by(&headers));
        assert!(!other.are_closed_by(&headers));
    }
}

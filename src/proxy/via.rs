//! `Via` and `CDN-Loop`: how a proxy signs requests, and how it detects loops.

use http::{HeaderMap, HeaderName, HeaderValue, Version, header::VIA};

use crate::{error::InvalidValue, field_lines::FieldLines};

use super::Pseudonym;

pub(super) const CDN_LOOP: HeaderName = HeaderName::from_static("cdn-loop");

/// How an [`OriginProxy`](crate::OriginProxy) signs requests, and so detects loops.
///
/// The proxy appends its pseudonym, a name for this purpose, to `Via` ([RFC 9110 section 7.6.3]). A
/// request that already has it has been here before: the client gets 508 with
/// `proxy_loop_detected`.
///
/// By default, each proxy has a random pseudonym, which its clones share. So a request may pass
/// several proxies. [`Via::named`] sets a fixed one, and [`Via::off`] turns it off.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Via};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let proxy = OriginProxy::new(connector).via(Via::named("edge-7.example")?);
/// # drop(proxy);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// nginx as an origin does not compress its responses to requests with `Via`, unless
/// `gzip_proxied` allows it.
///
/// [RFC 9110 section 7.6.3]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3
#[derive(Clone, Debug)]
#[must_use = "it does nothing until `OriginProxy::via` gets it"]
pub struct Via {
    /// The configured name; absent if it is random, or if `Via` is off.
    name: Option<Pseudonym>,
    via: Option<Signature>,
    cdn_loop: Option<(Pseudonym, HeaderValue)>,
}

/// The `Via` line for each version that a request may be received in, made once.
#[derive(Clone, Debug)]
struct Signature {
    name: Pseudonym,
    http_1_0: HeaderValue,
    http_1_1: HeaderValue,
    http_2: HeaderValue,
    http_3: HeaderValue,
}

impl Default for Via {
    /// A random pseudonym.
    fn default() -> Self {
        Self {
            name: None,
            via: Some(Signature::new(Pseudonym::random())),
            cdn_loop: None,
        }
    }
}

impl Via {
    /// Signs requests with this pseudonym: a token with an optional port.
    ///
    /// Proxies that a request may pass need different ones. The proxy also uses it as its name
    /// in `Proxy-Status` ([RFC 9209 section 2]), where a proxy without one is `cdn-origin`.
    ///
    /// # Errors
    ///
    /// Fails if the name is not a token with an optional port.
    ///
    /// ```
    /// use cdn_origin::proxy::Via;
    ///
    /// let via = Via::named("edge-7.example")?;
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    ///
    /// [RFC 9209 section 2]: https://www.rfc-editor.org/rfc/rfc9209#section-2
    pub fn named(name: &str) -> Result<Self, InvalidValue> {
        name.parse().map(Self::signed_as)
    }

    pub(crate) fn signed_as(name: Pseudonym) -> Self {
        Self {
            name: Some(name.clone()),
            via: Some(Signature::new(name)),
            cdn_loop: None,
        }
    }

    /// Does not sign requests in `Via`.
    ///
    /// The lines of other proxies pass. Only [`cdn_loop`](Self::cdn_loop) detects loops then.
    ///
    /// ```
    /// use cdn_origin::proxy::Via;
    ///
    /// let via = Via::off();
    /// ```
    pub fn off() -> Self {
        Self {
            name: None,
            via: None,
            cdn_loop: None,
        }
    }

    /// Signs requests in `CDN-Loop` too ([RFC 8586]), for proxies that are part of a CDN.
    ///
    /// Off by default. A request that already has the name gets 508 with `proxy_loop_detected`. The
    /// entries of other CDNs pass unchanged in any case.
    ///
    /// # Errors
    ///
    /// Fails if the name is not a token with an optional port.
    ///
    /// ```
    /// use cdn_origin::proxy::Via;
    ///
    /// let via = Via::default().cdn_loop("cdn.example")?;
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    ///
    /// [RFC 8586]: https://www.rfc-editor.org/rfc/rfc8586
    pub fn cdn_loop(self, name: &str) -> Result<Self, InvalidValue> {
        Ok(self.looped_as(name.parse()?))
    }

    pub(crate) fn looped_as(mut self, name: Pseudonym) -> Self {
        let line = value(name.as_str());
        self.cdn_loop = Some((name, line));
        self
    }

    /// The name that the proxy was given, if it was.
    pub(super) fn name(&self) -> Option<&Pseudonym> {
        self.name.as_ref()
    }

    /// Whether a request with these fields has been here before.
    pub(super) fn detects_loop(&self, headers: &HeaderMap) -> bool {
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

    /// Signs a request that was received in this version. The lines follow those of other proxies.
    pub(super) fn sign(&self, lines: &mut FieldLines, version: Version) {
        if let Some(via) = &self.via {
            lines.push(&VIA, via.line(version).as_bytes());
        }
        if let Some((_, line)) = &self.cdn_loop {
            lines.push(&CDN_LOOP, line.as_bytes());
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

/// The members of a list. A comma in a comment or a quoted string splits too; the parts are not
/// valid pseudonyms.
fn members(line: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    let members = line.as_bytes().split(|byte| *byte == b',');
    members.map(<[u8]>::trim_ascii)
}

/// The pseudonym of a `Via` member, its second word: `1.1 name (comment)`.
fn received_by(hop: &[u8]) -> &[u8] {
    let words = hop.split(u8::is_ascii_whitespace);
    let mut words = words.filter(|word| !word.is_empty());
    words.nth(1).unwrap_or_default()
}

/// The name of a `CDN-Loop` member, before its parameters: `name; parameter=value`.
fn cdn_id(hop: &[u8]) -> &[u8] {
    let id = hop.split(|byte| *byte == b';').next();
    id.unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn via() -> Via {
        let via = Via::named("edge-7").unwrap();
        via.cdn_loop("cdn.example:8443").unwrap()
    }

    fn loops(name: HeaderName, line: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(line))]);
        via().detects_loop(&headers)
    }

    #[test]
    fn the_own_name_anywhere_in_a_list_is_a_loop() {
        assert!(loops(VIA, "1.1 edge-7"));
        assert!(loops(
            VIA,
            "1.0 other, HTTP/1.1  EDGE-7 (a comment), 1.1 third"
        ));
        assert!(loops(CDN_LOOP, "other, cdn.example:8443 ; a=1, third"));
    }

    #[test]
    fn a_similar_name_is_no_loop() {
        for line in [
            "1.1 edge-77",
            "edge-7",
            "1.1 other (edge-7)",
            "",
            ",,",
            "1.1",
        ] {
            assert!(!loops(VIA, line), "{line}");
        }
        for line in [
            "cdn.example",
            "cdn.example:8443.test",
            "a; id=cdn.example:8443",
        ] {
            assert!(!loops(CDN_LOOP, line), "{line}");
        }
    }

    #[test]
    fn proxies_have_different_names_by_default() {
        let mut headers = HeaderMap::new();
        let (one, other) = (Via::default(), Via::default());
        for version in [Version::HTTP_2, Version::HTTP_3] {
            let mut lines = FieldLines::default();
            one.sign(&mut lines, version);
            for (name, line) in lines.fields() {
                headers.append(name, line);
            }
        }
        let versions = headers
            .get_all(VIA)
            .iter()
            .map(|line| &line.as_bytes()[..4]);
        assert!(versions.eq([b"2.0 ", b"3.0 "]));
        assert!(one.detects_loop(&headers));
        assert!(one.clone().detects_loop(&headers));
        assert!(!other.detects_loop(&headers));
    }
}

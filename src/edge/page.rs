//! An error response that an edge makes itself, and what it means.

use http::{HeaderMap, StatusCode};

use super::{Edge, Standing, pages::PAGES};

/// How an error response of one edge is recognised.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage {
    pub(super) edge: Option<Edge>,
    /// The first and the last that it may have.
    pub(super) statuses: (u16, u16),
    /// Fields that it has, each with a part of its value; all of them.
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// Texts of which its body has one. Empty where the head tells enough.
    pub(super) texts: &'static [&'static str],
    /// A text that its body has besides.
    pub(super) signature: &'static str,
    /// A field whose presence makes it [`Weight::Proves`].
    pub(super) proving_field: Option<&'static str>,
    pub(super) meaning: Meaning,
    pub(super) weight: Weight,
    pub(super) standing: Standing,
    pub(super) source: &'static str,
}

/// What an edge says by an error response. More may come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Meaning {
    /// It could not reach or understand the server behind it.
    BehindTheEdge,
    /// Its firewall, rate limit, country rule or access rule refused.
    Blocked,
    /// It wants a client certificate, or another one.
    ClientCertificate,
    /// It refuses early data for this request (RFC 8470).
    EarlyData,
    /// It refuses the forwarding fields, or sees the request come round.
    ForwardingFields,
    /// The head of the request is larger than it takes.
    HeadTooLarge,
    /// Host is an address where it wants a name.
    HostIsAddress,
    /// It serves nothing under this Host.
    HostNotServed,
    /// Plain http arrived at a port that speaks TLS.
    HttpToTlsPort,
    /// It wants to know the length of the content.
    LengthRequired,
    /// It does not take this method.
    Method,
    /// Something about the request is not to its liking, of which Host is the usual part.
    RefusedRequest,
    /// The request comes round to it.
    RequestLoop,
    /// The request was signed for another Host.
    SignedForAnotherHost,
    /// SNI and Host say different names.
    SniAndHostDisagree,
    /// The bucket has no website.
    WebsiteOff,
    /// The bucket lives elsewhere; the body says where.
    WrongRegion,
}

/// How much a response like this says.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is nothing between, before or after these"
)]
pub enum Weight {
    /// A server behind the edge may well have sent the same.
    Hints,
    /// It is usually the edge's own.
    Suggests,
    /// Nobody else sends it.
    Proves,
}

impl ErrorPage {
    /// All that are known, the more telling ones first.
    #[must_use]
    pub fn known() -> &'static [Self] {
        PAGES
    }

    /// Whose it is, where that can be told.
    #[must_use]
    pub fn edge(&self) -> Option<Edge> {
        self.edge
    }

    /// What it means.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        self.meaning
    }

    /// How well it is known.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Where it was read, and when.
    #[must_use]
    pub fn read_in(&self) -> &'static str {
        self.source
    }

    /// How much a response with this head says. What is known at second hand proves nothing.
    pub(crate) fn weight(&self, headers: &HeaderMap) -> Weight {
        let is_proven = |name| headers.contains_key::<&str>(name);
        match (self.standing, self.proving_field) {
            (Standing::SecondHand, _) => self.weight.min(Weight::Suggests),
            (Standing::Confirmed, Some(name)) if is_proven(name) => Weight::Proves,
            (Standing::Confirmed, _) => self.weight,
        }
    }

    pub(crate) fn is_told_by_body(&self) -> bool {
        !self.texts.is_empty() || !self.signature.is_empty()
    }

    /// Whether status and head are its own.
    pub(crate) fn fits_head(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        let (first, last) = self.statuses;
        (first..=last).contains(&status.as_u16())
            && self
                .fields
                .iter()
                .all(|(name, part)| has(headers, name, part))
    }

    /// Whether the body has one of its texts.
    pub(crate) fn fits_body(&self, body: &str) -> bool {
        let has_one = self.texts.is_empty() || self.texts.iter().any(|text| body.contains(text));
        has_one && body.contains(self.signature)
    }
}

/// Whether a field of this name has this in its value, whatever the case.
fn has(headers: &HeaderMap, name: &str, part: &str) -> bool {
    let values = headers.get_all(name);
    values.iter().any(|value| {
        let value = value.as_bytes();
        part.is_empty()
            || value
                .windows(part.len())
                .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    })
}

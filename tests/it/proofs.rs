//! What may be called certain: each certain cause in the corpus (`field/`) and in the tests that
//! the symptom index lists needs one of these proofs.
//!
//! The proofs see what a user sees: the public facts of an error, or the response of the origin.
//! `src/diagnosis/proofs/` holds the same invariant for random evidence.

use cdn_origin::{
    Error,
    diagnosis::{CauseId, Certainty, Diagnosis},
    error::{
        CertificateProblem, ClientCertificate, ErrorKind, PeerCertificate, RequestProblem, Stage,
    },
    probe::Findings,
};

/// What proves a cause, in evidence of the type `E`.
type Proof<E> = (CauseId, fn(&E) -> bool);

/// The response of an origin, and the request in so far as it is the cause.
pub(crate) struct Answer {
    pub(crate) url: &'static str,
    pub(crate) status: u16,
    pub(crate) fields: &'static [(&'static str, &'static str)],
    pub(crate) body: &'static str,
}

/// Asserts that each certain cause of an error has a proof.
#[track_caller]
pub(crate) fn assert_error_proved(error: &Error) {
    let diagnosis = error.diagnosis();
    if let Some(id) = unproved(&diagnosis, ERRORS, error) {
        panic!("{id} has no proof\n{}", error.report());
    }
}

/// Asserts that each certain cause of a response has a proof.
#[track_caller]
pub(crate) fn assert_answer_proved(diagnosis: &Diagnosis, answer: &Answer) {
    if let Some(id) = unproved(diagnosis, ANSWERS, answer) {
        let (status, fields) = (answer.status, answer.fields);
        panic!(
            "{id} has no proof: {} {status} {fields:?}\n{}",
            answer.url, answer.body
        );
    }
}

/// Asserts that what a probe calls certain is proved by a change, or by one attempt alone.
#[track_caller]
pub(crate) fn assert_findings_proved(findings: &Findings) {
    if findings.is_proved() {
        let changed = findings.attempts().iter().any(|it| it.change().is_some());
        assert!(changed, "{findings}");
        return;
    }
    for id in certain(findings.diagnosis()) {
        let errors = findings.attempts().iter().filter_map(|it| it.error());
        let mut same = errors.filter(|it| certain(&it.diagnosis()).any(|found| found == id));
        let proves = |error: &Error| unproved(&error.diagnosis(), ERRORS, error).is_none();
        assert!(same.any(proves), "{id} has no proof\n{findings}");
    }
}

fn certain(diagnosis: &Diagnosis) -> impl Iterator<Item = CauseId> {
    let causes = diagnosis.causes().iter();
    let certain = causes.filter(|cause| cause.certainty() == Certainty::Certain);
    certain
        .map(|cause| cause.id())
        .collect::<Vec<_>>()
        .into_iter()
}

/// The first certain cause without a proof.
fn unproved<E>(diagnosis: &Diagnosis, proofs: &[Proof<E>], evidence: &E) -> Option<CauseId> {
    let is_proved = |id: &CauseId| {
        let of_it = proofs.iter().filter(|(proved, _)| proved == id);
        of_it.into_iter().any(|(_, holds)| holds(evidence))
    };
    certain(diagnosis).find(|id| !is_proved(id))
}

/// Whether a name in SNI was sent in place of the origin's.
fn has_ech(error: &Error) -> bool {
    let report = error.report().to_string();
    report
        .lines()
        .any(|row| row.trim_start().starts_with("ECH "))
}

fn has_service(error: &Error) -> bool {
    let mut resolutions = error.facts().resolutions().iter();
    resolutions.any(|resolution| resolution.service.is_some())
}

const ERRORS: &[Proof<Error>] = &[
    (CauseId::SniMissing, |e| {
        let is_alert = match early_alert(e) {
            Some(112) => true,
            Some(40) => dialled(e).contains("cloudfront.net"),
            _ => false,
        };
        (is_alert || has_default_certificate(e)) && !sends_sni(e)
    }),
    (CauseId::SniNotServed, |e| {
        let is_alert = early_alert(e) == Some(112) && !has_ech(e);
        (is_alert || has_default_certificate(e)) && sends_sni(e)
    }),
    (CauseId::NoCommonTlsVersion, |e| {
        e.kind() == ErrorKind::TlsVersionMismatch
    }),
    (CauseId::AlpnNotAccepted, |e| {
        e.kind() == ErrorKind::ProtocolNotNegotiated
    }),
    (CauseId::ClientCertificateRequired, |e| {
        alert(e) == Some(116) && !has_sent_certificate(e)
    }),
    (CauseId::ClientCertificateRefused, |e| {
        matches!(alert(e), Some(42..=46 | 48)) && has_sent_certificate(e)
    }),
    (CauseId::EchStale, |e| e.kind() == ErrorKind::EchRejected),
    (CauseId::EchUnpublished, |e| {
        e.kind() == ErrorKind::EchUnavailable && has_service(e)
    }),
    (CauseId::PlainHttpPeer, |e| {
        let first_bytes = e.facts().first_bytes();
        e.kind() == ErrorKind::NotTls && first_bytes.starts_with(b"HTTP/1")
    }),
    // The peer has named its own protocol.
    (CauseId::OtherService, |e| {
        let named: [&[u8]; 7] = [
            b"SSH-",
            b"220",
            b"+OK ",
            b"* OK",
            b"RFB 00",
            b"\0\0\x06\x04",
            b"\0\0\0\x04",
        ];
        let bytes = e.facts().first_bytes();
        let is_mysql = matches!(bytes, [_, 0, 0, 0, 10 | 0xff, ..]);
        is_mysql || named.iter().any(|start| bytes.starts_with(start))
    }),
    // A flood of messages: the record layer reports it.
    (CauseId::BrokenTls, |e| {
        chain(e).contains("handshake messages")
    }),
    (CauseId::AddressExpected, |e| {
        is_mismatch(e) && !names(e).is_empty()
    }),
    (CauseId::CertificateForAnotherName, |e| {
        is_mismatch(e) && !names(e).is_empty() && sends_sni(e)
    }),
    (CauseId::WildcardTooShallow, |e| {
        is_mismatch(e) && names(e).iter().any(|name| name.contains('*'))
    }),
    (CauseId::CertificateUnusable, |e| {
        let is_nameless = is_mismatch(e) && names(e).is_empty();
        is_nameless || is_certificate(e, CertificateProblem::Rejected)
    }),
    (CauseId::SelfSigned, |e| {
        let leaf = e.facts().certificates().first();
        let is_own = leaf.is_some_and(|leaf| leaf.subject() == leaf.issuer());
        is_certificate(e, CertificateProblem::UnknownIssuer) && is_own
    }),
    (CauseId::CertificateExpired, |e| {
        is_certificate(e, CertificateProblem::Expired)
    }),
    (CauseId::CertificateNotYetValid, |e| {
        is_certificate(e, CertificateProblem::NotYetValid)
    }),
    (CauseId::PinMismatch, |e| {
        is_certificate(e, CertificateProblem::PinMismatch) && is_for_us(e)
    }),
    (CauseId::CertificateRevoked, |e| {
        is_certificate(e, CertificateProblem::Revoked) && is_for_us(e)
    }),
    (CauseId::RevocationUnknown, |e| {
        is_certificate(e, CertificateProblem::RevocationUnknown) && is_for_us(e)
    }),
    (CauseId::HttpOnlyEndpoint, |e| {
        dialled(e).contains("s3-website") && e.stage() == Stage::Dial
    }),
    (CauseId::LocalSystem, |e| {
        chain(e).contains("os error 2") && e.stage() <= Stage::Dial
    }),
    (CauseId::DestinationProhibited, |e| {
        e.kind() == ErrorKind::AddressProhibited
    }),
    (CauseId::PoolTooSmall, |e| {
        e.kind() == ErrorKind::PoolExhausted
    }),
    (CauseId::ConcurrencyLimit, |e| {
        e.kind() == ErrorKind::Overloaded
    }),
    (CauseId::RequestLoop, |e| {
        e.kind() == ErrorKind::LoopDetected
    }),
    (CauseId::BodyTooLarge, |e| {
        e.kind() == ErrorKind::Request(RequestProblem::BodyTooLarge)
    }),
    (CauseId::HeadTooLarge, |e| e.stage() == Stage::Prepare),
    (CauseId::InvalidRequest, |e| e.stage() == Stage::Prepare),
    (CauseId::OriginMissing, |e| {
        e.kind() == ErrorKind::UnsupportedUri
    }),
    (CauseId::RequestIncomplete, |e| {
        let is_stalled = e.kind() == ErrorKind::TimedOut && e.stage() == Stage::Send;
        is_stalled || e.kind() == ErrorKind::Request(RequestProblem::BodyFailed)
    }),
    (CauseId::UnknownHost, |e| {
        e.kind() == ErrorKind::Request(RequestProblem::HostUnknown)
    }),
    (CauseId::ResponseHeadTooLarge, |e| {
        e.kind() == ErrorKind::ResponseHeadTooLarge
    }),
    // A rule of RFC 9112 that the texts name.
    (CauseId::BrokenHttp, |e| {
        let rules = [
            "malformed",
            "ambiguous",
            "CRLF",
            "switched protocols",
            "content",
        ];
        e.kind() == ErrorKind::HttpProtocol && rules.iter().any(|rule| chain(e).contains(rule))
    }),
    (CauseId::Http1Required, |e| {
        e.report().to_string().contains("HTTP_1_1_REQUIRED")
    }),
    (CauseId::TooSlow, |e| {
        e.kind() == ErrorKind::TimedOut && e.stage() == Stage::Receive
    }),
];

/// The proofs in responses. Pages and fields count only as the edge itself sends them.
const ANSWERS: &[Proof<Answer>] = &[
    (CauseId::HttpsRequired, |a| {
        let location = a.field("location").unwrap_or_default();
        let is_own = a.field("x-cache") == Some("Redirect from cloudfront");
        is_own && location.starts_with("https://") && a.url.starts_with("http://")
    }),
    (CauseId::SniAndHostDisagree, |a| {
        let is_cloudfront =
            a.field("server") == Some("CloudFront") && a.body.contains("Generated by cloudfront");
        a.status == 421 && is_cloudfront
            || a.is_cloudflare("1013")
            || a.body
                .contains("does not match any Subject Alternative Names")
    }),
    (CauseId::HostNotServed, |a| {
        let texts = [
            "NoSuchBucket",
            "InvalidUri",
            "Fastly error: unknown domain",
            "There isn't a GitHub Pages site here",
            "Invalid Hostname",
            "DEPLOYMENT_NOT_FOUND",
            "no such app",
        ];
        a.is_cloudflare("1001")
            || a.is_cloudflare("1003")
            || texts
                .iter()
                .any(|text| a.body.contains(text) || a.has_value(text))
    }),
    (CauseId::HttpToTlsPort, |a| {
        let texts = ["HTTPS port", "SSL-enabled", "HTTPS server", "requires TLS"];
        let is_said = texts.iter().any(|text| a.body.contains(text));
        is_said && a.url.starts_with("http://") && a.url.ends_with(":443")
    }),
    (CauseId::InvalidRequest, |a| {
        a.is_of("CloudFront") && a.body.contains("Bad request")
    }),
    (CauseId::BlockedByTheEdge, |a| {
        a.is_cloudflare("1020")
            || a.field("cf-mitigated") == Some("challenge")
            || a.is_of("CloudFront") && a.body.contains("Request blocked")
            || a.is_of("AkamaiGHost") && a.body.contains("Reference #18.")
    }),
    (CauseId::MethodNotAllowed, |a| {
        a.is_of("CloudFront") && a.body.contains("HTTP request method")
    }),
    (CauseId::BehindTheEdge, |a| {
        (502..=530).contains(&a.status) && (a.is_of("cloudflare") || a.is_of("CloudFront"))
    }),
    (CauseId::RequestLoop, |a| {
        a.has_value("loop detected") || a.is_cloudflare("1019")
    }),
    (CauseId::HeadTooLarge, |a| {
        a.has_value("REQUEST_HEADER_TOO_LARGE") || a.status == 413 && a.is_of("CloudFront")
    }),
    (CauseId::LengthRequired, |a| {
        a.is_of("AmazonS3") && a.body.contains("Transfer-Encoding")
    }),
    (CauseId::WebsiteOff, |a| {
        a.is_of("AmazonS3") && a.body.contains("NoSuchWebsiteConfiguration")
    }),
    (CauseId::WrongRegion, |a| {
        a.is_of("AmazonS3") && a.body.contains("PermanentRedirect")
    }),
];

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields.find_map(|(found, value)| (*found == name).then_some(*value))
    }

    fn has_value(&self, value: &str) -> bool {
        self.fields.iter().any(|(_, found)| *found == value)
    }

    fn is_of(&self, server: &str) -> bool {
        self.field("server") == Some(server)
    }

    fn is_cloudflare(&self, code: &str) -> bool {
        let kind = self.field("cf-error-type");
        let is_own = kind == Some("1xxx") || kind == Some(code);
        self.is_of("cloudflare") && is_own && self.body.contains(code)
    }
}

fn alert(error: &Error) -> Option<u8> {
    error.facts().alert().map(|alert| alert.code())
}

/// The alert, if it arrived before the certificate was accepted.
fn early_alert(error: &Error) -> Option<u8> {
    let is_late = error.stage() > Stage::Handshake || error.facts().is_accepted_by_policy();
    alert(error).filter(|_| !is_late)
}

fn sends_sni(error: &Error) -> bool {
    let origin = error.facts().origin();
    origin.is_some_and(|origin| origin.sni().name().is_some())
}

fn has_sent_certificate(error: &Error) -> bool {
    error.facts().client_certificate() == ClientCertificate::Sent
}

fn dialled(error: &Error) -> String {
    let origin = error.facts().origin();
    origin.map_or_else(String::new, |origin| origin.dial().to_string())
}

fn names(error: &Error) -> &[String] {
    let leaf = error.facts().certificates().first();
    leaf.map_or(&[], PeerCertificate::names)
}

fn is_certificate(error: &Error, problem: CertificateProblem) -> bool {
    error.kind() == ErrorKind::Certificate(problem)
}

/// Whether the presented certificate is for the expected name, or for one of a list.
fn is_for_us(error: &Error) -> bool {
    let expected = error.facts().origin().map(|it| it.expected_name());
    let expected = expected.map_or_else(String::new, ToString::to_string);
    let parent = expected.split_once('.').map(|(_, parent)| parent);
    names(error).iter().any(|name| {
        let is_wildcard = name.strip_prefix("*.").is_some_and(|it| Some(it) == parent);
        *name == expected || is_wildcard
    })
}

/// Whether a certificate was refused for its names alone.
fn is_mismatch(error: &Error) -> bool {
    is_certificate(error, CertificateProblem::NameMismatch)
}

/// Whether the certificate is documented as one for unknown names.
fn has_default_certificate(error: &Error) -> bool {
    let subject = error
        .facts()
        .certificates()
        .first()
        .map_or("", PeerCertificate::subject);
    let subjects = [
        "TRAEFIK DEFAULT CERT",
        "Kubernetes Ingress Controller Fake Certificate",
        "invalid2.invalid",
    ];
    let ends = [
        ".cloudfront.net",
        ".netlify.app",
        ".netlify.com",
        ".traefik.default",
        "ingress.local",
        "a248.e.akamai.net",
        ".b-cdn.net",
        ".github.io",
    ];
    let is_default = |name: &String| ends.iter().any(|end| name.ends_with(end));
    subjects.iter().any(|known| subject.contains(known)) || names(error).iter().any(is_default)
}

/// The texts of an error and of what caused it.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut level = std::error::Error::source(error);
    while let Some(source) = level {
        text += &format!(": {source}");
        level = source.source();
    }
    text
}

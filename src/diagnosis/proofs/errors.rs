//! The proofs of the certain causes of errors.

use crate::{
    diagnosis::CauseId,
    error::{
        Alert, CertificateProblem, ClientCertificate, Error, ErrorKind, ExchangeTimeout,
        HandshakeFlood, HttpFault, PeerCertificate, RequestProblem, Stage, source_chain,
    },
    name::{DnsName, ExpectedName},
};

use super::{
    proof::{Proof, check, proof},
    random_errors::random_errors,
};

const PROOFS: &[Proof<Error>] = &[
    proof(CauseId::SniMissing, "unrecognized_name, and no SNI", |e| {
        early_alert(e) == Some(112) && sni(e).is_none()
    }),
    proof(
        CauseId::SniMissing,
        "the alert that the edge documents for it",
        |e| {
            let is_documented = dialled(e).ends_with("cloudfront.net");
            early_alert(e) == Some(40) && sni(e).is_none() && is_documented
        },
    ),
    proof(
        CauseId::SniMissing,
        "a documented placeholder, and no SNI",
        |e| has_placeholder(e) && sni(e).is_none(),
    ),
    proof(
        CauseId::SniNotServed,
        "unrecognized_name, and a readable SNI",
        |e| {
            early_alert(e) == Some(112) && sni(e).is_some() && e.facts().ech_public_name().is_none()
        },
    ),
    proof(CauseId::SniNotServed, "a documented placeholder", |e| {
        has_placeholder(e) && sni(e).is_some()
    }),
    proof(
        CauseId::NoCommonTlsVersion,
        "protocol_version, or another version",
        |e| e.kind() == ErrorKind::TlsVersionMismatch,
    ),
    proof(
        CauseId::AlpnNotAccepted,
        "no_application_protocol, or another one",
        |e| e.kind() == ErrorKind::ProtocolNotNegotiated,
    ),
    proof(
        CauseId::ClientCertificateRequired,
        "certificate_required, and none sent",
        |e| {
            let is_sent = e.facts().client_certificate() == ClientCertificate::Sent;
            alert(e) == Some(116) && !is_sent
        },
    ),
    proof(
        CauseId::ClientCertificateRefused,
        "an alert about the one sent",
        |e| {
            let is_sent = e.facts().client_certificate() == ClientCertificate::Sent;
            let is_about_it = matches!(alert(e), Some(42..=46 | 48));
            is_about_it && is_sent && early_alert(e).is_none()
        },
    ),
    proof(CauseId::EchStale, "a proved rejection", |e| {
        e.kind() == ErrorKind::EchRejected
    }),
    proof(
        CauseId::EchUnpublished,
        "a record without a usable configuration",
        |e| e.kind() == ErrorKind::EchUnavailable && e.facts().service().is_some(),
    ),
    proof(
        CauseId::PlainHttpPeer,
        "a server's own HTTP error, from no CDN",
        |e| {
            let is_own_error = not_tls(e).is_some_and(|bytes| bytes.starts_with(b"HTTP/1.1 400"));
            is_own_error
                && !dialled(e).ends_with(".cloudfront.net")
                && !e.facts().has_proxy_header()
        },
    ),
    proof(
        CauseId::OtherService,
        "a greeting, or an HTTP/2 frame",
        |e| not_tls(e).is_some_and(greets) && !dialled(e).ends_with(".cloudfront.net"),
    ),
    proof(
        CauseId::OtherService,
        "a greeting in place of a response",
        |e| {
            use HttpFault::{NotHttp, Unsolicited};
            let is_no_response = matches!(e.facts().http_fault(), Some(NotHttp | Unsolicited));
            is_no_response && greets(e.facts().first_bytes())
        },
    ),
    proof(CauseId::BrokenTls, "a flood of messages", |e| {
        source_chain::find::<HandshakeFlood>(e).is_some()
    }),
    proof(
        CauseId::AddressExpected,
        "an address, and names of hosts only",
        |e| mismatches(e) && matches!(expected(e), ExpectedName::Ip(_)) && !names(e).is_empty(),
    ),
    proof(
        CauseId::CertificateForAnotherName,
        "one of our names in a proved chain",
        |e| {
            let is_ours = |name: DnsName| leaf(e).is_some_and(|leaf| leaf.covers(&name.into()));
            let host = e.facts().host().and_then(|host| host.host().parse().ok());
            mismatches(e) && sni(e).is_some() && [sni(e), host].into_iter().flatten().any(is_ours)
        },
    ),
    proof(
        CauseId::WildcardTooShallow,
        "a wildcard of a wrong shape, and SNI",
        |e| mismatches(e) && sni(e).is_some() && names(e).iter().any(|name| name.contains('*')),
    ),
    proof(CauseId::CertificateUnusable, "no name to match", |e| {
        let has_no_name = leaf(e).is_some_and(|leaf| leaf.is_readable() && leaf.names().is_empty());
        mismatches(e) && has_no_name && sni(e).is_some()
    }),
    proof(CauseId::CertificateUnusable, "a rule of X.509", |e| {
        is_certificate(e, CertificateProblem::Rejected) && (is_for_us(e) || names(e).is_empty())
    }),
    proof(CauseId::SelfSigned, "its own signature", |e| {
        is_certificate(e, CertificateProblem::UnknownIssuer)
            && e.facts().findings.is_self_signed
            && leaf(e).is_some_and(|leaf| leaf.covers(expected(e)))
            && sni(e).is_some()
            && !is_named_after_edge(e)
    }),
    proof(
        CauseId::CertificateExpired,
        "the dates of one for us",
        |e| is_certificate(e, CertificateProblem::Expired) && is_for_us(e),
    ),
    proof(
        CauseId::CertificateNotYetValid,
        "the dates of one for us",
        |e| is_certificate(e, CertificateProblem::NotYetValid) && is_for_us(e),
    ),
    proof(CauseId::PinMismatch, "the key of one for us", |e| {
        is_certificate(e, CertificateProblem::PinMismatch) && is_for_us(e)
    }),
    proof(CauseId::CertificateRevoked, "a list, for us", |e| {
        is_certificate(e, CertificateProblem::Revoked) && is_for_us(e)
    }),
    proof(CauseId::RevocationUnknown, "no list, for us", |e| {
        is_certificate(e, CertificateProblem::RevocationUnknown) && is_for_us(e)
    }),
    proof(
        CauseId::HttpOnlyEndpoint,
        "an endpoint that documents it",
        |e| dialled(e).contains("s3-website") && e.stage() == Stage::Dial,
    ),
    proof(CauseId::LocalSystem, "the system's word", |e| {
        let error = source_chain::find::<std::io::Error>(e);
        let code = error.and_then(std::io::Error::raw_os_error);
        e.stage() <= Stage::Dial && matches!(code, Some(12 | 23 | 24 | 55 | 105))
    }),
    proof(CauseId::DestinationProhibited, "the guard", |e| {
        e.kind() == ErrorKind::AddressProhibited
    }),
    proof(CauseId::PoolTooSmall, "the limit", |e| {
        e.kind() == ErrorKind::PoolExhausted
    }),
    proof(CauseId::ConcurrencyLimit, "the limit", |e| {
        e.kind() == ErrorKind::Overloaded
    }),
    proof(CauseId::RequestLoop, "our own mark", |e| {
        e.kind() == ErrorKind::LoopDetected
    }),
    proof(
        CauseId::InvalidRequest,
        "a request that was not sent",
        |e| {
            let is_request = matches!(e.kind(), ErrorKind::Request(_) | ErrorKind::UpgradeRefused);
            is_request && e.stage() == Stage::Prepare
        },
    ),
    proof(CauseId::BodyTooLarge, "a limit", |e| {
        e.kind() == ErrorKind::Request(RequestProblem::BodyTooLarge)
    }),
    proof(CauseId::HeadTooLarge, "a limit", |e| {
        use RequestProblem::{HeadTooLarge, TargetTooLong};
        let is_limit = |problem| matches!(problem, HeadTooLarge | TargetTooLong);
        matches!(e.kind(), ErrorKind::Request(problem) if is_limit(problem))
            && e.stage() == Stage::Prepare
    }),
    proof(CauseId::OriginMissing, "no origin to dial", |e| {
        e.kind() == ErrorKind::UnsupportedUri && e.stage() == Stage::Prepare
    }),
    proof(CauseId::UnknownHost, "no tenant to select", |e| {
        e.kind() == ErrorKind::Request(RequestProblem::HostUnknown) && e.stage() == Stage::Prepare
    }),
    proof(CauseId::GroupEmpty, "no member to select", |e| {
        e.kind() == ErrorKind::NoOrigin && e.stage() == Stage::Prepare
    }),
    proof(CauseId::RequestIncomplete, "a client that stalls", |e| {
        let is_stalled = e.kind() == ErrorKind::TimedOut && e.stage() == Stage::Send;
        is_stalled || e.kind() == ErrorKind::Request(RequestProblem::BodyFailed)
    }),
    proof(CauseId::ResponseHeadTooLarge, "a limit", |e| {
        e.kind() == ErrorKind::ResponseHeadTooLarge
    }),
    proof(CauseId::BrokenHttp, "a rule of RFC 9112", |e| {
        use HttpFault::{Chunk, Framing, Head, LineEnd, Trailers, Upgrade};
        let is_rule = |it| matches!(it, Chunk | Framing | Head | LineEnd | Trailers | Upgrade);
        e.facts().http_fault().is_some_and(is_rule)
    }),
    proof(CauseId::TooSlow, "a deadline", |e| {
        let is_ours = e.facts().timeout != ExchangeTimeout::Library;
        e.kind() == ErrorKind::TimedOut && e.stage() == Stage::Receive && is_ours
    }),
];

fn alert(error: &Error) -> Option<u8> {
    error.facts().alert().map(Alert::code)
}

/// The alert, if it arrived before the certificate was accepted.
fn early_alert(error: &Error) -> Option<u8> {
    let is_late = error.stage() > Stage::Handshake || error.facts().is_accepted_by_policy();
    alert(error).filter(|_| !is_late)
}

fn sni(error: &Error) -> Option<DnsName> {
    error.facts().origin()?.sni().name().cloned()
}

fn dialled(error: &Error) -> String {
    let origin = error.facts().origin().expect("every error here has one");
    let host = origin.dial().host().map(ToString::to_string);
    host.unwrap_or_default()
}

fn expected(error: &Error) -> &ExpectedName {
    let origin = error.facts().origin().expect("every error here has one");
    origin.expected_name()
}

fn leaf(error: &Error) -> Option<&PeerCertificate> {
    error.facts().certificate()
}

fn names(error: &Error) -> &[String] {
    leaf(error).map_or(&[], PeerCertificate::names)
}

fn is_certificate(error: &Error, problem: CertificateProblem) -> bool {
    error.kind() == ErrorKind::Certificate(problem)
}

fn is_for_us(error: &Error) -> bool {
    match error.facts().expected_alternatives() {
        None => leaf(error).is_some_and(|leaf| leaf.covers(expected(error))),
        Some(_) => error.facts().findings.has_listed_name,
    }
}

/// Whether a certificate was refused for its names alone.
fn mismatches(error: &Error) -> bool {
    is_certificate(error, CertificateProblem::NameMismatch)
}

/// Whether the presented certificate is documented as one for unknown names, and not presented in
/// place of an edge that has others.
fn has_placeholder(error: &Error) -> bool {
    let subject = leaf(error).map_or("", PeerCertificate::subject);
    let is_placeholder = subject.contains("TRAEFIK DEFAULT CERT") && !is_named_after_edge(error);
    let is_default = |name: &String| {
        let ends = [".cloudfront.net", ".traefik.default"];
        ends.iter().any(|end| name.ends_with(end))
    };
    is_certificate(error, CertificateProblem::UnknownIssuer) && is_placeholder
        || mismatches(error) && names(error).iter().any(is_default)
}

/// Whether the dialled or the expected name is that of a CDN.
fn is_named_after_edge(error: &Error) -> bool {
    let expected = expected(error).to_string();
    [dialled(error), expected]
        .iter()
        .any(|name| name.ends_with(".cloudfront.net"))
}

/// Whether these are the first bytes of a service that names itself, or of HTTP/2.
fn greets(bytes: &[u8]) -> bool {
    let greetings: [&[u8]; 6] = [
        b"SSH-",
        b"220 ",
        b"+OK ",
        b"* OK",
        &[0, 0, 6, 4],
        b"J\0\0\0\x0a8.0",
    ];
    greetings.iter().any(|it| bytes.starts_with(it))
}

/// The first bytes of a peer that does not speak TLS.
fn not_tls(error: &Error) -> Option<&[u8]> {
    let is_not_tls = error.kind() == ErrorKind::NotTls;
    is_not_tls.then(|| error.facts().first_bytes())
}

#[test]
fn a_certain_cause_of_random_errors_has_a_proof() {
    let errors = random_errors().take(30_000);
    let describe = |error: &Error| format!("{error:?}\n{:#?}", error.facts());
    check(PROOFS, errors, |error| Some(error.diagnosis()), describe);
}

//! Certificate chains without a trusted root.
//!
//! Who signed the certificate decides what to do. In the order of the rules:
//!
//! | the chain | cause |
//! |---|---|
//! | of a known CDN edge, but of no public authority | interception |
//! | a documented placeholder of an edge | SNI missing or not served |
//! | ends below a public authority | an intermediate is missing, or the roots are outdated |
//! | self-signed | pin its key, if it is yours |
//! | any other | a private authority, or interception |
//! | any of these but self-signed, for another name | the name, too |

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    edge::SourceKind,
    error::{CertificateProblem, ErrorKind, TrustedRoots},
};

use super::{
    error_evidence::Evidence,
    rule::{Rule, another_sni, nothing},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::Interception,
        certainty: Likely,
        when: |e| e.is_intercepted_edge(),
        text: |e| {
            let (name, edge) = match e.named_edge() {
                Some((name, edge)) => (name.to_string(), edge.name()),
                None => Default::default(),
            };
            format!(
                "{name} belongs to {edge}, whose certificates come from public authorities, but {} \
                 is none that is known here: a device on the path terminates TLS",
                e.chain().missing_issuer()
            )
        },
        clues: &[Clue::Edge, Clue::Issuer],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    Rule::sni_missing(Certain, &[Clue::NoSni, Clue::Subject], |e| {
        is_placeholder(e, SourceKind::Primary) && e.sni().is_none()
    }),
    Rule {
        id: CauseId::SniNotServed,
        certainty: Certain,
        when: |e| is_placeholder(e, SourceKind::Primary) && e.sni().is_some(),
        text: placeholder_presented,
        clues: &[Clue::Sni, Clue::Subject],
        confirmation: Confirmation::ProbeNames,
        // The name may be right, and its certificate missing.
        fixes: |e| match e.may_have_wrong_sni() {
            true => vec![e.another_sni(), ADD_CERTIFICATE],
            false => vec![ADD_CERTIFICATE, e.another_sni()],
        },
    },
    Rule {
        id: CauseId::SniMissing,
        certainty: Likely,
        when: |e| has_unknown_issuer(e) && e.sni().is_none(),
        text: |e| {
            format!(
                "{}; the certificate may be the edge's default certificate",
                e.sni_missing()
            )
        },
        clues: &[Clue::NoSni],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Likely,
        when: |e| is_placeholder(e, SourceKind::Secondary) && e.sni().is_some(),
        text: placeholder_presented,
        clues: &[Clue::Sni, Clue::Subject],
        confirmation: Confirmation::ProbeNames,
        // An origin of one's own may have the same subject, such as `CN=localhost`.
        fixes: |e| match e.chain().is_self_signed() {
            true => [another_sni(e), pin(e)].concat(),
            false => another_sni(e),
        },
    },
    Rule {
        id: CauseId::SelfSigned,
        certainty: Certain,
        when: |e| is_self_signed(e) && e.covers_expected_name() && e.sni().is_some(),
        text: self_signed,
        clues: &[Clue::Issuer, Clue::Subject],
        confirmation: Confirmation::Chain,
        fixes: pin,
    },
    Rule {
        id: CauseId::SniNotServed,
        certainty: Likely,
        when: |e| is_self_signed(e) && !e.covers_expected_name() && e.sni().is_some(),
        text: |e| {
            format!(
                "the certificate is self-signed and not for {}: the server does not serve that \
                 name and presented its default certificate, or another server answered",
                e.origin.expected_name()
            )
        },
        clues: &[Clue::Sni, Clue::Names],
        confirmation: Confirmation::ProbeNames,
        fixes: another_sni,
    },
    Rule {
        id: CauseId::SelfSigned,
        certainty: Possible,
        when: |e| is_self_signed(e) && (!e.covers_expected_name() || e.sni().is_none()),
        text: self_signed,
        clues: &[Clue::Issuer, Clue::Subject],
        confirmation: Confirmation::Chain,
        fixes: |e| match e.covers_expected_name() {
            true => pin(e),
            false => [pin(e), vec![CHECK_DIAL]].concat(),
        },
    },
    Rule {
        id: CauseId::IntermediateMissing,
        certainty: Likely,
        when: |e| is_of_unknown_public_authority(e) && !has_complete_chain(e),
        text: |e| {
            format!(
                "the server does not send the intermediate certificate of {}, a public authority",
                e.chain().missing_issuer()
            )
        },
        clues: &[Clue::Chain, Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |e| vec![SEND_WHOLE_CHAIN, trust_issuer(e)],
    },
    Rule {
        id: CauseId::RootsMissing,
        certainty: Likely,
        when: |e| is_of_unknown_public_authority(e) && has_complete_chain(e),
        text: roots_missing,
        clues: &[Clue::Chain, Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![UPDATE_ROOTS],
    },
    Rule {
        id: CauseId::RootsMissing,
        certainty: Possible,
        when: |e| is_of_unknown_public_authority(e) && !has_complete_chain(e),
        text: roots_missing,
        clues: &[Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![UPDATE_ROOTS],
    },
    Rule {
        id: CauseId::IntermediateMissing,
        certainty: Possible,
        when: |e| {
            is_of_unknown_public_authority(e)
                && has_complete_chain(e)
                && !e.is_edge_of_tls()
                && !ends_at_root(e)
        },
        text: |e| {
            format!(
                "the chain that the server sends ends too early, at {}",
                e.chain().missing_issuer()
            )
        },
        clues: &[Clue::Chain],
        confirmation: Confirmation::Chain,
        fixes: |_| vec![SEND_WHOLE_CHAIN],
    },
    // Anyone can write the name of a public authority into a certificate.
    Rule {
        id: CauseId::Interception,
        certainty: Possible,
        when: |e| is_of_unknown_public_authority(e) && e.is_edge_of_tls(),
        text: |_| String::from("a device on the path terminates TLS, and pretends to be the edge"),
        clues: &[Clue::Edge, Clue::Chain],
        confirmation: Confirmation::AnotherNetwork,
        fixes: nothing,
    },
    Rule {
        id: CauseId::UntrustedAuthority,
        certainty: Likely,
        when: |e| is_of_private_authority(e) && is_leaf_a_root(e),
        text: |e| {
            format!(
                "the origin's own certificate is configured as a root, and only an authority's \
                 can be one: {} has issued it",
                e.chain().missing_issuer()
            )
        },
        clues: &[Clue::Chain, Clue::Issuer],
        confirmation: Confirmation::Chain,
        // The certificate is one that the configuration trusts.
        fixes: |e| {
            let pin = e.chain().pin().map(|pin| FixKind::Pin(pin.to_owned()));
            pin.into_iter().chain([trust_issuer(e)]).collect()
        },
    },
    Rule {
        id: CauseId::UntrustedAuthority,
        certainty: Likely,
        when: |e| is_of_private_authority(e) && !is_leaf_a_root(e),
        text: untrusted_authority,
        clues: &[Clue::Chain, Clue::Issuer],
        confirmation: Confirmation::Chain,
        fixes: |e| {
            let mut fixes = vec![trust_issuer(e)];
            if !e.chain().sent_issuer() {
                fixes.push(SEND_INTERMEDIATE);
            }
            if !e.covers_expected_name() {
                fixes.push(CHECK_DIAL);
            }
            fixes
        },
    },
    // The issuer is checked first. With a trusted one, the name would be refused.
    Rule {
        id: CauseId::CertificateForAnotherName,
        certainty: Likely,
        when: |e| {
            has_unknown_issuer(e)
                && e.sni().is_some()
                && !e.chain().is_self_signed()
                && !e.is_intercepted_edge()
                && e.placeholder().is_none()
                && e.facts.expected_alternatives().is_none()
                && !e.chain().names().is_empty()
                && !e.covers_expected_name()
        },
        text: |e| {
            format!(
                "the certificate is for {}, but {} is expected: it is refused even if its issuer \
                 is trusted",
                e.chain().names_in_brief(),
                e.origin.expected_name()
            )
        },
        clues: &[Clue::Names],
        confirmation: Confirmation::EdgeConfiguration,
        fixes: nothing,
    },
];

const CHECK_DIAL: FixKind =
    FixKind::Advice("check the dialled name and port, if another server may have answered");

const ADD_CERTIFICATE: FixKind = FixKind::Advice(
    "add a certificate for the name at the ingress: `tls` and its secret, or the router's `tls`",
);

const SEND_WHOLE_CHAIN: FixKind = FixKind::Advice("configure the server to send its whole chain");

const SEND_INTERMEDIATE: FixKind = FixKind::Advice(
    "if that is an intermediate certificate's: configure the server to send its whole chain",
);

const UPDATE_ROOTS: FixKind = FixKind::Advice(
    "install ca-certificates, or trust Roots::bundled(), with the feature `bundled-roots`",
);

/// The fix that trusts the issuer at which the presented chain ends.
fn trust_issuer(evidence: &Evidence<'_>) -> FixKind {
    let issuer = evidence.chain().missing_issuer();
    let trusted = evidence.facts.trusted.as_deref();
    match trusted.is_some_and(TrustedRoots::are_own) {
        true => FixKind::TrustIssuerBesideOwn(issuer),
        false => FixKind::TrustIssuer(issuer),
    }
}

/// Whether the certificate comes from an authority that is neither public nor itself.
fn is_of_private_authority(evidence: &Evidence<'_>) -> bool {
    has_unknown_issuer(evidence)
        && !evidence.chain().is_of_public_authority()
        && !evidence.chain().is_self_signed()
        && !evidence.is_intercepted_edge()
        && evidence.placeholder().is_none()
}

/// Whether the presented certificate itself is among the trusted roots: without a trusted issuer,
/// nothing else is trusted of the chain.
fn is_leaf_a_root(evidence: &Evidence<'_>) -> bool {
    evidence.facts.findings.is_trusted
}

/// Whether the chain leads to no trusted root.
fn has_unknown_issuer(evidence: &Evidence<'_>) -> bool {
    evidence.is(ErrorKind::Certificate(CertificateProblem::UnknownIssuer))
}

fn is_of_unknown_public_authority(evidence: &Evidence<'_>) -> bool {
    has_unknown_issuer(evidence) && evidence.chain().is_of_public_authority()
}

/// Whether the chain lacks nothing but its root: the issuer was sent, or the peer is an edge of a
/// CDN, which sends it always.
fn has_complete_chain(evidence: &Evidence<'_>) -> bool {
    evidence.chain().sent_issuer() || evidence.is_edge_of_tls()
}

/// Whether the peer sent the root of its chain, too.
fn ends_at_root(evidence: &Evidence<'_>) -> bool {
    let path = evidence.chain().path();
    path.last().is_some_and(|last| last.is_self_issued())
}

/// Whether a server without the requested site presented its placeholder.
fn is_placeholder(evidence: &Evidence<'_>, documented_by: SourceKind) -> bool {
    let is_known = evidence.placeholder() == Some(documented_by);
    has_unknown_issuer(evidence) && is_known && !evidence.is_intercepted_edge()
}

/// Whether the certificate is self-signed. Not a placeholder or that of an interceptor.
fn is_self_signed(evidence: &Evidence<'_>) -> bool {
    has_unknown_issuer(evidence)
        && evidence.chain().is_self_signed()
        && evidence.placeholder().is_none()
        && !evidence.is_intercepted_edge()
}

fn placeholder_presented(evidence: &Evidence<'_>) -> String {
    let sni = evidence.origin.sni();
    format!("the edge has no certificate for {sni} and presented its placeholder")
}

fn roots_missing(evidence: &Evidence<'_>) -> String {
    format!(
        "the trusted roots are outdated or incomplete: {} is a public authority",
        evidence.chain().missing_issuer()
    )
}

/// The pin of the presented key, if the certificate claims to be the origin's.
fn pin(evidence: &Evidence<'_>) -> Vec<FixKind> {
    match evidence.chain().pin() {
        Some(pin) if evidence.covers_expected_name() => vec![FixKind::Pin(pin.to_owned())],
        _ => vec![FixKind::Advice(
            "if the presented key is the one on your server, pin it: VerifyPolicy::pinned(..)",
        )],
    }
}

fn untrusted_authority(evidence: &Evidence<'_>) -> String {
    let issuer = evidence.chain().missing_issuer();
    let (place, missing) = match evidence.chain().sent_issuer() {
        true if ends_at_root(evidence) => (", at which the chain ends,", ""),
        true => (
            ", at which the chain ends,",
            " a cross-signed certificate is missing,",
        ),
        false => ("", " an intermediate certificate is missing,"),
    };
    let other_server = match evidence.covers_expected_name() {
        true => String::new(),
        false => format!(
            " another server than {} answered,",
            evidence.origin.expected_name()
        ),
    };
    format!(
        "{issuer}{place} is not trusted: it is a private authority,{missing}{other_server} or the \
         traffic is intercepted"
    )
}

fn self_signed(evidence: &Evidence<'_>) -> String {
    String::from(match evidence.chain().is_authority() {
        true => {
            "the certificate is self-signed; if it belongs to your origin, pin its key: as an \
             authority's (CA:TRUE), it is refused even as a trusted root"
        }
        false => "the certificate is self-signed; if it belongs to your origin, pin its key",
    })
}

//! The diagnosis of an error: selects the tables that apply to it.
//!
//! ```text
//! stage Prepare, or a body that is too large ──> unsent_requests
//! no origin in the facts ──────────────────────> no diagnosis
//! else, the first row that matches:
//!   a refused certificate ─────────────────────> names, issuers, other refusals
//!   the handshake ─────────────────────────────> PROXY header, ECH, alerts, handshake, broken TLS
//!   an alert after the handshake ──────────────> alerts, handshake
//!   before the handshake ──────────────────────> connect failures
//!   after it ──────────────────────────────────> PROXY header, HTTP faults, exchange, broken TLS
//! no rule matches ─────────────────────────────> tls_alerts::OTHERWISE
//! ```
//!
//! TLS 1.3 explains the third row: the client's handshake is complete before the origin has looked
//! at the client certificate, so its alert may arrive with the first read.

use crate::{
    diagnosis::{Diagnosis, Refusal},
    error::{
        Error, ErrorKind, HandshakeFlood, LocalObstacle, RequestProblem, SpeaksTls, Stage,
        source_chain,
    },
    origin::Origin,
};

use super::{
    broken_tls, certificate_names, certificate_refusals, connect_failures, ech_failures,
    error_evidence::{Evidence, Http2Evidence},
    exchange_failures, handshake_failures, http_faults, http2_codes, proxy_protocol_mismatch,
    rule::Rule,
    tls_alerts, unknown_issuers,
    unsent_requests::cause_of_unsent,
};

impl Error {
    /// Returns the possible causes of the error, the likeliest first, with their fixes.
    ///
    /// The diagnosis is computed on each call. It is empty if no rule matches.
    ///
    /// ```
    /// use cdn_origin::{Error, diagnosis::CauseId};
    ///
    /// # fn log(error: &Error) {
    /// for cause in error.diagnosis().causes() {
    ///     let is_name = matches!(cause.id(), CauseId::SniMissing | CauseId::SniNotServed);
    ///     println!("{} certainty={} is_name={is_name}", cause.id(), cause.certainty());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        // A body may prove too large after the request was sent.
        if self.stage() == Stage::Prepare
            || self.kind() == ErrorKind::Request(RequestProblem::BodyTooLarge)
        {
            let cause = cause_of_unsent(self.kind(), self.facts());
            let written_in = self.facts().origin().map(Origin::written_in);
            let diagnosis = Diagnosis::ranked(cause.into_iter().collect());
            return diagnosis.written_in(written_in.unwrap_or_default());
        }
        if let Some(refusal) = source_chain::find::<Refusal>(self) {
            return refusal.diagnosis().clone();
        }
        let Some(origin) = self.facts().origin() else {
            return Diagnosis::default();
        };
        let evidence = Evidence {
            kind: self.kind(),
            stage: self.stage(),
            facts: self.facts(),
            origin,
            http2: http2_error(self),
            speaks_tls: source_chain::find::<SpeaksTls>(self).is_some(),
            handshake_flood: source_chain::find::<HandshakeFlood>(self).is_some(),
            obstacle: LocalObstacle::of(self),
        };
        let causes = Rule::all(tables(&evidence), &evidence);
        let diagnosis = Diagnosis::ranked(match causes.is_empty() {
            true => Rule::all(&[tls_alerts::OTHERWISE], &evidence),
            false => causes,
        });
        diagnosis.written_in(origin.written_in())
    }
}

/// The tables that apply, in the order of their likelihood.
///
/// The match is on kind and stage, so that a rule need not exclude failures of other stages.
fn tables(evidence: &Evidence<'_>) -> &'static [&'static [Rule]] {
    match (evidence.kind, evidence.stage) {
        (ErrorKind::Certificate(_), _) => &[
            certificate_names::RULES,
            unknown_issuers::RULES,
            certificate_refusals::RULES,
        ],
        (_, Stage::Handshake) => &[
            connect_failures::CUT_SHORT,
            proxy_protocol_mismatch::SENT,
            ech_failures::RULES,
            tls_alerts::RULES,
            handshake_failures::RULES,
            broken_tls::RULES,
            proxy_protocol_mismatch::MISSING,
        ],
        (ErrorKind::AlertReceived, _) => &[tls_alerts::RULES, handshake_failures::RULES],
        (_, stage) if stage < Stage::Handshake => {
            &[connect_failures::CUT_SHORT, connect_failures::RULES]
        }
        _ => &[
            proxy_protocol_mismatch::SENT,
            http_faults::RULES,
            http2_codes::RULES,
            exchange_failures::RULES,
            broken_tls::RULES,
            proxy_protocol_mismatch::MISSING,
        ],
    }
}

/// `None` also for an error of h2 without a code, such as a failure of the byte stream.
fn http2_error(error: &Error) -> Option<Http2Evidence> {
    let error = source_chain::find::<h2::Error>(error)?;
    Some(Http2Evidence {
        code: error.reason()?.into(),
        is_remote: error.is_remote(),
        is_go_away: error.is_go_away(),
    })
}

//! The diagnosis of an error: which tables look at it.

use crate::error::{Error, ErrorKind, RequestBodyProblem, RequestProblem, SpeaksTls, Stage, chain};

use super::{
    Cause, CauseId, Certainty, Diagnosis, FixKind,
    evidence::{Evidence, Http2Error},
    rule::Rule,
    {alerts, certificate_names, certificates, exchanges, handshakes, networks, proxy_headers},
};

impl Error {
    /// What may have caused this, the likeliest first, and the calls that mend it.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        // Too much content may be noticed late.
        if self.stage() == Stage::Prepare
            || self.kind() == ErrorKind::RequestBody(RequestBodyProblem::TooLarge)
        {
            return Diagnosis::ranked(preparing(self.kind()).into_iter().collect());
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
            speaks_tls: chain::find::<SpeaksTls>(self).is_some(),
        };
        let tables: &[&[Rule]] = match self.kind() {
            ErrorKind::Certificate(_) => &[certificate_names::RULES, certificates::RULES],
            _ if self.stage() == Stage::Handshake => &[
                proxy_headers::SENT,
                alerts::RULES,
                handshakes::RULES,
                proxy_headers::MISSING,
            ],
            ErrorKind::AlertReceived => &[alerts::RULES, handshakes::RULES],
            _ if self.stage() < Stage::Handshake => &[networks::RULES],
            _ => &[
                proxy_headers::SENT,
                exchanges::RULES,
                proxy_headers::MISSING,
            ],
        };
        Diagnosis::ranked(Rule::all(tables, &evidence))
    }
}

fn http2_error(error: &Error) -> Option<Http2Error> {
    let error = chain::find::<h2::Error>(error)?;
    Some(Http2Error {
        code: error.reason()?.into(),
        is_remote: error.is_remote(),
    })
}

/// Nothing, where it is as somebody here wanted it.
fn preparing(kind: ErrorKind) -> Option<Cause> {
    let certain = |why| Cause::new(CauseId::InvalidRequest, Certainty::Certain, why);
    Some(match kind {
        ErrorKind::Draining => return None,
        ErrorKind::LoopDetected => {
            let why = "the request has been through this proxy before";
            Cause::new(CauseId::RequestLoop, Certainty::Certain, why)
                .fixed_by([FixKind::Advice("dial a name that does not lead back here")])
        }
        ErrorKind::Overloaded => {
            let why = "as many requests are under way as OriginProxy::max_concurrency(..) allows";
            Cause::new(CauseId::PoolTooSmall, Certainty::Certain, why).fixed_by([
                FixKind::Advice("look at the origin, or allow more with OriginProxy::max_concurrency(..)"),
            ])
        }
        ErrorKind::UnsupportedUri => {
            certain("neither the connector nor the request's URI names an origin").fixed_by([
                FixKind::Advice(
                    "build the connector with an origin, or send an absolute http or https URI",
                ),
            ])
        }
        ErrorKind::RequestBody(RequestBodyProblem::NotAllowed) => {
            certain("the dialled edge refuses a GET with content").fixed_by([FixKind::Advice(
                "send the GET without content, or .without_edge_profile() if the edge has learnt to take it",
            )])
        }
        ErrorKind::RequestBody(RequestBodyProblem::TooLarge) => {
            certain("the client's request has more content than is allowed").fixed_by([
                FixKind::Advice("allow more with OriginProxy::max_request_body(..)"),
            ])
        }
        ErrorKind::Request(RequestProblem::HeadTooLarge) => certain(
            "the client's request has more or larger fields than are allowed, here or by the dialled edge",
        )
        .fixed_by([FixKind::Advice(
            "allow more with OriginProxy::max_request_head(..) or max_request_fields(..), unless the edge is the limit",
        )]),
        _ => certain("the client's request cannot be forwarded as it is"),
    })
}

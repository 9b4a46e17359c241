//! The output of `--json`.

use cdn_origin::{
    diagnosis::Certainty,
    probe::{Findings, ProbeAttempt},
};
use serde_json::{Value, json};

pub(crate) fn findings(findings: &Findings) -> Value {
    let attempts: Vec<_> = findings.attempts().iter().map(attempt).collect();
    let causes = findings.diagnosis().causes().iter();
    let causes: Vec<_> = causes
        .map(|cause| {
            let fixes: Vec<_> = cause.fixes().iter().map(ToString::to_string).collect();
            json!({
                "id": cause.id().as_str(),
                "certainty": cause.certainty().as_str(),
                "text": cause.text(),
                "fixes": fixes,
                "proved": findings.is_proved(),
            })
        })
        .collect();
    json!({
        "attempts": attempts,
        "causes": causes,
        "working": findings.working().map(ProbeAttempt::builder_code),
        "working_certainty": findings.working_certainty().map(Certainty::as_str),
    })
}

fn attempt(attempt: &ProbeAttempt) -> Value {
    let status = attempt
        .status()
        .map(|status| json!({ "status": status.as_u16() }));
    let error = attempt.error().map(|error| {
        json!({
            "stage": error.stage().as_str(),
            "kind": error.kind().as_str(),
            "alert": error.facts().alert().map(|alert| alert.code()),
        })
    });
    let origin = attempt.origin();
    json!({
        "change": attempt.change(),
        "dialled": origin.dial().to_string(),
        "sni": origin.sni().name().map(ToString::to_string),
        "expected": origin.expected_name().to_string(),
        "host": origin.host().as_str(),
        "outcome": status.or(error),
        "works": attempt.works(),
    })
}

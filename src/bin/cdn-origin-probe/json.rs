//! The output of `--json`.

use cdn_origin::{
    diagnosis::{Cause, Certainty},
    error::PeerCertificate,
    probe::{Findings, ProbeAttempt},
};
use serde_json::{Value, json};

/// The findings. `build` ends the code of an origin that is no file's.
pub(crate) fn findings(findings: &Findings, build: &str) -> Value {
    let attempts: Vec<_> = findings.attempts().iter().map(attempt).collect();
    let causes = findings.diagnosis().causes().iter();
    let causes: Vec<_> = causes
        .map(|found| cause(found, findings.is_proved()))
        .collect();
    let code = |working: &ProbeAttempt| format!("{}{build}", working.builder_code());
    json!({
        "attempts": attempts,
        "causes": causes,
        "working": findings.working().map(code),
        "working_certainty": findings.working_certainty().map(Certainty::as_str),
    })
}

fn cause(cause: &Cause, is_proved: bool) -> Value {
    let fixes: Vec<_> = cause.fixes().iter().map(ToString::to_string).collect();
    json!({
        "id": cause.id().as_str(),
        "certainty": cause.certainty().as_str(),
        "text": cause.text(),
        "fixes": fixes,
        "proved": is_proved,
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
    let leaf = attempt
        .error()
        .and_then(|error| error.facts().certificates().first());
    let origin = attempt.origin();
    let diagnosis = attempt.diagnosis();
    json!({
        "change": attempt.change(),
        "line": attempt.to_string(),
        "dialled": origin.dial().to_string(),
        "sni": origin.sni().name().map(ToString::to_string),
        "expected": origin.expected_name().to_string(),
        "host": origin.host().as_str(),
        "outcome": status.or(error),
        "presented": leaf.map(PeerCertificate::names),
        "cause": diagnosis.likeliest().map(|likeliest| cause(likeliest, false)),
        "works": attempt.works(),
    })
}

//! Finds out by trying which names and protocols an origin accepts, and prints the builder code that works.
//!
//! ```text
//! cargo run --example probe -- https://d1234567890.cloudfront.net --host www.example.com
//! ```
//!
//! `--help` lists the options. Progress goes to standard error. A private authority is trusted by way of the environment:
//! `SSL_CERT_FILE=ca.pem`. The exit code is 0 if something works, 1 if nothing does, and 2 if nothing was tried.

#[path = "probe/arguments.rs"]
mod arguments;

use std::{error::Error, process::ExitCode};

use cdn_origin::{
    CdnOriginConnector,
    diagnosis::Clue,
    probe::{Findings, Probe, ProbeAttempt, ProbeOutcome},
};
use serde_json::{Value, json};

use arguments::{Arguments, USAGE, Wanted};

#[tokio::main]
async fn main() -> ExitCode {
    let given: Vec<_> = std::env::args().skip(1).collect();
    if given.is_empty() {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    }
    let wanted = match arguments::read(given) {
        Ok(Wanted::Findings(wanted)) => wanted,
        Ok(Wanted::Usage) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("probe: {problem}");
            return ExitCode::from(2);
        }
    };
    probe(wanted).await.unwrap_or_else(|error| {
        eprintln!("probe: {error}");
        ExitCode::from(2)
    })
}

async fn probe(wanted: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut builder = CdnOriginConnector::builder(wanted.origin);
    if let Some(host) = wanted.host {
        builder = builder.host(host);
    }
    if let Some(name) = wanted.sni {
        builder = builder.sni(name);
    }
    if let Some(dial) = wanted.dial {
        builder = builder.dial(dial);
    }
    let connector = builder.build()?;
    let probe = Probe::of(&connector).watch(|attempt| eprintln!("{attempt}"));
    let names = wanted.names.into_iter();
    let findings = names.fold(probe, Probe::try_name).run().await?;
    match wanted.as_json {
        true => println!("{:#}", to_json(&findings)),
        false => println!("\n{findings}"),
    }
    Ok(match findings.working() {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

fn to_json(findings: &Findings) -> Value {
    let attempts: Vec<_> = findings.attempts().iter().map(attempt_to_json).collect();
    let causes = findings.diagnosis().causes().iter();
    let causes: Vec<_> = causes
        .map(|cause| {
            let fixes: Vec<_> = cause.fixes().iter().map(ToString::to_string).collect();
            let proved = cause.clues().contains(&Clue::Probe);
            json!({
                "id": format!("{:?}", cause.id()),
                "certainty": cause.certainty().to_string(),
                "why": cause.why(),
                "fixes": fixes,
                "proved": proved,
            })
        })
        .collect();
    json!({
        "attempts": attempts,
        "causes": causes,
        "working": findings.working().map(ToString::to_string),
    })
}

fn attempt_to_json(attempt: &ProbeAttempt) -> Value {
    let outcome = match attempt.outcome() {
        ProbeOutcome::Answered(status, _) => json!({ "status": status.as_u16() }),
        ProbeOutcome::Failed(error) => json!({
            "stage": error.stage().to_string(),
            "kind": format!("{:?}", error.kind()),
            "alert": error.facts().alert().map(|alert| alert.code()),
        }),
        other => json!(other.to_string()),
    };
    let origin = attempt.combination().origin();
    json!({
        "change": attempt.change().map(ToString::to_string),
        "dialled": origin.dial().to_string(),
        "sni": origin.sni().name().map(ToString::to_string),
        "expected": origin.expected_name().to_string(),
        "host": origin.host().as_str(),
        "outcome": outcome,
        "works": attempt.works(),
    })
}

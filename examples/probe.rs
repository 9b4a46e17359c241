//! Finds out by trying which names and protocols an origin accepts, and prints the builder code that works.
//!
//! ```text
//! cargo run --example probe -- https://d1234567890.cloudfront.net --host www.example.com
//! ```
//!
//! `--sni NAME` and `--dial HOST:PORT` say what else is configured, `--name NAME` what may be worth trying, `--json` asks for JSON on
//! standard output. Progress goes to standard error. A private authority is trusted by way of the environment: `SSL_CERT_FILE=ca.pem`.
//! The exit code is 0 if something works.

use std::{error::Error, process::ExitCode};

use cdn_origin::{
    CdnOriginConnector,
    diagnosis::Clue,
    probe::{Findings, Probe, ProbeAttempt, ProbeOutcome},
};
use serde_json::{Value, json};

const USAGE: &str =
    "usage: probe ORIGIN [--host NAME] [--sni NAME] [--dial HOST:PORT] [--name NAME]... [--json]";

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let origin = arguments.next().ok_or(USAGE)?;
    let mut builder = CdnOriginConnector::builder(origin);
    let mut names = Vec::new();
    let mut as_json = false;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--host" => builder = builder.host(value()?),
            "--sni" => builder = builder.sni(value()?),
            "--dial" => builder = builder.dial(value()?),
            "--name" => names.push(value()?.parse()?),
            "--json" => as_json = true,
            _ => return Err(USAGE.into()),
        }
    }

    let connector = builder.build()?;
    let probe = Probe::of(&connector).watch(|attempt| eprintln!("{attempt}"));
    let findings = names.into_iter().fold(probe, Probe::try_name).run().await?;
    match as_json {
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

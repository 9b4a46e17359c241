//! Finds by trial which names and protocols an origin accepts, and prints builder code that works.
//!
//! ```text
//! cargo run --example probe -- https://d1234567890.cloudfront.net --host www.example.com
//! ```
//!
//! `--help` lists the options. Progress goes to standard error. To trust a private certificate
//! authority, set `SSL_CERT_FILE=ca.pem` in the environment. The exit code is 0 if an attempt
//! works, 1 if none does, and 2 if none was made.

#[path = "probe/arguments.rs"]
mod arguments;

use std::{error::Error, process::ExitCode};

use cdn_origin::{
    CdnOriginConnector,
    probe::{Findings, Probe, ProbeAttempt},
};
use serde_json::{Value, json};

use arguments::{Arguments, Command, USAGE};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.is_empty() {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    }
    let arguments = match arguments::parse(arguments) {
        Ok(Command::Probe(arguments)) => arguments,
        Ok(Command::Help) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("probe: {error}");
            return ExitCode::from(2);
        }
    };
    probe(arguments).await.unwrap_or_else(|error| {
        eprintln!("probe: {error}");
        ExitCode::from(2)
    })
}

async fn probe(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut builder = CdnOriginConnector::builder(arguments.origin);
    if let Some(host) = arguments.host {
        builder = builder.host(host);
    }
    if let Some(name) = arguments.sni {
        builder = builder.sni(name);
    }
    if let Some(dial) = arguments.dial {
        builder = builder.dial(dial);
    }
    let connector = builder.build()?;
    let probe = Probe::new(&connector).on_attempt(|attempt| eprintln!("{attempt}"));
    let names = arguments.names.into_iter();
    let findings = names.fold(probe, Probe::try_name).run().await?;
    match arguments.as_json {
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
        "working": findings.builder_code(),
    })
}

fn attempt_to_json(attempt: &ProbeAttempt) -> Value {
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

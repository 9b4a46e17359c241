//! Finds by trial which names and protocols an origin accepts, and prints builder code that works.
//!
//! ```text
//! cargo install cdn-origin --features cli
//! cdn-origin-probe https://d1234567890.cloudfront.net --host www.example.com
//! cdn-origin-probe --config origins.toml
//! ```
//!
//! `--help` lists the options, the exit codes and the environment.
//!
//! `--json` prints one object. With `--config`, its field `origins` has such an object for each
//! origin, with the name of the origin in `origin`:
//!
//! | field | value |
//! |---|---|
//! | `attempts` | in their order; `outcome` has a `status`, or the `stage` and `kind` of an error |
//! | `attempts[].change` | the difference from the best attempt before it, in words |
//! | `attempts[].line` | the attempt as it is shown without `--json` |
//! | `attempts[].presented` | the names of the certificate that was refused |
//! | `attempts[].cause` | the likeliest cause by this attempt alone, like an item of `causes` |
//! | `causes` | what was wrong; `proved` if an attempt with the fix got further |
//! | `working` | builder code that works; `null` if no attempt does |
//! | `working_certainty` | how certain it is that `working` reached the site of its Host |

mod arguments;
mod config_file;
mod json;

use std::{error::Error, process::ExitCode, time::Duration};

use cdn_origin::{
    CdnOriginConnector, Roots, VerifyPolicy,
    name::DnsName,
    probe::{Findings, Probe},
};
use serde_json::{Value, json};
use tokio::runtime;

use arguments::{Arguments, Command, Target, USAGE, Url};
use config_file::NamedOrigin;

/// The time for all attempts, unless a longer `--timeout` needs more.
const TOTAL: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
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
            eprintln!("cdn-origin-probe: {error}");
            return ExitCode::from(2);
        }
    };
    run(arguments).unwrap_or_else(|error| {
        eprintln!("cdn-origin-probe: {error}");
        ExitCode::from(2)
    })
}

fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let is_file = matches!(arguments.target, Target::File { .. });
    let origins = match arguments.target {
        Target::Url(url) => {
            let connector = connector(url)?;
            let name = String::new();
            vec![NamedOrigin { name, connector }]
        }
        Target::File { path, origin } => config_file::origins(&path, origin.as_deref())?,
    };
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut objects = Vec::new();
    let mut is_each_working = true;
    for NamedOrigin { name, connector } in &origins {
        // That of the command line has no name, and needs no heading.
        if !name.is_empty() {
            eprintln!("{name}:");
        }
        for advice in connector.advice() {
            eprintln!("advice: {advice}");
        }
        let probe = Probe::new(connector)
            .attempt_timeout(arguments.timeout)
            .timeout(TOTAL.max(arguments.timeout.saturating_mul(6)))
            .on_attempt(|attempt| eprintln!("{attempt}"));
        let names = arguments.names.iter().cloned();
        let probe = names.fold(probe, Probe::try_name::<DnsName>);
        let findings = runtime.block_on(probe.run())?;
        is_each_working &= findings.working().is_some();
        match arguments.as_json {
            true => objects.push(object(name, &findings)),
            false if name.is_empty() => println!("{findings}"),
            false => println!("{name}:\n\n{findings}"),
        }
    }
    if arguments.as_json {
        let shown = match is_file {
            true => json!({ "origins": objects }),
            false => objects.pop().unwrap_or_default(),
        };
        println!("{shown:#}");
    }
    Ok(match is_each_working {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn connector(url: Url) -> Result<CdnOriginConnector, Box<dyn Error>> {
    let mut builder = CdnOriginConnector::builder(url.origin);
    if let Some(host) = url.host {
        builder = builder.host(host);
    }
    if let Some(name) = url.sni {
        builder = builder.sni(name);
    }
    if let Some(name) = url.expected {
        builder = builder.expected_name(name);
    }
    if let Some(dial) = url.dial {
        builder = builder.dial(dial);
    }
    if let Some(file) = url.ca {
        builder = builder.verify(VerifyPolicy::roots(Roots::pem_file(file)));
    }
    Ok(builder.build()?)
}

fn object(name: &str, findings: &Findings) -> Value {
    let mut object = json::findings(findings);
    if !name.is_empty() {
        object["origin"] = name.into();
    }
    object
}

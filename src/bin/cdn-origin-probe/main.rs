//! Finds by trial which names and protocols an origin accepts, and prints builder code that works.
//!
//! ```text
//! cargo install cdn-origin --features cli
//! cdn-origin-probe https://d1234567890.cloudfront.net --host www.example.com
//! ```
//!
//! `--help` lists the options, the exit codes and the environment.

mod arguments;
mod json;

use std::{error::Error, process::ExitCode};

use cdn_origin::{CdnOriginConnector, probe::Probe};
use tokio::runtime;

use arguments::{Arguments, Command, USAGE};

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
    let mut builder = CdnOriginConnector::builder(arguments.origin);
    if let Some(host) = arguments.host {
        builder = builder.host(host);
    }
    if let Some(name) = arguments.sni {
        builder = builder.sni(name);
    }
    if let Some(name) = arguments.expected {
        builder = builder.expected_name(name);
    }
    if let Some(dial) = arguments.dial {
        builder = builder.dial(dial);
    }
    let connector = builder.build()?;
    let probe = Probe::new(&connector).on_attempt(|attempt| eprintln!("{attempt}"));
    let names = arguments.names.into_iter();
    let probe = names.fold(probe, Probe::try_name);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let findings = runtime.block_on(probe.run())?;
    match arguments.as_json {
        true => println!("{:#}", json::findings(&findings)),
        false => println!("\n{findings}"),
    }
    Ok(match findings.working() {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

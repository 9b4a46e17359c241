//! Finds by trial which names and protocols an origin accepts, and prints builder code that works.
//!
//! ```text
//! cargo install cdn-origin --features cli
//! cdn-origin-probe https://d1234567890.cloudfront.net --host www.example.com
//! ```
//!
//! `--help` lists the options, the exit codes and the environment.
//!
//! `--json` prints one object:
//!
//! | field | value |
//! |---|---|
//! | `attempts` | in their order; `outcome` has a `status`, or the `stage` and `kind` of an error |
//! | `attempts[].change` | the difference from the best attempt before it, in words |
//! | `attempts[].presented` | the names of the certificate that was refused |
//! | `attempts[].cause` | the likeliest cause by this attempt alone, like an item of `causes` |
//! | `causes` | what was wrong; `proved` if an attempt with the fix got further |
//! | `working` | builder code that works; `null` if no attempt does |
//! | `working_certainty` | how certain it is that `working` reached the site of its Host |

mod arguments;
mod json;

use std::{error::Error, process::ExitCode};

use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy, probe::Probe};
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
    if let Some(file) = arguments.ca {
        builder = builder.verify(VerifyPolicy::roots(Roots::pem_file(file)));
    }
    let connector = builder.build()?;
    for advice in connector.advice() {
        eprintln!("advice: {advice}");
    }
    let probe = Probe::new(&connector).on_attempt(|attempt| eprintln!("{attempt}"));
    let names = arguments.names.into_iter();
    let probe = names.fold(probe, Probe::try_name);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let findings = runtime.block_on(probe.run())?;
    match arguments.as_json {
        true => println!("{:#}", json::findings(&findings)),
        false => println!("{findings}"),
    }
    Ok(match findings.working() {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

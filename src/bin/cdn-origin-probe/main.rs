//! Finds by trial which names and protocols an origin accepts, and prints what works: builder code,
//! or keys of a configuration file.
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
//! origin, with the name of the origin in `origin`, the table of its keys in `table`, and, for a
//! member of a group, the table of the keys of all members in `each`, else `null`:
//!
//! | field | value |
//! |---|---|
//! | `attempts` | in their order; `outcome` has a `status`, or the `stage` and `kind` of an error |
//! | `attempts[].change` | the difference from the best attempt before it, in words |
//! | `attempts[].line` | the attempt as it is shown without `--json` |
//! | `attempts[].presented` | the names of the certificate that was refused |
//! | `attempts[].cause` | the likeliest cause by this attempt alone, like an item of `causes` |
//! | `causes` | what was wrong; `proved` if an attempt with the fix got further |
//! | `working` | builder code that works, or keys in TOML; `null` if no attempt works |
//! | `working_certainty` | how certain it is that `working` reached the site of its Host |

mod arguments;
mod config_file;
mod json;

use std::{
    error::Error,
    io::{self, IsTerminal},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, Roots, VerifyPolicy,
    name::DnsName,
    probe::{Findings, Probe},
};
use serde_json::{Value, json};
use tokio::runtime;

use arguments::{Arguments, Command, Target, USAGE, Url};
use config_file::FileOrigin;

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
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Where both go to a terminal, the findings repeat the lines of the attempts.
    let is_overwritten =
        !arguments.as_json && io::stdout().is_terminal() && io::stderr().is_terminal();
    let trust = arguments
        .ca
        .as_ref()
        .map(|file| VerifyPolicy::roots(Roots::pem_file(file)));
    let run = |connector: &CdnOriginConnector, adjust: &dyn Fn(Probe) -> Probe| {
        for advice in connector.advice() {
            eprintln!("advice: {advice}");
        }
        let probe = Probe::new(connector)
            .attempt_timeout(arguments.timeout)
            .timeout(TOTAL.max(arguments.timeout.saturating_mul(6)));
        let probe = match is_overwritten {
            false => probe.on_attempt(|attempt| eprintln!("{attempt}")),
            true => {
                let made = AtomicUsize::new(0);
                probe.on_attempt(move |_| eprint!("\rattempts: {}", made.fetch_add(1, Relaxed) + 1))
            }
        };
        let names = arguments.names.iter().cloned();
        let probe = names.fold(probe, Probe::try_name::<DnsName>);
        let findings = runtime.block_on(adjust(probe).run());
        if is_overwritten {
            eprint!("\r\x1b[K");
        }
        findings
    };
    let is_each_working = match arguments.target {
        Target::Url(url) => {
            let findings = run(&connector(url, trust)?, &|probe| probe)?;
            match arguments.as_json {
                true => println!("{:#}", json::findings(&findings, "\n    .build()?")),
                false => println!("{findings}"),
            }
            findings.working().is_some()
        }
        Target::File { path, origin } => {
            let mut objects = Vec::new();
            let mut is_each_working = true;
            for origin in config_file::origins(&path, origin.as_deref())? {
                eprintln!("{}:", origin.name());
                let client_host = arguments.names.first().map(ToString::to_string);
                if let Some(trust) = trust.clone() {
                    origin.connector.reload(|tls| tls.verify(trust))?;
                }
                let adjust = |probe| as_served(probe, &origin, client_host.clone());
                let findings = run(&origin.connector, &adjust)?;
                is_each_working &= findings.working().is_some();
                match arguments.as_json {
                    true => objects.push(object(&origin, &findings)),
                    false => print(&origin, &findings),
                }
            }
            if arguments.as_json {
                println!("{:#}", json!({ "origins": objects }));
            }
            is_each_working
        }
    };
    Ok(match is_each_working {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The probe with the Host that the service sends, which also tries the name of the tenant.
///
/// Where the tenant has no Host, `client_host` is that of the clients.
fn as_served(probe: Probe, origin: &FileOrigin, client_host: Option<String>) -> Probe {
    let probe = match origin.tenant_name() {
        Some(name) => probe.try_name(name),
        None => probe,
    };
    let Some(rewrite) = &origin.host_rewrite else {
        return probe;
    };
    match rewrite.sent(origin.client_host().or(client_host)) {
        Some(host) => probe.rewritten_host(host),
        None => {
            eprintln!("note: host_rewrite sends the Host of the clients: give one by --name");
            probe
        }
    }
}

fn print(origin: &FileOrigin, findings: &Findings) {
    println!("{}:\n\n{findings}", origin.name());
    let is_right = findings.working().is_some() && findings.diagnosis().causes().is_empty();
    if is_right || origin.table.is_empty() {
        return;
    }
    match &origin.each {
        Some(each) => println!(
            "the keys belong in {}, or in {each} for all members\n",
            origin.table
        ),
        None => println!("the keys belong in {}\n", origin.table),
    }
}

fn connector(url: Url, trust: Option<VerifyPolicy>) -> Result<CdnOriginConnector, Box<dyn Error>> {
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
    if let Some(trust) = trust {
        builder = builder.verify(trust);
    }
    Ok(builder.build()?)
}

fn object(origin: &FileOrigin, findings: &Findings) -> Value {
    let mut object = json::findings(findings, "");
    object["origin"] = origin.name().into();
    object["table"] = origin.table.as_str().into();
    object["each"] = origin.each.as_deref().into();
    object
}

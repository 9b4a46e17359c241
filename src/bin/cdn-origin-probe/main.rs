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
//! | `error` | only if the origin cannot be probed: why. Then the fields above are absent |

mod arguments;
mod config_file;
mod json;

use std::{
    error::Error,
    fmt::Display,
    io::{self, IsTerminal, Write},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, Roots, VerifyPolicy,
    name::DnsName,
    probe::{Findings, Probe, ProbeAttempt},
};
use serde_json::{Value, json};
use tokio::runtime;

use arguments::{Arguments, Command, Target, USAGE, Url};
use config_file::FileOrigin;

/// The time for all attempts, unless a longer `--timeout` needs more.
const TOTAL: Duration = Duration::from_secs(60);

/// Whether an origin works, from the best to the worst.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Outcome {
    AsConfigured,
    AfterChange,
    Broken,
}

impl Outcome {
    fn of(findings: &Findings) -> Self {
        // The first failure may have been chance: then a later attempt repeats it.
        let as_configured = findings.attempts().first().map(ProbeAttempt::builder_code);
        let is_working = |attempt: &ProbeAttempt| {
            attempt.works() && Some(attempt.builder_code()) == as_configured
        };
        match findings.working() {
            None => Self::Broken,
            Some(_) if findings.attempts().iter().any(is_working) => Self::AsConfigured,
            Some(_) => Self::AfterChange,
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.is_empty() {
        note(USAGE.trim_end());
        return ExitCode::from(2);
    }
    let arguments = match arguments::parse(arguments) {
        Ok(Command::Probe(arguments)) => arguments,
        Ok(Command::Help) => {
            return match print(USAGE.trim_end()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
        Err(error) => {
            note(format_args!("cdn-origin-probe: {error}"));
            return ExitCode::from(2);
        }
    };
    run(arguments).unwrap_or_else(|error| {
        note(format_args!("cdn-origin-probe: {error}"));
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
            note(format_args!("advice: {advice}"));
        }
        let probe = cdn_origin::probe(connector)
            .attempt_timeout(arguments.timeout)
            .timeout(TOTAL.max(arguments.timeout.saturating_mul(6)));
        let probe = match is_overwritten {
            false => probe.on_attempt(|attempt| note(attempt)),
            true => {
                let made = AtomicUsize::new(0);
                probe.on_attempt(move |_| eprint!("\rattempts: {}", made.fetch_add(1, Relaxed) + 1))
            }
        };
        let names = arguments.names.iter().cloned();
        let probe = names.fold(probe, Probe::try_name::<DnsName>);
        let findings = runtime.block_on(adjust(probe).into_future());
        if is_overwritten {
            eprint!("\r\x1b[K");
        }
        findings
    };
    let outcome = match arguments.target {
        Target::Url(url) => {
            let findings = run(&connector(url, trust)?, &|probe| probe)?;
            match arguments.as_json {
                true => print(format_args!(
                    "{:#}",
                    json::findings(&findings, "\n    .build()?")
                ))?,
                false => print(&findings)?,
            }
            Outcome::of(&findings)
        }
        Target::File { path, origin } => {
            let origins = config_file::origins(&path, origin.as_deref())?;
            // Before the first attempt: a file of `--ca` that cannot be read is no finding.
            if let Some(trust) = &trust {
                for origin in &origins {
                    origin.connector.reload(|tls| tls.verify(trust.clone()))?;
                }
            }
            let mut objects = Vec::new();
            let mut worst = Outcome::AsConfigured;
            for origin in origins {
                note(format_args!("{}:", origin.name()));
                let client_host = arguments.names.first().map(ToString::to_string);
                let adjust = |probe| as_served(probe, &origin, client_host.clone());
                let findings = run(&origin.connector, &adjust);
                let found = findings.as_ref();
                worst = worst.max(found.map_or(Outcome::Broken, Outcome::of));
                match arguments.as_json {
                    true => objects.push(object(&origin, &findings)),
                    false => print(text(&origin, &findings))?,
                }
            }
            if arguments.as_json {
                print(format_args!("{:#}", json!({ "origins": objects })))?;
            }
            worst
        }
    };
    Ok(match outcome {
        Outcome::AsConfigured => ExitCode::SUCCESS,
        Outcome::AfterChange => ExitCode::from(3),
        Outcome::Broken => ExitCode::FAILURE,
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
            note("note: host_rewrite sends the Host of the clients: give one by --name");
            probe
        }
    }
}

/// What is printed of an origin of a file.
fn text(origin: &FileOrigin, findings: &Result<Findings, cdn_origin::Error>) -> String {
    let name = origin.name();
    let findings = match findings {
        Ok(findings) => findings,
        Err(error) => return format!("{name}:\n\n{error}\n"),
    };
    let is_right = findings.working().is_some() && findings.diagnosis().causes().is_empty();
    let place = match (&origin.each, &origin.table) {
        _ if is_right || origin.table.is_empty() => String::new(),
        (Some(each), table) => {
            format!("\nthe keys belong in {table}, or in {each} for all members\n")
        }
        (None, table) => format!("\nthe keys belong in {table}\n"),
    };
    format!("{name}:\n\n{findings}{place}")
}

/// Prints to standard output. A reader that has left, such as `head`, is no error.
fn print(text: impl Display) -> io::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Prints to standard error, if anyone reads that.
fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
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

fn object(origin: &FileOrigin, findings: &Result<Findings, cdn_origin::Error>) -> Value {
    let mut object = match findings {
        Ok(findings) => json::findings(findings, ""),
        Err(error) => json!({ "error": error.to_string() }),
    };
    object["origin"] = origin.name().into();
    object["table"] = origin.table.as_str().into();
    object["each"] = origin.each.as_deref().into();
    object
}

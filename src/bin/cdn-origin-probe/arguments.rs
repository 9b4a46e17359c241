//! Parses the command line of the probe.

use std::{path::PathBuf, time::Duration};

use cdn_origin::name::DnsName;

pub(crate) const USAGE: &str = "\
usage: cdn-origin-probe ORIGIN [OPTION]...
       cdn-origin-probe --config FILE [OPTION]...

Finds by trial which names and protocols an origin accepts, and prints what
works: builder code, or keys of the configuration file.

  ORIGIN             its URL, such as https://d1234567890.cloudfront.net
  --host NAME        the configured Host
  --sni NAME         the configured SNI
  --expected NAME    the configured expected name of the certificate
  --dial HOST:PORT   the address to dial instead of the URL's host
  --ca FILE          trust the certificates in this PEM file, and no others
  --config FILE      probe each origin of this configuration file, in TOML or
                     JSON: of one origin, a group, or tenants
  --origin NAME      probe only these origins of the file: a member's name, a
                     tenant's host for all of its members, or HOST/MEMBER
  --name NAME        a name to try first, in SNI and in Host; may be repeated.
                     Where host_rewrite preserves the clients' Host and the file
                     does not have it, the first one is that Host
  --timeout SECONDS  how long each attempt may take to connect, and then to get
                     the response; 10 by default
  --json             print JSON instead of text
  --help             print this help

All attempts at an origin together take 60 s, or six times --timeout if that is
longer. Progress goes to standard error. Without --ca, the system's roots are
trusted, or those of SSL_CERT_FILE and SSL_CERT_DIR; with --config, those that
the file trusts. With both, --ca replaces the table verify of each origin, to
try another authority.

With --config, the first attempt sends the Host that the service sends, and the
host of a tenant is one of the names to try.

Exit codes:
  0  each origin works as configured, even if only possibly
  1  for an origin, no attempt works: no response, or an error such as 403, 421
     or 503, which may refuse the Host. 401, 404 and 405 work possibly: an API
     may have nothing at /
  2  no attempt was made: the command line or the file is invalid
  3  an origin works only after a change, which is printed
";

/// The default of `--timeout`.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Probe(Arguments),
}

/// What to probe, names to try, the time and the output format.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) target: Target,
    pub(crate) names: Vec<DnsName>,
    /// The only certificates to trust.
    pub(crate) ca: Option<String>,
    /// Of a connect, and of a response.
    pub(crate) timeout: Duration,
    pub(crate) as_json: bool,
}

/// What to probe.
#[derive(Debug)]
pub(crate) enum Target {
    /// The origins of a configuration file, or one of them.
    File {
        path: PathBuf,
        origin: Option<String>,
    },
    Url(Url),
}

/// An origin of the command line.
#[derive(Debug, Default)]
pub(crate) struct Url {
    pub(crate) origin: String,
    pub(crate) host: Option<String>,
    pub(crate) sni: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) dial: Option<String>,
}

/// Parses the arguments. An error is one line.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.into_iter();
    let (mut url, mut config, mut origin) = (Url::default(), None, None);
    let (mut names, mut ca) = (Vec::new(), None);
    let (mut timeout, mut as_json) = (TIMEOUT, false);
    while let Some(argument) = arguments.next() {
        let (argument, mut inline) = match argument.split_once('=') {
            Some((option, value)) if option.starts_with("--") => {
                (option.to_owned(), Some(value.to_owned()))
            }
            _ => (argument, None),
        };
        let mut value = || {
            let mut next = || arguments.next().filter(|value| !value.starts_with("--"));
            let value = inline.take().or_else(&mut next);
            value.ok_or_else(|| format!("{argument} requires a value, see --help"))
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--host" => url.host = Some(value()?),
            "--sni" => url.sni = Some(value()?),
            "--expected" => url.expected = Some(value()?),
            "--dial" => url.dial = Some(value()?),
            "--ca" => ca = Some(value()?),
            "--config" => config = Some(PathBuf::from(value()?)),
            "--origin" => origin = Some(value()?),
            "--name" => names.push(name(&value()?)?),
            "--timeout" => timeout = seconds(&value()?)?,
            "--json" => as_json = true,
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}, see --help"));
            }
            first if url.origin.is_empty() => url.origin = first.to_owned(),
            other => return Err(format!("unexpected argument after the origin: {other}")),
        }
        if inline.is_some() {
            return Err(format!("{argument} takes no value, see --help"));
        }
    }
    let target = match config {
        Some(path) => {
            without_url(&url)?;
            Target::File { path, origin }
        }
        None if origin.is_some() => return Err(String::from("--origin requires --config")),
        None if url.origin.is_empty() => {
            return Err(String::from("the origin is missing, see --help"));
        }
        None => Target::Url(url),
    };
    Ok(Command::Probe(Arguments {
        target,
        names,
        ca,
        timeout,
        as_json,
    }))
}

/// The file has the names. Two sources of them would leave open which one is probed.
fn without_url(url: &Url) -> Result<(), String> {
    let is_option = [
        ("ORIGIN", !url.origin.is_empty()),
        ("--host", url.host.is_some()),
        ("--sni", url.sni.is_some()),
        ("--expected", url.expected.is_some()),
        ("--dial", url.dial.is_some()),
    ];
    match is_option.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => Err(format!(
            "{option} and --config exclude each other: the file has the names"
        )),
        None => Ok(()),
    }
}

fn name(text: &str) -> Result<DnsName, String> {
    text.parse()
        .map_err(|error| format!("--name {text}: {error}"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().map(Duration::try_from_secs_f64);
    match seconds {
        Some(Ok(seconds)) if !seconds.is_zero() => Ok(seconds),
        _ => Err(format!(
            "--timeout {text}: a number of seconds above zero, such as 2.5"
        )),
    }
}

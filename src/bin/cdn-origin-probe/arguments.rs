//! Parses the command line of the probe.

use cdn_origin::name::DnsName;

pub(crate) const USAGE: &str = "\
usage: cdn-origin-probe ORIGIN [OPTION]...

Finds by trial which names and protocols an origin accepts, and prints builder
code that works.

  ORIGIN             its URL, such as https://d1234567890.cloudfront.net
  --host NAME        the configured Host
  --sni NAME         the configured SNI
  --expected NAME    the configured expected name of the certificate
  --dial HOST:PORT   the address to dial instead of the URL's host
  --ca FILE          trust the certificates in this PEM file, and no others
  --name NAME        a name to try first, in SNI and in Host; may be repeated
  --json             print JSON instead of text
  --help             print this help

Progress goes to standard error. The exit code is 0 if an attempt works, even
if only possibly, 1 if none does, and 2 if none was made. Without --ca, the
system's roots are trusted, or those of SSL_CERT_FILE and SSL_CERT_DIR.
";

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Probe(Arguments),
}

/// The connector to probe, names to try and the output format.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) origin: String,
    pub(crate) host: Option<String>,
    pub(crate) sni: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) dial: Option<String>,
    pub(crate) ca: Option<String>,
    pub(crate) names: Vec<DnsName>,
    pub(crate) as_json: bool,
}

/// Parses the arguments. An error is one line.
pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.into_iter();
    let mut parsed = Arguments::default();
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
            "--host" => parsed.host = Some(value()?),
            "--sni" => parsed.sni = Some(value()?),
            "--expected" => parsed.expected = Some(value()?),
            "--dial" => parsed.dial = Some(value()?),
            "--ca" => parsed.ca = Some(value()?),
            "--name" => parsed.names.push(name(&value()?)?),
            "--json" => parsed.as_json = true,
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}, see --help"));
            }
            origin if parsed.origin.is_empty() => parsed.origin = origin.to_owned(),
            other => return Err(format!("unexpected argument after the origin: {other}")),
        }
        if inline.is_some() {
            return Err(format!("{argument} takes no value, see --help"));
        }
    }
    match parsed.origin.is_empty() {
        true => Err(String::from("the origin is missing, see --help")),
        false => Ok(Command::Probe(parsed)),
    }
}

fn name(text: &str) -> Result<DnsName, String> {
    text.parse()
        .map_err(|error| format!("--name {text}: {error}"))
}

//! What the command line says.

use cdn_origin::name::DnsName;

pub(crate) const USAGE: &str = "\
usage: probe ORIGIN [OPTION]...

Finds out by trying which names and protocols an origin accepts, and prints the
builder code that works.

  ORIGIN             its URL, such as https://d1234567890.cloudfront.net
  --host NAME        what is configured as Host
  --sni NAME         what is configured as SNI
  --dial HOST:PORT   what is dialled instead of the URL's host
  --name NAME        a name that may be worth trying; may be repeated
  --json             prints JSON instead of text
  --help             prints this

Progress goes to standard error. The exit code is 0 if something works, 1 if
nothing does, and 2 if nothing was tried.
";

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Wanted {
    Usage,
    Findings(Arguments),
}

/// What to probe, and how to tell of it.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) origin: String,
    pub(crate) host: Option<String>,
    pub(crate) sni: Option<String>,
    pub(crate) dial: Option<String>,
    pub(crate) names: Vec<DnsName>,
    pub(crate) as_json: bool,
}

/// Reads the arguments; an error is one line.
pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Result<Wanted, String> {
    let mut arguments = arguments.into_iter();
    let mut read = Arguments::default();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next().filter(|value| !value.starts_with("--"));
            value.ok_or_else(|| format!("{argument} takes a value; --help says which"))
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(Wanted::Usage),
            "--host" => read.host = Some(value()?),
            "--sni" => read.sni = Some(value()?),
            "--dial" => read.dial = Some(value()?),
            "--name" => read.names.push(name(&value()?)?),
            "--json" => read.as_json = true,
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}; --help lists all"));
            }
            origin if read.origin.is_empty() => read.origin = origin.to_owned(),
            other => return Err(format!("one origin at a time: what is {other}?")),
        }
    }
    match read.origin.is_empty() {
        true => Err(String::from("no origin is given; --help says how")),
        false => Ok(Wanted::Findings(read)),
    }
}

fn name(text: &str) -> Result<DnsName, String> {
    text.parse()
        .map_err(|error| format!("--name {text}: {error}"))
}

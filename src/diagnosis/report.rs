//! The report of an error: everything that is known, in lines of 80 columns.

use std::fmt;

use http::StatusCode;

use crate::{
    error::{ClientCertificate, Error, Facts, PeerCertificate, source_chain},
    name::Host,
    origin::{Origin, Scheme},
};

use super::{
    Cause, Diagnosis,
    print_code::{lines_of_call, split_code},
};

const COLUMNS: usize = 80;

impl Error {
    /// Returns the report for people: what failed, the facts, the causes and their fixes.
    ///
    /// The report has lines of at most 80 columns, except for longer calls and URLs. Code is
    /// wrapped only where it still compiles. Texts that the peer chose are escaped and shortened.
    /// [Reading errors](crate::guide::reading_errors) explains the report.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// println!("{}", error.report());
    /// # }
    /// ```
    #[must_use]
    pub fn report(&self) -> impl fmt::Display + fmt::Debug + Copy {
        ErrorReport(self)
    }
}

/// `Copy`: the error can be moved in the same statement.
#[derive(Clone, Copy, Debug)]
struct ErrorReport<'a>(&'a Error);

impl fmt::Display for ErrorReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        FactsReport(self.0).fmt(f)?;
        print_causes(f, &self.0.diagnosis())
    }
}

/// A response by which the origin refused a request, and why.
#[derive(Debug)]
pub(crate) struct OriginRefusal {
    pub(crate) status: StatusCode,
    /// The facts of the connection, with the Host of the request.
    pub(crate) facts: Facts,
    pub(crate) diagnosis: Diagnosis,
}

/// The report of a request: of its error, or of the response that refused it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ExchangeReport<'a> {
    Error(&'a Error),
    Refusal(&'a OriginRefusal),
}

impl fmt::Display for ExchangeReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refusal = match self {
            Self::Error(error) => return ErrorReport(error).fmt(f),
            Self::Refusal(refusal) => refusal,
        };
        let facts = &refusal.facts;
        if let Some(origin) = facts.origin() {
            let text = format!("{} answered {}", origin.dial(), refusal.status);
            paragraph(f, "", &text)?;
            f.write_str("\n")?;
            names(f, origin, facts)?;
            observations(f, facts)?;
        }
        print_causes(f, &refusal.diagnosis)
    }
}

fn print_causes(f: &mut fmt::Formatter<'_>, diagnosis: &Diagnosis) -> fmt::Result {
    for cause in diagnosis.causes() {
        f.write_str("\n")?;
        print_cause(f, cause)?;
    }
    Ok(())
}

/// A report without the causes.
pub(crate) struct FactsReport<'a>(pub(crate) &'a Error);

impl fmt::Display for FactsReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        paragraph(f, "", &self.0.to_string())?;
        let facts = self.0.facts();
        if let Some(origin) = facts.origin() {
            f.write_str("\n")?;
            names(f, origin, facts)?;
            observations(f, facts)?;
        }
        if let Some(deepest) = source_chain::root(self.0) {
            row(f, "caused by", &deepest.to_string())?;
        }
        Ok(())
    }
}

fn names(f: &mut fmt::Formatter<'_>, origin: &Origin, facts: &Facts) -> fmt::Result {
    row(f, "dialled", &dialled(origin, facts))?;
    if origin.scheme() == Scheme::Https {
        row(f, "SNI", &origin.sni().to_string())?;
        let expected = facts.expected_alternatives().map(str::to_owned);
        let expected = expected.unwrap_or_else(|| origin.expected_name().to_string());
        row(f, "expected", &expected)?;
    }
    if let Some(trusted) = facts.trusted_roots() {
        row(f, "trusted", &trusted.to_string())?;
    }
    match facts.host() {
        Some(host) => row(f, "Host", &format!("{host}{}", facts.host_remark())),
        None => Ok(()),
    }
}

fn dialled(origin: &Origin, facts: &Facts) -> String {
    match facts.peer() {
        Some(peer) if origin.dial().host().and_then(Host::dns).is_some() => {
            format!("{} ({peer})", origin.dial())
        }
        _ => origin.dial().to_string(),
    }
}

fn observations(f: &mut fmt::Formatter<'_>, facts: &Facts) -> fmt::Result {
    for attempt in facts.failed_attempts() {
        row(f, "tried", &attempt.to_string())?;
    }
    if let Some(offer) = facts.offer.as_ref() {
        row(f, "offered", &offer.to_string())?;
    }
    match (facts.tls_session(), facts.ech_offer()) {
        (Some(session), _) => row(f, "agreed", &session.to_string())?,
        (None, Some(offer)) => row(f, "ECH", &offer.to_string())?,
        (None, None) => {}
    }
    let reused = "the connection had served other requests before";
    match (facts.is_reused(), facts.idle()) {
        (true, None) => row(f, "reused", reused)?,
        (true, Some(time)) => row(f, "reused", &format!("{reused}; idle for {time:.1?}"))?,
        (false, Some(time)) => row(f, "opened", &format!("in advance; idle for {time:.1?}"))?,
        (false, None) => {}
    }
    if let Some(certificate) = facts.certificate() {
        certificate_rows(f, certificate)?;
    }
    match facts.client_certificate() {
        ClientCertificate::Withheld => {
            row(f, "requested", "a client certificate, and received none")?
        }
        ClientCertificate::Sent => row(f, "requested", "a client certificate, and received ours")?,
        ClientCertificate::NotRequested => {}
    }
    match facts.first_bytes() {
        [] => Ok(()),
        bytes if facts.alert().is_some() || bytes.starts_with(&[0x16]) => Ok(()),
        bytes => row(f, "received", &format!("\"{}\"", bytes.escape_ascii())),
    }
}

fn certificate_rows(f: &mut fmt::Formatter<'_>, certificate: &PeerCertificate) -> fmt::Result {
    if !certificate.is_readable() {
        return row(f, "presented", "a certificate that could not be read");
    }
    let subject = certificate.subject();
    let names = match (certificate.names(), certificate.has_alternative_names()) {
        ([], false) => format!("{subject}, no subject alternative name"),
        ([], true) => format!("{subject}, no DNS name or address"),
        _ => certificate.names_in_brief(),
    };
    row(f, "presented", &names)?;
    row(f, "issued by", certificate.issuer())?;
    if let Some(validity) = certificate.validity() {
        row(f, "valid", &validity)?;
    }
    match certificate.pin() {
        Some(pin) => row(f, "key", pin),
        None => Ok(()),
    }
}

fn print_cause(f: &mut fmt::Formatter<'_>, cause: &Cause) -> fmt::Result {
    paragraph(f, "", &format!("{}: {}", cause.certainty(), cause.text()))?;
    let evidence: Vec<_> = cause.evidence().collect();
    if !evidence.is_empty() {
        paragraph(f, "  seen: ", &evidence.join(", "))?;
    }
    for fix in cause.fixes() {
        code_paragraph(f, "  fix: ", &fix.to_string())?;
    }
    if let Some(instruction) = cause.confirm() {
        paragraph(f, "  to confirm: ", instruction)?;
    }
    match cause.documentation() {
        Some(source) => paragraph(f, "  source: ", source),
        None => Ok(()),
    }
}

/// Writes `  label      text`, with further lines indented like the first.
fn row(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    paragraph(f, &format!("  {label:<11}"), text)
}

/// Writes the text in lines of at most [`COLUMNS`], the first of which begins with `start`.
pub(crate) fn paragraph(f: &mut fmt::Formatter<'_>, start: &str, text: &str) -> fmt::Result {
    let room = COLUMNS - start.len();
    let pieces = words(text).flat_map(|word| {
        // A URL is to be copied.
        let room = if word.contains("://") {
            usize::MAX
        } else {
            room
        };
        cut(word, room)
    });
    wrapped(f, start, pieces)
}

/// Writes a fix like a paragraph. Its calls are in one line each, or broken as rustfmt does.
pub(crate) fn code_paragraph(f: &mut fmt::Formatter<'_>, start: &str, code: &str) -> fmt::Result {
    let room = COLUMNS - start.len();
    let pieces = split_code(code).enumerate().flat_map(|(index, word)| {
        let (call, space) = word.split_at(word.trim_end().len());
        let mut lines = lines_of_call(call, room);
        let last = lines.pop().map(|last| format!("{last}{space}"));
        // A broken call begins a line.
        let is_within = index > 0 && !lines.is_empty();
        let before = is_within.then(|| String::from("\n"));
        let broken = lines.into_iter().map(|line| format!("{line}\n"));
        let pieces = before.into_iter().chain(broken).chain(last);
        pieces.collect::<Vec<_>>()
    });
    wrapped(f, start, pieces)
}

/// Writes the words in lines of at most [`COLUMNS`]. A longer word has its own line.
fn wrapped(
    f: &mut fmt::Formatter<'_>,
    start: &str,
    words: impl Iterator<Item: AsRef<str>>,
) -> fmt::Result {
    let mut line = start.to_owned();
    for word in words {
        let word = word.as_ref();
        let width = columns(&line) + columns(word.trim_end());
        let is_full = width > COLUMNS || line.ends_with('\n');
        if line.len() > start.len() && is_full {
            writeln!(f, "{}", line.trim_end())?;
            line = " ".repeat(start.len());
        }
        line.push_str(word);
    }
    writeln!(f, "{}", line.trim_end())
}

/// The maximum width of a text: two columns for each character that is not ASCII.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(char: char) -> usize {
    if char.is_ascii() { 1 } else { 2 }
}

/// Cuts a word that is wider than `room` into pieces.
fn cut(word: &str, room: usize) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let mut taken = 0;
        let mut fits = |(_, char): &(usize, char)| {
            taken += width(*char);
            taken <= room || *char == ' '
        };
        let end = rest.char_indices().find(|char| !fits(char));
        let (piece, left) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Splits a line where it may be broken: after spaces and before an escaped byte. Names and dates
/// stay whole at their hyphens.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let inner = line.char_indices().map(|(at, _)| at);
    let ends = inner.filter(|at| is_end(&line[..*at], &line[*at..]));
    let mut start = 0;
    ends.chain([line.len()]).map(move |end| {
        let word = &line[start..end];
        start = end;
        word
    })
}

fn is_end(before: &str, after: &str) -> bool {
    let is_line = before.ends_with('\n');
    let is_space = before.ends_with(' ') && !after.starts_with(' ');
    let is_byte = after.starts_with("\\x") && !before.ends_with('\\');
    is_line || is_space || is_byte
}

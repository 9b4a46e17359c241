//! Formats a `LogEntry` as a line, combined or JSON.
//!
//! Both formats are written from the same entry, and have the same fields of the exchange. A line
//! has no line end: that is up to the sink.
//!
//! ```text
//! 203.0.113.7 - - [29/Nov/2026:05:29:05 +0000] "GET /page HTTP/1.1" 200 1024 "-" "curl/8.5.0"
//! duration=0.012000 host="www.example" outcome=complete origin=origin.example:80 ..
//! ```

use std::{
    fmt::{Display, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::Version;
use x509_cert::der::DateTime;

use crate::observe::{ExchangeInfo, ExchangeOutcome};

use super::{
    escape::{push_escaped, push_json, push_quoted},
    log_entry::LogEntry,
};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// nginx's status of a client that left before the response.
const CLIENT_LEFT: u16 = 499;

/// A line in the combined format, with the fields of the exchange in `key=value`.
///
/// The start is what parsers of nginx's and Apache's format expect.
pub(super) fn combined(entry: &LogEntry) -> String {
    let mut line = String::with_capacity(320);
    match entry.client {
        Some(client) => push(&mut line, client),
        None => line.push('-'),
    }
    line.push_str(" - - [");
    push_clf_time(&mut line, entry.time);
    line.push_str("] \"");
    push_escaped(&mut line, entry.method.as_str().as_bytes());
    line.push(' ');
    push_escaped(&mut line, entry.target().as_bytes());
    push(&mut line, format_args!(" {}\" ", version(entry.version)));
    match (entry.status, entry.outcome()) {
        (Some(status), _) => push(&mut line, status.as_u16()),
        (None, ExchangeOutcome::ClientLeft) => push(&mut line, CLIENT_LEFT),
        // A layer further out makes a response of the error.
        (None, _) => line.push('-'),
    }
    push(&mut line, format_args!(" {} ", entry.bytes));
    push_quoted(&mut line, or_dash(&entry.referer));
    line.push(' ');
    push_quoted(&mut line, or_dash(&entry.user_agent));
    let seconds = entry.seconds();
    push(&mut line, format_args!(" duration={seconds:.6} host="));
    push_quoted(&mut line, or_dash(&entry.host));
    for (key, value) in fields(entry) {
        match value {
            Value::Text(text) => {
                push(&mut line, format_args!(" {key}="));
                push_value(&mut line, &text);
            }
            Value::Seconds(time) => {
                push(&mut line, format_args!(" {key}={:.6}", time.as_secs_f64()));
            }
            Value::Number(number) => push(&mut line, format_args!(" {key}={number}")),
            Value::Texts(texts) => {
                push(&mut line, format_args!(" {key}="));
                push_value(&mut line, &texts.join(","));
            }
        }
    }
    line
}

/// A line of JSON.
///
/// Absent values are left out, except for a status of `null`.
pub(super) fn json(entry: &LogEntry) -> String {
    let mut line = String::with_capacity(512);
    line.push_str("{\"time\":\"");
    push_rfc3339_time(&mut line, entry.time);
    line.push('"');
    if let Some(client) = entry.client {
        push(&mut line, format_args!(",\"client\":\"{client}\""));
    }
    line.push_str(",\"method\":");
    push_json(&mut line, entry.method.as_str().as_bytes());
    line.push_str(",\"host\":");
    push_json(&mut line, &entry.host);
    line.push_str(",\"path\":");
    push_json(&mut line, entry.target().as_bytes());
    let version = version(entry.version);
    push(
        &mut line,
        format_args!(",\"version\":\"{version}\",\"status\":"),
    );
    match entry.status {
        Some(status) => push(&mut line, status.as_u16()),
        None => line.push_str("null"),
    }
    let (bytes, seconds) = (entry.bytes, entry.seconds());
    push(
        &mut line,
        format_args!(",\"bytes\":{bytes},\"duration\":{seconds:.6}"),
    );
    for (name, value) in [
        ("referer", &entry.referer),
        ("user_agent", &entry.user_agent),
    ] {
        if !value.is_empty() {
            push(&mut line, format_args!(",\"{name}\":"));
            push_json(&mut line, value);
        }
    }
    for (key, value) in fields(entry) {
        push(&mut line, format_args!(",\"{key}\":"));
        match value {
            Value::Text(text) => push_json(&mut line, text.as_bytes()),
            Value::Seconds(time) => push(&mut line, format_args!("{:.6}", time.as_secs_f64())),
            Value::Number(number) => push(&mut line, number),
            Value::Texts(texts) => {
                for (index, text) in texts.iter().enumerate() {
                    line.push(if index == 0 { '[' } else { ',' });
                    push_json(&mut line, text.as_bytes());
                }
                line.push(']');
            }
        }
    }
    line.push('}');
    line
}

/// A field of the exchange.
///
/// Numbers are not quoted in JSON.
enum Value {
    /// May have any characters: a label is the application's choice.
    Text(String),
    /// At least one.
    Texts(Vec<String>),
    Seconds(Duration),
    Number(u64),
}

/// The outcome, and the fields of the exchange.
///
/// In the order of both formats.
fn fields(entry: &LogEntry) -> Vec<(&'static str, Value)> {
    let mut fields = Vec::with_capacity(16);
    let text = |text: &dyn Display| Value::Text(text.to_string());
    if let Some(id) = entry.trace_id {
        fields.push(("trace_id", text(&format_args!("{id:032x}"))));
    }
    let Some((exchange, failed_over)) = entry.exchange() else {
        fields.push(("outcome", text(&entry.outcome())));
        return fields;
    };
    // A layer below that fails drops the exchange as a client does that leaves.
    let has_failed = entry.status.is_none() && entry.outcome() == ExchangeOutcome::Failed;
    let outcome = match exchange.outcome() {
        Some(ExchangeOutcome::ClientLeft) if has_failed => Some(ExchangeOutcome::Failed),
        outcome => outcome,
    };
    if let Some(outcome) = outcome {
        fields.push(("outcome", text(&outcome)));
    }
    if let Some(error) = exchange.error() {
        fields.push(("error", text(&error.kind().as_str())));
    }
    if let Some(cause) = exchange.cause() {
        fields.push(("cause", text(&cause.as_str())));
    }
    if let Some(origin) = exchange.origin() {
        fields.push(("origin", text(origin.dial())));
        if let Some(label) = origin.label() {
            fields.push(("label", text(&label)));
        }
    }
    if let Some(peer) = exchange.peer() {
        fields.push(("peer", text(&peer)));
    }
    push_times(&mut fields, &exchange);
    fields.push(("request_bytes", Value::Number(exchange.request_bytes())));
    let tries = exchange.tries().count();
    if tries > 0 {
        fields.push(("tries", Value::Number(tries as u64)));
    }
    let retries = exchange.tries().filter_map(|attempt| attempt.reason);
    let retries: Vec<_> = retries.map(|reason| reason.as_str().to_owned()).collect();
    if !retries.is_empty() {
        fields.push(("retries", Value::Texts(retries)));
    }
    if !failed_over.is_empty() {
        let failed_over = failed_over.iter().map(failed_exchange).collect();
        fields.push(("failed_over", Value::Texts(failed_over)));
    }
    fields
}

/// Origin, error and seconds of an exchange: `a.example:443/connection_refused/0.003`.
fn failed_exchange(exchange: &ExchangeInfo) -> String {
    let origin = exchange.origin().map(|origin| origin.dial().to_string());
    let origin = origin.unwrap_or_default();
    let error = exchange.error_type().unwrap_or("-");
    let seconds = exchange.total().unwrap_or_default().as_secs_f64();
    format!("{origin}/{error}/{seconds:.3}")
}

/// A time is left out if its step was not reached.
fn push_times(fields: &mut Vec<(&'static str, Value)>, exchange: &ExchangeInfo) {
    let (last, connect) = (exchange.tries().last(), exchange.elapsed());
    if let Some(last) = last {
        let connection = match last.reused {
            true => "reused",
            false => "fresh",
        };
        fields.push(("connection", Value::Text(connection.into())));
    }
    let times = [
        ("queue", Some(exchange.queue_wait())),
        ("checkout", last.map(|_| exchange.checkout())),
        ("resolve", connect.resolve),
        ("connect", connect.dial),
        ("handshake", connect.handshake),
        ("first_byte", last.and_then(|last| last.first_byte)),
    ];
    let known = times.into_iter();
    fields.extend(known.filter_map(|(key, time)| Some((key, Value::Seconds(time?)))));
}

/// A value of the combined format, which is quoted if it would end early otherwise.
fn push_value(line: &mut String, text: &str) {
    let is_plain = |byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => line.push_str(text),
        false => push_quoted(line, text.as_bytes()),
    }
}

/// Writing to a `String` does not fail.
fn push(line: &mut String, text: impl Display) {
    let _ = write!(line, "{text}");
}

/// The combined format has a dash for what is absent.
fn or_dash(value: &[u8]) -> &[u8] {
    match value {
        b"" => b"-",
        value => value,
    }
}

/// As the server in front received it: HTTP/2 and HTTP/3 get a zero, as in nginx.
fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

/// `None` before 1970.
fn date(time: SystemTime) -> Option<DateTime> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    DateTime::from_unix_duration(Duration::from_secs(since.as_secs())).ok()
}

/// The Common Log Format: `29/Nov/2026:05:29:05 +0000`.
///
/// Always in UTC.
fn push_clf_time(line: &mut String, time: SystemTime) {
    let Some(date) = date(time) else {
        return line.push('-');
    };
    let month = usize::from(date.month()).saturating_sub(1);
    let month = MONTHS.get(month).copied().unwrap_or("-");
    let (day, year) = (date.day(), date.year());
    let (hour, minute, second) = (date.hour(), date.minutes(), date.seconds());
    push(
        line,
        format_args!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000"),
    );
}

/// RFC 3339, with milliseconds.
fn push_rfc3339_time(line: &mut String, time: SystemTime) {
    let Some(date) = date(time) else {
        return;
    };
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = (date.year(), date.month(), date.day());
    let (hour, minute, second) = (date.hour(), date.minutes(), date.seconds());
    let millis = since.subsec_millis();
    push(
        line,
        format_args!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_both_formats() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_930_145_042);
        let mut line = String::new();
        push_clf_time(&mut line, time);
        assert_eq!(line, "29/Nov/2026:05:29:05 +0000");
        let mut line = String::new();
        push_rfc3339_time(&mut line, time);
        assert_eq!(line, "2026-11-29T05:29:05.042Z");
    }
}

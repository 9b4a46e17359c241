//! Values of JSON, and what messages read from them.
//!
//! Conversions follow the JSON mapping of protobuf 3: a duration is a text with `s`, a 64-bit
//! number may be a text, null is the default, and names are in snake case or in lower camel case.
//! An error of a conversion is an `Outcome`, so that a row can return it with `?`.

use std::time::Duration;

use serde_json::Number;

use crate::import::{import_limit::line_weight, note::Outcome};

/// A value, and the line of its key or of itself.
///
/// The line is that of the key, for a value in an object.
#[derive(Debug)]
pub(super) struct JsonNode {
    pub(super) line: usize,
    pub(super) value: JsonValue,
}

#[derive(Debug)]
pub(super) enum JsonValue {
    Bool(bool),
    List(Vec<JsonNode>),
    Null,
    Number(Number),
    /// In the order of the text. Keys may occur twice.
    Object(Vec<(String, JsonNode)>),
    Text(String),
}

/// Whether two names of fields are the same: protobuf writes them in snake case or in camel case.
pub(super) fn is_same_field(one: &str, other: &str) -> bool {
    field_bytes(one).eq(field_bytes(other))
}

/// The characters of a name that count.
///
/// Without underscores, and in lower case: `consecutive_5xx` and `consecutive5xx`.
pub(super) fn field_bytes(name: &str) -> impl Iterator<Item = u8> {
    let bytes = name.bytes().filter(|byte| *byte != b'_');
    bytes.map(|byte| byte.to_ascii_lowercase())
}

impl JsonNode {
    /// The first field of this name. Null stands for an absent field.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let JsonValue::Object(members) = &self.value else {
            return None;
        };
        let mut members = members.iter();
        let (_, node) = members.find(|(other, _)| is_same_field(other, name))?;
        (!matches!(node.value, JsonValue::Null)).then_some(node)
    }

    /// What it weighs for the limit.
    pub(super) fn weight(&self) -> usize {
        let inner: usize = match &self.value {
            JsonValue::List(elements) => elements.iter().map(Self::weight).sum(),
            JsonValue::Object(members) => {
                let members = members.iter();
                members.map(|(name, node)| name.len() + node.weight()).sum()
            }
            JsonValue::Text(text) => text.len(),
            JsonValue::Bool(_) | JsonValue::Null | JsonValue::Number(_) => 0,
        };
        line_weight([]) + inner
    }

    /// The field at the end of these names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The elements of a list; none if the value is no list.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.value {
            JsonValue::List(elements) => elements,
            _ => &[],
        }
    }

    pub(super) fn list(&self) -> Result<&[Self], Outcome> {
        match &self.value {
            JsonValue::List(elements) => Ok(elements),
            _ => Err(Outcome::refused("the value is no list")),
        }
    }

    pub(super) fn text(&self) -> Result<&str, Outcome> {
        match &self.value {
            JsonValue::Text(text) => Ok(text),
            _ => Err(Outcome::refused("the value is no text")),
        }
    }

    /// Fails if one element is no text.
    pub(super) fn texts(&self) -> Result<Vec<&str>, Outcome> {
        self.list()?.iter().map(Self::text).collect()
    }

    pub(super) fn boolean(&self) -> Result<bool, Outcome> {
        match &self.value {
            JsonValue::Bool(value) => Ok(*value),
            _ => Err(Outcome::refused("the value is neither true nor false")),
        }
    }

    /// A number of things. Protobuf also writes it as a text.
    pub(super) fn count(&self) -> Result<u64, Outcome> {
        let number = match &self.value {
            JsonValue::Number(number) => number.as_u64(),
            JsonValue::Text(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| Outcome::refused("the value is no whole number"))
    }

    /// A count of the size that calls take.
    pub(super) fn small_count(&self) -> Result<u32, Outcome> {
        let too_large = |_| Outcome::refused("the number is too large");
        u32::try_from(self.count()?).map_err(too_large)
    }

    /// A percentage, rounded down.
    ///
    /// Rounded down: a limit must not become looser.
    pub(super) fn percent(&self) -> Result<u32, Outcome> {
        match &self.value {
            JsonValue::Number(number) => {
                let percent = number.as_f64().unwrap_or(-1.0).floor();
                let known = (0..=100).find(|known| f64::from(*known) == percent);
                known.ok_or_else(|| Outcome::refused("the value is no percentage"))
            }
            _ => self.small_count(),
        }
    }

    /// A duration such as `0.25s`.
    pub(super) fn duration(&self) -> Result<Duration, Outcome> {
        duration(self.text()?)
            .ok_or_else(|| Outcome::refused("the value is no time such as `0.25s`"))
    }

    /// A duration that is not zero.
    pub(super) fn time(&self) -> Result<Duration, Outcome> {
        match self.duration()? {
            Duration::ZERO => Err(Outcome::refused("a time of zero would pass at once")),
            time => Ok(time),
        }
    }
}

/// At most nine digits after the point. `None` for a negative one.
fn duration(text: &str) -> Option<Duration> {
    const MAX_DIGITS: usize = 9;
    let number = text.strip_suffix('s')?;
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !is_digits(seconds) || !is_digits(fraction) || fraction.len() > MAX_DIGITS {
        return None;
    }
    let nanoseconds = format!("{fraction:0<MAX_DIGITS$}").parse().ok()?;
    Some(Duration::new(seconds.parse().ok()?, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::{super::json::parse, *};

    #[test]
    fn names_of_fields_are_in_snake_case_or_in_camel_case() {
        for name in ["consecutive_5xx", "consecutive5xx", "consecutive5Xx"] {
            assert!(is_same_field(name, "consecutive_5xx"), "{name}");
        }
        assert!(!is_same_field("sni", "auto_sni"));
        let node = parse(r#"{"connectTimeout": null, "connect_timeout": "1s"}"#).unwrap();
        assert!(node.get("connect_timeout").is_none());
    }

    #[test]
    fn durations_are_seconds_with_a_fraction() {
        let rows = [
            ("0.25s", Some(Duration::from_millis(250))),
            ("5s", Some(Duration::from_secs(5))),
            ("1.000000001s", Some(Duration::new(1, 1))),
            ("0s", Some(Duration::ZERO)),
            ("1.0000000001s", None),
            ("250ms", None),
            ("-1s", None),
            ("1", None),
            ("s", None),
            (".5s", None),
            ("99999999999999999999s", None),
        ];
        for (text, expected) in rows {
            assert_eq!(duration(text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_may_be_a_text() {
        let node = parse(r#"[443, "443", 4.5, "x", -1, 40.9, true]"#).unwrap();
        let counts: Vec<_> = node.elements().iter().map(|it| it.count().ok()).collect();
        assert_eq!(counts, [Some(443), Some(443), None, None, None, None, None]);
        assert_eq!(node.elements()[5].percent(), Ok(40));
        assert!(node.elements()[0].percent().is_err());
        assert!(node.elements()[4].percent().is_err());
    }
}

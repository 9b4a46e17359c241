//! The grammar of JSON, with the lines of values, and with keys that occur twice.
//!
//! serde_json would lose two things: the line of a key, which each note has, and the second one of
//! two equal keys, which protobuf refuses. The grammar is RFC 8259's.

use crate::import::error::{ImportError, Position};

use super::node::{JsonNode, JsonValue};

/// The deepest nesting of values: the limit of protobuf's own parsers.
const MAX_DEPTH: usize = 100;

const NOT_JSON: &str = "not JSON: convert YAML to JSON first";

/// Parses a text that is one JSON value.
///
/// Recursive, with a bound on the depth.
pub(super) fn parse(text: &str) -> Result<JsonNode, ImportError> {
    let mut reader = JsonReader {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        at: Position::START,
    };
    let node = reader.value(0)?;
    reader.skip_spaces();
    match reader.rest.is_empty() {
        true => Ok(node),
        false => Err(ImportError::new(reader.at, "there is text after the value")),
    }
}

struct JsonReader<'a> {
    rest: &'a str,
    at: Position,
}

impl<'a> JsonReader<'a> {
    /// Takes this many bytes, which end at a character's end.
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        for char in taken.chars() {
            self.at.advance(char);
        }
        self.rest = rest;
        taken
    }

    fn take_if(&mut self, char: char) -> bool {
        let is_next = self.rest.starts_with(char);
        if is_next {
            self.take(char.len_utf8());
        }
        is_next
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.take(self.rest.len() - rest.len());
    }

    fn value(&mut self, depth: usize) -> Result<JsonNode, ImportError> {
        self.skip_spaces();
        let at = self.at;
        if depth > MAX_DEPTH {
            return Err(ImportError::new(at, "more than 100 values are nested"));
        }
        let value = match self.rest.chars().next() {
            Some('{') => self.object(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => JsonValue::Text(self.text()?),
            Some(_) => self.word()?,
            None => return Err(ImportError::new(at, "a value is missing")),
        };
        Ok(JsonNode {
            line: at.line,
            value,
        })
    }

    fn object(&mut self, depth: usize) -> Result<JsonValue, ImportError> {
        let open = self.at;
        self.take(1);
        self.skip_spaces();
        let mut members = Vec::new();
        if self.take_if('}') {
            return Ok(JsonValue::Object(members));
        }
        loop {
            self.skip_spaces();
            let at = self.at;
            if !self.rest.starts_with('"') {
                return Err(ImportError::new(at, "a key in quotes is missing"));
            }
            let name = self.text()?;
            self.skip_spaces();
            if !self.take_if(':') {
                return Err(ImportError::new(self.at, "`:` is missing"));
            }
            let value = self.value(depth + 1)?.value;
            members.push((
                name,
                JsonNode {
                    line: at.line,
                    value,
                },
            ));
            if self.ends(open, '}')? {
                return Ok(JsonValue::Object(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<JsonValue, ImportError> {
        let open = self.at;
        self.take(1);
        self.skip_spaces();
        let mut elements = Vec::new();
        if self.take_if(']') {
            return Ok(JsonValue::List(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            if self.ends(open, ']')? {
                return Ok(JsonValue::List(elements));
            }
        }
    }

    /// Whether the object or list that begins at `open` ends here.
    fn ends(&mut self, open: Position, end: char) -> Result<bool, ImportError> {
        self.skip_spaces();
        if self.take_if(end) {
            return Ok(true);
        }
        match (self.take_if(','), self.rest.is_empty()) {
            (true, _) => Ok(false),
            (false, true) => Err(ImportError::new(open, "an object or list is not closed")),
            (false, false) => Err(ImportError::new(self.at, "`,` is missing")),
        }
    }

    fn text(&mut self) -> Result<String, ImportError> {
        let at = self.at;
        let mut bytes = self.rest.bytes().enumerate().skip(1);
        let end = loop {
            match bytes.next() {
                Some((_, b'\\')) => drop(bytes.next()),
                Some((index, b'"')) => break index + 1,
                Some(_) => {}
                None => return Err(ImportError::new(at, "a quote is not closed")),
            }
        };
        let quoted = self.take(end);
        serde_json::from_str(quoted).map_err(|_| ImportError::new(at, "the text is not valid JSON"))
    }

    fn word(&mut self) -> Result<JsonValue, ImportError> {
        let at = self.at;
        let is_end = |char: char| !char.is_ascii_alphanumeric() && !"+-.".contains(char);
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        match self.take(end) {
            "true" => Ok(JsonValue::Bool(true)),
            "false" => Ok(JsonValue::Bool(false)),
            "null" => Ok(JsonValue::Null),
            word => match serde_json::from_str(word) {
                Ok(number) => Ok(JsonValue::Number(number)),
                Err(_) => Err(ImportError::new(at, NOT_JSON)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_lines_of_their_keys() {
        let node =
            parse("\u{feff}{\"a\":\n[1,\n {\"b\\u0063\": \"é\\n\"}], \"d\": -0.5e1}\n").unwrap();
        let list = node.get("a").unwrap();
        assert_eq!((list.line, list.elements()[0].line), (1, 2));
        let text = list.elements()[1].get("bc").unwrap();
        assert_eq!((text.line, text.text().unwrap()), (3, "é\n"));
    }

    #[test]
    fn a_text_that_is_no_json_is_an_error_with_its_place() {
        let deep = "[".repeat(102);
        let rows = [
            ("", "line 1, column 1: a value is missing"),
            (
                "static_resources:\n",
                "line 1, column 1: not JSON: convert YAML to JSON first",
            ),
            (
                "{\"a\": nul}",
                "line 1, column 7: not JSON: convert YAML to JSON first",
            ),
            (
                "{\"a\": 01}",
                "line 1, column 7: not JSON: convert YAML to JSON first",
            ),
            ("{\n \"é\" 1}", "line 2, column 6: `:` is missing"),
            ("{\"a\": 1 \"b\": 2}", "line 1, column 9: `,` is missing"),
            (
                "{\"a\": 1,}",
                "line 1, column 9: a key in quotes is missing",
            ),
            (
                "{\"a\": [1",
                "line 1, column 7: an object or list is not closed",
            ),
            ("{\"a", "line 1, column 2: a quote is not closed"),
            ("\"\\x\"", "line 1, column 1: the text is not valid JSON"),
            ("{} {}", "line 1, column 4: there is text after the value"),
            (&deep, "line 1, column 102: more than 100 values are nested"),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text).expect_err(text).to_string(), expected);
        }
    }
}

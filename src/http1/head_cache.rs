//! The field lines of the previous response.
//!
//! ```text
//! previous head   Server: a   Date: 1   X-Cache: hit   ETag: "b"
//! this head       Server: a   Date: 2   Age: 0         ETag: "b"
//! names           hit         hit       learn          learn: what followed is forgotten
//! values          hit         learn     parsed         parsed
//! ```
//!
//! The comparison is of bytes as written, upper and lower case included: `server` after `Server` is
//! parsed anew. So the cache can only save work, and never changes a name or a value.
//!
//! A head whose names are all known is read here. Any other is parsed by `response_head.rs`, and
//! its names are learnt.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header::InvalidHeaderName};

/// How many lines are remembered. Nearly all responses have fewer.
///
/// The lines behind are parsed each time.
const MAX_LINES: usize = 32;

/// How many bytes of names, and how many of lines, are remembered.
///
/// A cache holds this much at most, besides 32 lines.
const MAX_TEXT: usize = 1024;

/// A value that changes is learnt for this many of [`COUNTED_CHANGES`] changes in a row. `Date`
/// changes once in a second, but some values change with each response.
const LEARNT_CHANGES: u8 = 4;

/// After so many changes in a row, a value is learnt again.
const COUNTED_CHANGES: u8 = 64;

/// The field lines of the previous response of an origin, in their order.
///
/// Origins send nearly the same lines each time. To compare a line with the one that was at its
/// place costs less than to parse it.
#[derive(Debug, Default)]
pub(super) struct HeadCache {
    lines: Vec<CachedLine>,
    /// The names as the origin wrote them, each with its colon, one behind the other.
    names: Vec<u8>,
}

#[derive(Debug)]
struct CachedLine {
    name: HeaderName,
    /// Where the name ends in the text. It begins where the one before it ends.
    name_end: usize,
    known: Option<KnownLine>,
    /// How often in a row the value was another one than remembered.
    changes: u8,
}

/// A whole line with its CRLF, and its value, which is a part of it.
#[derive(Debug)]
struct KnownLine {
    text: Bytes,
    value: HeaderValue,
}

/// Reads the names of one head, which the parser has found.
pub(super) struct NameReader<'a> {
    cache: &'a mut HeadCache,
    /// How many names were read.
    at: usize,
    /// Grows with each name, also behind the last remembered one: no entry can match by accident.
    text_at: usize,
}

impl HeadCache {
    /// How many lines are remembered.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Reads field lines up to the empty line behind them, and passes them on. Returns what is
    /// behind that.
    ///
    /// Returns `None` if the parser has to read the head: a name is not the remembered one, a line
    /// is unusual or malformed, or bytes are missing. Some lines may have been passed on by then.
    pub(super) fn read_lines<'a>(
        &mut self,
        fields: &'a [u8],
        mut add: impl FnMut(HeaderName, HeaderValue),
    ) -> Option<&'a [u8]> {
        let mut rest = fields;
        let mut name_start = 0;
        for at in 0..self.lines.len() {
            if let Some(behind) = rest.strip_prefix(b"\r\n") {
                return Some(behind);
            }
            let line = &mut self.lines[at];
            let name = line.name.clone();
            let name_end = line.name_end;
            let (value, behind) = match line.known_value(rest) {
                Some(known) => known,
                None => {
                    let name = &self.names[name_start..name_end];
                    let name_length = rest.starts_with(name).then_some(name.len())?;
                    let (line, behind) = rest.split_at(memchr::memchr(b'\n', rest)? + 1);
                    (self.changed_value(at, line, name_length)?, behind)
                }
            };
            name_start = name_end;
            rest = behind;
            add(name, value);
        }
        rest.strip_prefix(b"\r\n")
    }

    /// Notes that the value of a line has changed, and remembers the line if that may pay. `None`
    /// if the line is malformed.
    fn changed_value(&mut self, at: usize, line: &[u8], name_length: usize) -> Option<HeaderValue> {
        let cached = &mut self.lines[at];
        let is_learnt = cached.changes < LEARNT_CHANGES;
        cached.changes = (cached.changes + 1) % COUNTED_CHANGES;
        cached.known = None;
        if !is_learnt || self.known_length() + line.len() > MAX_TEXT {
            return HeaderValue::from_bytes(value_of(&line[name_length..])?).ok();
        }
        let text = Bytes::copy_from_slice(line);
        let value = text.slice_ref(value_of(&text[name_length..])?);
        let value = HeaderValue::from_maybe_shared(value).ok()?;
        self.lines[at].known = Some(KnownLine {
            text,
            value: value.clone(),
        });
        Some(value)
    }

    /// The bytes of all remembered lines.
    fn known_length(&self) -> usize {
        let known = self.lines.iter().filter_map(|line| line.known.as_ref());
        known.map(|known| known.text.len()).sum()
    }

    /// Begins to read the names of a head with this number of fields.
    ///
    /// `count` only sizes the allocation. Fewer calls of [`NameReader::next`] are harmless, and the
    /// names of a head that turns out to be malformed stay.
    pub(super) fn read_names(&mut self, count: usize) -> NameReader<'_> {
        // No more than needed: the pools of many origins hold it.
        let missing = count.min(MAX_LINES).saturating_sub(self.lines.len());
        self.lines.reserve_exact(missing);
        NameReader {
            cache: self,
            at: 0,
            text_at: 0,
        }
    }
}

impl CachedLine {
    /// The value and what is behind the line, if it is the remembered one.
    fn known_value<'a>(&mut self, bytes: &'a [u8]) -> Option<(HeaderValue, &'a [u8])> {
        let known = self.known.as_ref()?;
        let behind = bytes.strip_prefix(&known.text[..])?;
        self.changes = 0;
        Some((known.value.clone(), behind))
    }
}

/// The value of a line whose name was removed, without the whitespace around it. `None` if the line
/// does not end in CRLF.
fn value_of(line: &[u8]) -> Option<&[u8]> {
    let mut value = line.strip_suffix(b"\r\n")?;
    while let [b' ' | b'\t', inner @ ..] | [inner @ .., b' ' | b'\t'] = value {
        value = inner;
    }
    Some(value)
}

impl NameReader<'_> {
    /// The next name of the head.
    ///
    /// # Errors
    ///
    /// Fails if it is not a valid name.
    pub(super) fn next(&mut self, written: &[u8]) -> Result<HeaderName, InvalidHeaderName> {
        let colon = self.text_at + written.len();
        let end = colon + 1;
        let name = match self.cache.lines.get(self.at) {
            Some(line)
                if line.name_end == end && self.cache.names[self.text_at..colon] == *written =>
            {
                line.name.clone()
            }
            _ => self.learn(written, end)?,
        };
        self.at += 1;
        self.text_at = end;
        Ok(name)
    }

    /// Parses a name, and remembers it in place of those that were here and behind.
    ///
    /// Replaces from the first difference on: the origin is likely to send this head again.
    fn learn(&mut self, written: &[u8], end: usize) -> Result<HeaderName, InvalidHeaderName> {
        let HeadCache { lines, names, .. } = &mut *self.cache;
        let name = HeaderName::from_bytes(written)?;
        lines.truncate(self.at);
        names.truncate(self.text_at);
        if self.at == lines.len() && self.at < MAX_LINES && end <= MAX_TEXT {
            names.extend_from_slice(written);
            names.push(b':');
            lines.push(CachedLine {
                name: name.clone(),
                name_end: end,
                known: None,
                changes: 0,
            });
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cache: &mut HeadCache, written: &[&str]) -> Vec<String> {
        let mut reader = cache.read_names(written.len());
        let names = written.iter().map(|name| reader.next(name.as_bytes()));
        names
            .map(|name| name.unwrap().as_str().to_owned())
            .collect()
    }

    /// Reads the lines of a head, if the cache can.
    fn lines(cache: &mut HeadCache, head: &str) -> Option<Vec<(String, HeaderValue)>> {
        let with_content = format!("{head}content");
        let mut lines = Vec::new();
        let behind = cache.read_lines(with_content.as_bytes(), |name, value| {
            lines.push((name.as_str().to_owned(), value));
        })?;
        assert_eq!(behind, b"content");
        Some(lines)
    }

    #[test]
    fn names_are_read_correctly_after_any_other_names() {
        let heads: [&[&str]; 9] = [
            &["Server", "Date", "X-Cache"],
            &["Server", "Date", "X-Cache"],
            &["server", "Date", "x-cache"],
            &["Server", "X-Cache"],
            &["Serve", "rDate"],
            &["ServerD", "ate"],
            &[],
            &["Date", "Date", "Date", "ETag"],
            &["Server", "Date", "X-Cache", "ETag"],
        ];
        let lower = |name: &&str| name.to_ascii_lowercase();
        let mut cache = HeadCache::default();
        for (first, second) in heads
            .iter()
            .flat_map(|one| heads.iter().map(move |two| (one, two)))
        {
            for head in [first, second, second] {
                let expected: Vec<_> = head.iter().map(lower).collect();
                assert_eq!(read(&mut cache, head), expected);
            }
        }
    }

    #[test]
    fn an_invalid_name_is_refused_and_forgotten() {
        let mut cache = HeadCache::default();
        for _ in 0..2 {
            let mut reader = cache.read_names(2);
            assert!(reader.next(b"a").is_ok());
            assert!(reader.next(b"b c").is_err());
        }
        assert_eq!(read(&mut cache, &["a", "b"]), ["a", "b"]);
    }

    #[test]
    fn a_bounded_number_of_lines_is_remembered() {
        let names: Vec<_> = (0..1000).map(|at| format!("x-{at}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let long = "x".repeat(MAX_TEXT + 1);
        let mut cache = HeadCache::default();
        for _ in 0..2 {
            assert_eq!(read(&mut cache, &names), names);
            assert_eq!(cache.len(), MAX_LINES);
            assert_eq!(read(&mut cache, &[&long, "a"]), [&long, "a"]);
            assert!(cache.names.len() <= MAX_TEXT);
        }
        read(&mut cache, &["a", "b", "c"]);
        let half = "v".repeat(MAX_TEXT / 2 - "a: \r\n".len());
        for _ in 0..2 {
            let head = format!("a: {half}\r\nb: {half}\r\nc: {half}\r\n\r\n");
            assert_eq!(lines(&mut cache, &head).unwrap().len(), 3);
            let text = cache.known_length();
            assert_eq!(text, MAX_TEXT);
        }
    }

    #[test]
    fn lines_with_the_names_of_the_head_before_are_read_whatever_their_values_are() {
        let mut cache = HeadCache::default();
        read(&mut cache, &["A", "B", "B"]);
        for values in [
            ["1", "2", "3"],
            ["1", "2", "3"],
            ["1", "22", ""],
            ["", "22", "3"],
            ["11", "2 2", "3:"],
        ] {
            for space in [["", ""], [" ", ""], ["  ", " \t"]] {
                let [before, behind] = space;
                let named = ["A", "B", "B"].into_iter().zip(values);
                let head = named.map(|(name, value)| format!("{name}:{before}{value}{behind}\r\n"));
                let head: String = head.collect();
                let read = lines(&mut cache, &(head + "\r\n")).unwrap();
                let read: Vec<_> = read.iter().map(|(_, value)| value).collect();
                assert_eq!(read, values, "{space:?}");
            }
        }
        assert_eq!(lines(&mut cache, "A: 1\r\n\r\n").unwrap().len(), 1);
    }

    #[test]
    fn the_parser_reads_other_names_and_unusual_lines() {
        let mut cache = HeadCache::default();
        read(&mut cache, &["A", "B"]);
        for head in [
            "A: 1\r\nC: 2\r\n\r\n",
            "a: 1\r\nB: 2\r\n\r\n",
            "A: 1\r\nB: 2\r\nC: 3\r\n\r\n",
            "A: 1\r\n folded\r\nB: 2\r\n\r\n",
            "A: 1\r\nB: 2\r\n folded\r\n\r\n",
            "A : 1\r\nB: 2\r\n\r\n",
            "A: 1\nB: 2\r\n\r\n",
            "A: 1\r\nB: 2\r\n\n",
            "A: \x0c1\r\nB: 2\r\n\r\n",
            "A: 1\rC: 1\r\nB: 2\r\n\r\n",
            "A: 1\r\nB: 2\r\n",
            "A: 1\r\n",
            "A: 1",
            "A",
            "",
        ] {
            // The second time, the values are known.
            for _ in 0..2 {
                assert!(lines(&mut cache, head).is_none(), "{head:?}");
            }
        }
    }

    #[test]
    fn a_value_that_changes_each_time_is_not_learnt_each_time() {
        let mut cache = HeadCache::default();
        read(&mut cache, &["A"]);
        let mut learnt = 0;
        for value in 0..256 {
            let head = format!("A: {value}\r\n\r\n");
            let read = lines(&mut cache, &head).unwrap();
            assert_eq!(read[0].1, value.to_string());
            learnt += usize::from(cache.lines[0].known.is_some());
        }
        let changes = usize::from(LEARNT_CHANGES) * 256 / usize::from(COUNTED_CHANGES);
        assert_eq!(learnt, changes);
    }
}

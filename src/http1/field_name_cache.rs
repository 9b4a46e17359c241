//! The field names of the previous response.
//!
//! ```text
//! previous head   Server | Date | X-Cache | ETag
//! this head       Server | Date | Age     | ETag
//!                 hit      hit    learn     learn: what followed is forgotten
//! ```
//!
//! The comparison is of bytes as written, upper and lower case included: `server` after `Server` is
//! parsed anew. So the cache can only save work and never changes a name.

use http::{HeaderName, header::InvalidHeaderName};

/// How many names are remembered. Nearly all responses have fewer.
///
/// The names behind are parsed each time.
const MAX_NAMES: usize = 32;

/// How many bytes of names are remembered.
///
/// An idle connection holds this much at most, besides 32 names.
const MAX_TEXT: usize = 1024;

/// The field names of the previous response on a connection, in their order.
///
/// Origins send nearly the same names each time. To compare a name with the one that was at its
/// place costs less than to parse it.
#[derive(Debug, Default)]
pub(super) struct FieldNameCache {
    names: Vec<CachedFieldName>,
    /// The names as the origin wrote them, one behind the other.
    text: Vec<u8>,
}

/// It begins where the one before it ends.
#[derive(Debug)]
struct CachedFieldName {
    name: HeaderName,
    /// Where the name ends in the text.
    end: usize,
}

/// Reads the names of one head.
pub(super) struct NameReader<'a> {
    known: &'a mut FieldNameCache,
    /// How many names were read, and their length.
    at: usize,
    /// Grows with each name, also behind the last remembered one: no entry can match by accident.
    text_at: usize,
}

impl FieldNameCache {
    /// Begins a head with this number of fields.
    ///
    /// `count` only sizes the allocation. Fewer calls of [`NameReader::next`] are harmless, and the
    /// names of a head that turns out to be malformed stay.
    pub(super) fn read(&mut self, count: usize) -> NameReader<'_> {
        // No more than needed: idle connections hold it.
        let missing = count.min(MAX_NAMES).saturating_sub(self.names.len());
        self.names.reserve_exact(missing);
        NameReader {
            known: self,
            at: 0,
            text_at: 0,
        }
    }
}

impl NameReader<'_> {
    /// The next name of the head.
    ///
    /// # Errors
    ///
    /// Fails if it is not a valid name.
    pub(super) fn next(&mut self, written: &[u8]) -> Result<HeaderName, InvalidHeaderName> {
        let end = self.text_at + written.len();
        let name = match self.known.names.get(self.at) {
            Some(known) if known.end == end && self.known.text[self.text_at..end] == *written => {
                known.name.clone()
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
        let FieldNameCache { names, text } = &mut *self.known;
        let name = HeaderName::from_bytes(written)?;
        names.truncate(self.at);
        text.truncate(self.text_at);
        if self.at == names.len() && self.at < MAX_NAMES && end <= MAX_TEXT {
            text.extend_from_slice(written);
            names.push(CachedFieldName {
                name: name.clone(),
                end,
            });
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(known: &mut FieldNameCache, written: &[&str]) -> Vec<String> {
        let mut reader = known.read(written.len());
        let names = written.iter().map(|name| reader.next(name.as_bytes()));
        names
            .map(|name| name.unwrap().as_str().to_owned())
            .collect()
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
        let mut known = FieldNameCache::default();
        for (first, second) in heads
            .iter()
            .flat_map(|one| heads.iter().map(move |two| (one, two)))
        {
            for head in [first, second, second] {
                let expected: Vec<_> = head.iter().map(lower).collect();
                assert_eq!(read(&mut known, head), expected);
            }
        }
    }

    #[test]
    fn an_invalid_name_is_refused_and_forgotten() {
        let mut known = FieldNameCache::default();
        for _ in 0..2 {
            let mut reader = known.read(2);
            assert!(reader.next(b"a").is_ok());
            assert!(reader.next(b"b c").is_err());
        }
        assert_eq!(read(&mut known, &["a", "b"]), ["a", "b"]);
    }

    #[test]
    fn a_bounded_number_of_names_is_remembered() {
        let names: Vec<_> = (0..1000).map(|at| format!("x-{at}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let long = "x".repeat(MAX_TEXT + 1);
        let mut known = FieldNameCache::default();
        for _ in 0..2 {
            assert_eq!(read(&mut known, &names), names);
            assert_eq!(known.names.len(), MAX_NAMES);
            assert_eq!(read(&mut known, &[&long, "a"]), [&long, "a"]);
            assert!(known.text.len() <= MAX_TEXT);
        }
    }
}

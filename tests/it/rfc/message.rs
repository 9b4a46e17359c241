//! Messages on the wire, and a lenient parser that only finds their ends.

use tokio::io::{AsyncRead, AsyncReadExt};

/// A message on the wire. Names are in lower case; each byte is kept as one character.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Seen {
    /// `GET /path` or `200`.
    pub(crate) start: String,
    /// `HTTP/1.1`, or `HTTP/2`.
    pub(crate) version: String,
    /// In HTTP/2 with `:scheme` and `:authority`.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) trailers: Vec<(String, String)>,
    /// The statuses of the informational responses before it.
    pub(crate) interim: Vec<String>,
    /// Whether it is truncated.
    pub(crate) cut_short: bool,
}

impl Seen {
    /// The values of all lines of a field. `@authority` is the host in the place of the version.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        let http2 = self.version == "HTTP/2";
        let name = match name {
            "@authority" if http2 => ":authority",
            "@authority" => "host",
            name => name,
        };
        let lines = self.fields.iter().filter(|(other, _)| other == name);
        lines.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        !self.lines(name).is_empty()
    }

    /// Whether the connection carries no further message after this one.
    pub(crate) fn is_last(&self) -> bool {
        let has_option = |word: &str| self.lines("connection").contains(&word);
        self.cut_short
            || has_option("close")
            || (self.version == "HTTP/1.0" && !has_option("keep-alive"))
    }
}

/// Each byte as one character, so that nothing is lost.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// A stream of HTTP/1 messages, and the bytes read ahead.
pub(crate) struct Wire<S> {
    pub(crate) stream: S,
    pub(crate) ahead: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
        }
    }

    /// The next request. `None` at the end of the stream. Bytes that are not a request are kept.
    pub(crate) async fn request(&mut self) -> Option<Seen> {
        let mut seen = match self.head().await {
            Ok(head) => head,
            Err(rest) if rest.is_empty() => return None,
            Err(rest) => return Some(rubbish(&rest)),
        };
        if let Some((start, version)) = seen.start.rsplit_once(' ') {
            (seen.start, seen.version) = (start.to_owned(), version.to_owned());
        }
        self.content(&mut seen, false).await;
        Some(seen)
    }

    /// The next final response.
    pub(crate) async fn response(&mut self, to_head: bool) -> Option<Seen> {
        let mut interim = Vec::new();
        loop {
            let mut seen = match self.head().await {
                Ok(head) => head,
                Err(rest) if rest.is_empty() => return None,
                Err(rest) => return Some(rubbish(&rest)),
            };
            let mut words = seen.start.splitn(3, ' ').map(str::to_owned);
            seen.version = words.next().unwrap_or_default();
            seen.start = words.next().unwrap_or_default();
            if seen.start.starts_with('1') && seen.start != "101" {
                interim.push(seen.start);
                continue;
            }
            let empty = to_head || ["101", "204", "304"].contains(&seen.start.as_str());
            if !empty {
                self.content(&mut seen, true).await;
            }
            seen.interim = interim;
            return Some(seen);
        }
    }

    /// All bytes until the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.ahead)
    }

    async fn content(&mut self, seen: &mut Seen, to_the_end: bool) {
        let chunked = seen
            .lines("transfer-encoding")
            .iter()
            .any(|coding| coding.to_ascii_lowercase().ends_with("chunked"));
        let length = seen.lines("content-length").first().map(|n| n.parse());
        let whole = match (chunked, length) {
            (true, _) => self.chunks(seen).await,
            (false, Some(Ok(length))) => self.exactly(length).await.map(|body| {
                seen.body = latin1(&body);
            }),
            (false, Some(Err(_))) => None,
            (false, None) if to_the_end => {
                seen.body = latin1(&self.rest().await);
                Some(())
            }
            (false, None) => Some(()),
        };
        if whole.is_none() {
            seen.body
                .push_str(&latin1(&std::mem::take(&mut self.ahead)));
            seen.cut_short = true;
        }
    }

    async fn chunks(&mut self, seen: &mut Seen) -> Option<()> {
        loop {
            let line = self.line().await?;
            let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
            if size == 0 {
                break;
            }
            let chunk = self.exactly(size).await?;
            seen.body.push_str(&latin1(&chunk));
            self.line().await?;
        }
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Some(());
            }
            seen.trailers.push(field(&line));
        }
    }

    /// The lines up to an empty one. Fails with the bytes that arrived.
    async fn head(&mut self) -> Result<Seen, Vec<u8>> {
        let end = loop {
            match self.ahead.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end,
                None if self.more().await => {}
                None => return Err(std::mem::take(&mut self.ahead)),
            }
        };
        let head: Vec<u8> = self.ahead.drain(..end + 4).collect();
        let text = latin1(&head[..end]);
        let mut lines = text.split("\r\n");
        Ok(Seen {
            start: lines.next().unwrap_or_default().to_owned(),
            fields: lines.map(field).collect(),
            ..Seen::default()
        })
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            match self.ahead.windows(2).position(|two| two == b"\r\n") {
                Some(end) => {
                    let line: Vec<u8> = self.ahead.drain(..end + 2).collect();
                    return Some(latin1(&line[..end]));
                }
                None if self.more().await => {}
                None => return None,
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.ahead.len() < length {
            if !self.more().await {
                return None;
            }
        }
        Some(self.ahead.drain(..length).collect())
    }

    async fn more(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.ahead).await;
        read.is_ok_and(|length| length > 0)
    }
}

fn rubbish(bytes: &[u8]) -> Seen {
    Seen {
        start: format!("no message: {}", latin1(bytes).escape_debug()),
        cut_short: true,
        ..Seen::default()
    }
}

pub(crate) fn field(line: &str) -> (String, String) {
    // The name of a pseudo-header begins with a colon.
    let end = line
        .char_indices()
        .position(|(at, sign)| at > 0 && sign == ':');
    let (name, value) = line.split_at(end.unwrap_or(line.len()));
    let value = value.trim_start_matches(':');
    let value = value.trim_matches([' ', '\t']);
    (name.to_ascii_lowercase(), value.to_owned())
}

//! The grammar of a Caddyfile: lines of words, blocks, quotes and comments.
//!
//! ```text
//! line     = word* ( end of line | "{" end of line line* "}" )
//! word     = characters up to a space; ".." with \" ; `..` ; <<MARK .. MARK
//! comment  = "#" where a word could begin
//! \        = at the end of a line: the next one continues it
//! ```
//!
//! A brace opens a block only at the end of its line, and closes it only at the start of one. So
//! placeholders such as `{host}` are words.

use std::{iter::Peekable, str::Chars};

use crate::import::{
    directive::Directive,
    error::{ImportError, Position},
};

/// The deepest nesting of blocks. A real file has five or six.
///
/// Beyond it, the text is refused.
const MAX_DEPTH: usize = 32;

/// Parses a file, or a part of one.
///
/// Not recursive: open blocks are on a stack.
pub(super) fn parse(text: &str) -> Result<Vec<Directive>, ImportError> {
    // Caddy ignores carriage returns.
    let text = text.replace('\r', "");
    let mut reader = TokenReader::new(&text);
    // The blocks that are open: each directive waits for the end of its block.
    let mut open: Vec<(Directive, Position, Vec<Directive>)> = Vec::new();
    let mut current = Vec::new();
    let mut words: Vec<(String, Position)> = Vec::new();
    while let Some((at, token)) = reader.next_token()? {
        match token {
            CaddyToken::Word(word) => words.push((word, at)),
            // The addresses of a site go on after a comma.
            CaddyToken::LineEnd
                if open.is_empty() && words.last().is_some_and(|(word, _)| word.ends_with(',')) => {
            }
            CaddyToken::LineEnd => current.extend(directive(&mut words, at)),
            CaddyToken::Open if open.len() == MAX_DEPTH => {
                return Err(ImportError::new(at, "more than 32 blocks are nested"));
            }
            CaddyToken::Open => {
                let directive = directive(&mut words, at).unwrap_or_else(|| Directive {
                    line: at.line,
                    name: String::new(),
                    words: Vec::new(),
                    block: None,
                });
                open.push((directive, at, std::mem::take(&mut current)));
            }
            CaddyToken::Close => {
                if !words.is_empty() {
                    return Err(ImportError::new(at, "`}` does not begin its line"));
                }
                let (mut directive, _, outer) = open
                    .pop()
                    .ok_or_else(|| ImportError::new(at, "`}` closes nothing"))?;
                directive.block = Some(std::mem::replace(&mut current, outer));
                current.push(directive);
            }
        }
    }
    match open.pop() {
        Some((_, at, _)) => Err(ImportError::new(at, "a block is not closed")),
        None => Ok(current),
    }
}

/// `None` for an empty line.
fn directive(words: &mut Vec<(String, Position)>, end: Position) -> Option<Directive> {
    let line = words.first().map_or(end.line, |(_, at)| at.line);
    let mut words = words.drain(..).map(|(word, _)| word);
    Some(Directive {
        line,
        name: words.next()?,
        words: words.collect(),
        block: None,
    })
}

#[derive(Debug, PartialEq)]
enum CaddyToken {
    Close,
    LineEnd,
    Open,
    Word(String),
}

struct TokenReader<'a> {
    chars: Peekable<Chars<'a>>,
    at: Position,
    /// Whether the end of the text was reported as the end of a line.
    is_ended: bool,
}

impl<'a> TokenReader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            chars: text.chars().peekable(),
            at: Position::START,
            is_ended: false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let char = self.chars.next()?;
        self.at.advance(char);
        Some(char)
    }

    fn next_token(&mut self) -> Result<Option<(Position, CaddyToken)>, ImportError> {
        loop {
            let at = self.at;
            let Some(&char) = self.chars.peek() else {
                let is_first = !std::mem::replace(&mut self.is_ended, true);
                return Ok(is_first.then_some((at, CaddyToken::LineEnd)));
            };
            match char {
                '\n' => {
                    self.next();
                    return Ok(Some((at, CaddyToken::LineEnd)));
                }
                '#' => while self.chars.next_if(|char| *char != '\n').is_some() {},
                char if char.is_whitespace() || char == '\u{feff}' => drop(self.next()),
                '"' => return Ok(Some((at, CaddyToken::Word(self.quoted(at)?)))),
                '`' => return Ok(Some((at, CaddyToken::Word(self.in_backticks(at)?)))),
                _ => {
                    let mut word = self.word();
                    if word == "\\" {
                        self.skip_spaces();
                    }
                    // A backslash at the end of a line joins it to the next one.
                    if word.ends_with('\\') && self.chars.peek() == Some(&'\n') {
                        self.next();
                        word.pop();
                        if word.is_empty() {
                            continue;
                        }
                    }
                    let token = match word.as_str() {
                        "{" => self.open(at)?,
                        "}" => CaddyToken::Close,
                        word => match heredoc_marker(word) {
                            Some(marker) => CaddyToken::Word(self.heredoc(at, marker)?),
                            None => CaddyToken::Word(word.to_owned()),
                        },
                    };
                    return Ok(Some((at, token)));
                }
            }
        }
    }

    /// A brace that opens a block ends its line.
    ///
    /// An error if words follow the brace.
    fn open(&mut self, at: Position) -> Result<CaddyToken, ImportError> {
        self.skip_spaces();
        match self.chars.peek() {
            None | Some('\n' | '#') => Ok(CaddyToken::Open),
            Some(_) => Err(ImportError::new(at, "`{` does not end its line")),
        }
    }

    fn skip_spaces(&mut self) {
        let is_space = |char: &char| *char != '\n' && char.is_whitespace();
        while self.chars.next_if(is_space).is_some() {
            self.at.column += 1;
        }
    }

    /// Only `\"` is an escape.
    fn quoted(&mut self, at: Position) -> Result<String, ImportError> {
        self.next();
        let mut word = String::new();
        while let Some(char) = self.next() {
            match (char, self.chars.peek()) {
                ('\\', Some('"')) => word.extend(self.next()),
                ('"', _) => return Ok(word),
                (char, _) => word.push(char),
            }
        }
        Err(ImportError::new(at, "a quote is not closed"))
    }

    fn in_backticks(&mut self, at: Position) -> Result<String, ImportError> {
        self.next();
        let mut word = String::new();
        while let Some(char) = self.next() {
            match char {
                '`' => return Ok(word),
                char => word.push(char),
            }
        }
        Err(ImportError::new(at, "a quote is not closed"))
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(char) = self.chars.next_if(|char| !char.is_whitespace()) {
            self.at.column += 1;
            word.push(char);
        }
        word
    }

    /// The lines up to the one that begins with the marker.
    ///
    /// Without the common indentation that Caddy removes: values of this kind are never imported.
    fn heredoc(&mut self, at: Position, marker: &str) -> Result<String, ImportError> {
        while self.next().is_some_and(|char| char != '\n') {}
        let mut lines = Vec::new();
        while self.chars.peek().is_some() {
            let mut line = String::new();
            while let Some(char) = self.chars.next_if(|char| *char != '\n') {
                self.at.column += 1;
                line.push(char);
                if line.trim_start() == marker {
                    return Ok(lines.join("\n"));
                }
            }
            self.next();
            lines.push(line);
        }
        Err(ImportError::new(at, "a text has no end marker"))
    }
}

/// The marker after `<<`, which ends the text.
fn heredoc_marker(word: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let marker = word.strip_prefix("<<")?;
    (!marker.is_empty() && marker.bytes().all(is_plain)).then_some(marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_quotes_comments_and_continued_lines() {
        let text = "\u{feff}a.example, # one\n b.example {\n\
                    header X \"a \\\"b\\\"\" `c \"d` \\\n e#f # g\n\
                    respond <<END\n  }\n  END 200\n}\n";
        let [site] = parse(text).unwrap().try_into().unwrap();
        assert_eq!(
            (site.line, site.name.as_str(), site.word()),
            (1, "a.example,", "b.example")
        );
        let [header, respond] = site.lines() else {
            panic!("{site:?}");
        };
        assert_eq!(header.words, ["X", "a \"b\"", "c \"d", "e#f"]);
        assert_eq!(header.line, 3);
        assert_eq!(respond.words, ["  }", "200"]);
        assert_eq!(respond.line, 5);
    }

    #[test]
    fn a_backslash_joins_lines_whatever_their_ends() {
        for end in ["\n", "\r\n"] {
            let lines = ["reverse_proxy a \\", "b\\", "c \\ ", "d", "log", ""];
            let [proxy, log] = parse(&lines.join(end)).unwrap().try_into().unwrap();
            assert_eq!(proxy.words, ["a", "b", "c", "d"]);
            assert_eq!((log.name.as_str(), log.line), ("log", 5));
        }
    }

    #[test]
    fn a_text_that_is_no_caddyfile_is_an_error_with_its_place() {
        let deep = "a {\n".repeat(33);
        let rows = [
            ("a {\n", "line 1, column 3: a block is not closed"),
            ("}\n", "line 1, column 1: `}` closes nothing"),
            (
                "a {\n b }\n",
                "line 2, column 4: `}` does not begin its line",
            ),
            ("a { b }", "line 1, column 3: `{` does not end its line"),
            ("a \"b", "line 1, column 3: a quote is not closed"),
            ("a `b", "line 1, column 3: a quote is not closed"),
            ("a <<END\nb", "line 1, column 3: a text has no end marker"),
            (&deep, "line 33, column 3: more than 32 blocks are nested"),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text).expect_err(text).to_string(), expected);
        }
    }
}

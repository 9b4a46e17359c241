//! The grammar of nginx: words, blocks, quotes and comments.
//!
//! The grammar is that of `ngx_conf_read_token`:
//!
//! ```text
//! directive  = word* ( ";" | "{" directive* "}" )
//! word       = characters up to a space, `;` or `{`; or a text in quotes, with `\` escapes
//! comment    = "#" up to the end of the line, where a word could begin
//! ```
//!
//! Blocks of Lua code are skipped. Errors have the line and the column at which the
//! mistake begins: a block that is not closed is reported where it opens.

use std::{iter::Peekable, str::Chars};

use crate::import::{
    directive::Directive,
    error::{ImportError, Position},
};

/// The deepest nesting of blocks. A real file has four or five.
///
/// Beyond it, the text is refused: recursion over the tree is bounded by this.
const MAX_DEPTH: usize = 32;

/// Parses a file, or a part of one.
///
/// Not recursive: open blocks are on a stack.
pub(super) fn parse(text: &str) -> Result<Vec<Directive>, ImportError> {
    let mut reader = BlockReader::new(text);
    // The blocks that are open: each directive waits for the end of its block.
    let mut open: Vec<(Directive, Position, Vec<Directive>)> = Vec::new();
    let mut current = Vec::new();
    let mut words: Vec<(String, Position)> = Vec::new();
    while let Some((at, token)) = reader.next_token()? {
        match token {
            NginxToken::Word(word) => words.push((word, at)),
            NginxToken::Semicolon => {
                let directive = directive(&mut words);
                current.push(directive.ok_or_else(|| ImportError::new(at, "`;` ends nothing"))?);
            }
            NginxToken::Open => {
                let no_name = ImportError::new(at, "a block has no name");
                let mut directive = directive(&mut words).ok_or(no_name)?;
                if directive.name.ends_with("_by_lua_block") {
                    reader.skip_code(at)?;
                    directive.block = Some(Vec::new());
                    current.push(directive);
                } else if open.len() == MAX_DEPTH {
                    return Err(ImportError::new(at, "more than 32 blocks are nested"));
                } else {
                    open.push((directive, at, std::mem::take(&mut current)));
                }
            }
            NginxToken::Close => {
                if let Some((_, at)) = words.first() {
                    return Err(ImportError::new(*at, "a directive has no `;`"));
                }
                let (mut directive, _, outer) = open
                    .pop()
                    .ok_or_else(|| ImportError::new(at, "`}` closes nothing"))?;
                directive.block = Some(std::mem::replace(&mut current, outer));
                current.push(directive);
            }
        }
    }
    if let Some((_, at)) = words.first() {
        return Err(ImportError::new(*at, "a directive has no `;`"));
    }
    match open.pop() {
        Some((_, at, _)) => Err(ImportError::new(at, "a block is not closed")),
        None => Ok(current),
    }
}

/// `None` if there are no words, which is an error where a directive must end.
fn directive(words: &mut Vec<(String, Position)>) -> Option<Directive> {
    let mut words = words.drain(..);
    let (name, at) = words.next()?;
    Some(Directive {
        line: at.line,
        name,
        words: words.map(|(word, _)| word).collect(),
        block: None,
    })
}

enum NginxToken {
    Close,
    Open,
    Semicolon,
    Word(String),
}

struct BlockReader<'a> {
    chars: Peekable<Chars<'a>>,
    at: Position,
}

impl<'a> BlockReader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            chars: text.chars().peekable(),
            at: Position::START,
        }
    }

    fn next(&mut self) -> Option<char> {
        let char = self.chars.next()?;
        self.at.advance(char);
        Some(char)
    }

    fn next_token(&mut self) -> Result<Option<(Position, NginxToken)>, ImportError> {
        loop {
            let at = self.at;
            let Some(&char) = self.chars.peek() else {
                return Ok(None);
            };
            let token = match char {
                char if char.is_whitespace() || char == '\u{feff}' => {
                    self.next();
                    continue;
                }
                '#' => {
                    while self.next().is_some_and(|char| char != '\n') {}
                    continue;
                }
                '{' => NginxToken::Open,
                '}' => NginxToken::Close,
                ';' => NginxToken::Semicolon,
                '"' | '\'' => return Ok(Some((at, NginxToken::Word(self.quoted(at)?)))),
                _ => return Ok(Some((at, NginxToken::Word(self.word())))),
            };
            self.next();
            return Ok(Some((at, token)));
        }
    }

    fn quoted(&mut self, at: Position) -> Result<String, ImportError> {
        let quote = self.next();
        let mut word = String::new();
        while let Some(char) = self.next() {
            match char {
                '\\' => self.escaped(&mut word),
                char if Some(char) == quote => return Ok(word),
                char => word.push(char),
            }
        }
        Err(ImportError::new(at, "a quote is not closed"))
    }

    /// A word without quotes. `${name}` is a part of it.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(&char) = self.chars.peek() {
            let is_variable = char == '{' && word.ends_with('$');
            if char.is_whitespace() || char == ';' || (char == '{' && !is_variable) {
                break;
            }
            self.next();
            match char {
                '\\' => self.escaped(&mut word),
                char => word.push(char),
            }
        }
        word
    }

    /// nginx removes a backslash before quotes and spaces, and leaves it in regular expressions.
    fn escaped(&mut self, word: &mut String) {
        match self.next() {
            Some(char @ ('"' | '\'' | '\\' | ' ')) => word.push(char),
            Some('t') => word.push('\t'),
            Some('r') => word.push('\r'),
            Some('n') => word.push('\n'),
            Some(char) => word.extend(['\\', char]),
            None => word.push('\\'),
        }
    }

    /// Skips a program of Lua, whose braces are in pairs outside of strings and comments.
    fn skip_code(&mut self, at: Position) -> Result<(), ImportError> {
        let mut depth = 1_usize;
        while let Some(char) = self.next() {
            match char {
                '{' => depth += 1,
                '}' => depth -= 1,
                '"' | '\'' => self.skip_string(char),
                '[' => drop(self.skip_long_bracket()),
                '-' if self.chars.peek() == Some(&'-') => self.skip_comment(),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(ImportError::new(at, "a block is not closed"))
    }

    /// Skips a string of Lua, whose first quote is read.
    fn skip_string(&mut self, quote: char) {
        while let Some(char) = self.next() {
            match char {
                '\\' => drop(self.next()),
                char if char == quote => return,
                _ => {}
            }
        }
    }

    /// Skips `--` up to the end of the line, or `--[[ .. ]]`. The first hyphen is read.
    fn skip_comment(&mut self) {
        self.next();
        if self.chars.peek() == Some(&'[') {
            self.next();
            if self.skip_long_bracket() {
                return;
            }
        }
        while self.next().is_some_and(|char| char != '\n') {}
    }

    /// Skips `[[ .. ]]` or `[=[ .. ]=]`, whose first bracket is read. `false` if it is none.
    fn skip_long_bracket(&mut self) -> bool {
        let mut level = 0;
        while self.chars.peek() == Some(&'=') {
            self.next();
            level += 1;
        }
        if self.chars.peek() != Some(&'[') {
            return false;
        }
        // How many `=` follow the last `]`.
        let mut closing = None;
        while let Some(char) = self.next() {
            closing = match (char, closing) {
                (']', Some(count)) if count == level => return true,
                (']', _) => Some(0),
                ('=', Some(count)) => Some(count + 1),
                _ => None,
            };
        }
        true
    }
}

//! `Directive`: a line of nginx or of a Caddyfile, with its block.

use super::import_limit::line_weight;

/// A directive, with the block after it. The options of a Caddyfile have no name.
#[derive(Debug)]
pub(super) struct Directive {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) words: Vec<String>,
    pub(super) block: Option<Vec<Self>>,
}

impl Directive {
    /// The first word after the name, or an empty text.
    pub(super) fn word(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The directives of the block.
    pub(super) fn lines(&self) -> &[Self] {
        self.block.as_deref().unwrap_or_default()
    }

    /// What it weighs for the limit, with its block.
    pub(super) fn weight(&self) -> usize {
        let own = line_weight(self.words.iter().chain([&self.name]));
        own + self.lines().iter().map(Self::weight).sum::<usize>()
    }
}

//! `ImportLimit`: how much a text may become.
//!
//! Sections share servers and lines, so that a short text could become a large number of origins,
//! each with a copy of the same lines, and of notes.

use super::{
    error::{ImportError, Position},
    note::Outcome,
};

/// How many origins a text may have.
const MAX_ORIGINS: usize = 1000;

/// How much the lines of all sections may weigh, repeated for each server of their section.
const MAX_WEIGHT: usize = 32 << 20;

/// What a line weighs, its words aside: its note.
const LINE: usize = 64;

/// Counts what a text has become so far.
#[derive(Debug, Default)]
pub(super) struct ImportLimit {
    origins: usize,
    weight: usize,
    /// The line of the first section that is too heavy.
    exceeded_at: Option<usize>,
}

impl ImportLimit {
    /// Counts a section: what its shared lines weigh, and those of its servers. `Some` if it must
    /// not be imported.
    pub(super) fn take(
        &mut self,
        line: usize,
        servers: usize,
        [shared, own]: [usize; 2],
    ) -> Option<Outcome> {
        let servers = servers.max(1);
        self.origins = self.origins.saturating_add(servers);
        if self.origins > MAX_ORIGINS {
            return Some(Outcome::refused(
                "more than 1000 origins: import parts of the text",
            ));
        }
        let weight = servers.saturating_mul(shared).saturating_add(own);
        self.weight = self.weight.saturating_add(weight);
        if self.weight > MAX_WEIGHT {
            self.exceeded_at.get_or_insert(line);
            return Some(Outcome::refused("the text is refused"));
        }
        None
    }

    /// Whether no section can be imported any longer. There is a note, or an error, about it.
    pub(super) fn is_spent(&self) -> bool {
        self.origins > MAX_ORIGINS || self.weight > MAX_WEIGHT
    }

    /// Fails if the sections were too heavy.
    pub(super) fn check(&self) -> Result<(), ImportError> {
        let Some(line) = self.exceeded_at else {
            return Ok(());
        };
        let at = Position { line, column: 1 };
        let problem = "the sections repeat more than 32 MiB of lines: import parts of the text";
        Err(ImportError::new(at, problem))
    }
}

/// What a line with these words weighs.
pub(super) fn line_weight<'a>(words: impl IntoIterator<Item = &'a String>) -> usize {
    LINE + words.into_iter().map(String::len).sum::<usize>()
}

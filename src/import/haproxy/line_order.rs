//! The lines of a section and the rules of a frontend, in the order in which they apply.

use std::collections::HashMap;

use super::{
    backend::BackendRow,
    parse::ConfigLine,
    request_rows::{is_removed, removals},
    section::{is_row, keyword},
};

/// Lines in their order.
pub(super) struct LineOrder<'a> {
    lines: Vec<&'a ConfigLine>,
    removals: HashMap<(String, String), usize>,
}

impl<'a> LineOrder<'a> {
    pub(super) fn new(lines: Vec<&'a ConfigLine>) -> Self {
        Self {
            removals: removals(&lines),
            lines,
        }
    }

    /// The lines that a row is about, each with the reason why it has no effect, if there is one.
    pub(super) fn lines_of(&self, row: &BackendRow) -> Vec<(&'a ConfigLine, Option<&'static str>)> {
        let lines = self.lines.iter().copied().enumerate();
        let lines: Vec<_> = lines
            .filter(|(_, line)| is_row(row.name, &keyword(line)))
            .collect();
        // Rules are applied one after the other, and other lines replace each other.
        let is_value = row.map.is_some() && !row.name.starts_with("http-");
        let unused = |at: usize, index: usize, line: &ConfigLine| {
            if is_removed(&self.removals, line, index) {
                Some("a later line removes the field")
            } else {
                (is_value && at + 1 < lines.len()).then_some("a later line replaces it")
            }
        };
        let lines = lines.iter().enumerate();
        lines
            .map(|(at, (index, line))| (*line, unused(at, *index, line)))
            .collect()
    }
}

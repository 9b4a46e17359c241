//! The rules of frontends, for each backend that they name.
//!
//! A backend without a frontend has no such rules. Frontends that change no message are alike.

use crate::import::directive_row::RowKind;

use super::{
    parse::ConfigLine,
    section::{Section, is_row, is_rule, keyword},
    section_rows::rows,
};

/// The rules that a backend gets from frontends, and who has them.
#[derive(Default)]
pub(super) struct FrontendRules<'a> {
    pub(super) frontends: Vec<&'a str>,
    pub(super) rules: Vec<&'a ConfigLine>,
}

/// One for each frontend that changes messages, and one for all others.
pub(super) fn frontend_rules<'a>(
    sections: &[Section<'a>],
    section: &Section<'a>,
) -> Vec<FrontendRules<'a>> {
    let mut unchanged = FrontendRules::default();
    let mut all = Vec::new();
    if section.kind == "listen" {
        unchanged.frontends.push(section.name);
    }
    let is_frontend = |other: &&Section<'_>| {
        other.line != section.line && !other.is_disabled && other.uses(section.name)
    };
    for frontend in sections.iter().filter(is_frontend) {
        let rules: Vec<_> = frontend.lines.iter().filter(|line| is_rule(line)).collect();
        let maps = |line: &&ConfigLine| {
            let name = keyword(line);
            let mut rows = rows().filter(|row| is_row(row.name, &name));
            rows.any(|row| matches!(row.rule, RowKind::Maps(_)))
        };
        match rules.iter().any(maps) {
            true => all.push(FrontendRules {
                frontends: vec![frontend.name],
                rules,
            }),
            false => unchanged.frontends.push(frontend.name),
        }
    }
    if all.is_empty() || !unchanged.frontends.is_empty() {
        all.insert(0, unchanged);
    }
    all
}

//! The rules of frontends, for each backend that they name.
//!
//! A backend without a frontend has no such rules. Frontends that change no message are alike.

use super::{
    parse::ConfigLine,
    section::{Section, is_row, is_rule, keyword},
    section_rows::rows,
};

/// A section that sends requests to backends.
pub(super) struct Frontend<'a> {
    name: &'a str,
    line: usize,
    routes: Vec<&'a ConfigLine>,
    default_backend: Option<&'a str>,
    rules: Vec<&'a ConfigLine>,
    /// Whether one of the rules can be imported.
    has_changes: bool,
}

/// Those that HAProxy runs.
pub(super) fn frontends<'a>(sections: &[Section<'a>]) -> Vec<Frontend<'a>> {
    let sections = sections.iter();
    let running = sections.filter(|it| it.is_frontend() && !it.is_disabled);
    let frontends = running.map(|section| {
        let rules: Vec<_> = section.lines.iter().filter(|line| is_rule(line)).collect();
        Frontend {
            name: section.name,
            line: section.line,
            routes: section.routes().collect(),
            default_backend: section.default_backend,
            has_changes: rules.iter().any(|line| maps(line)),
            rules,
        }
    });
    frontends.collect()
}

fn maps(line: &ConfigLine) -> bool {
    let name = keyword(line);
    let mut rows = rows().filter(|row| is_row(row.name, &name));
    rows.any(|row| row.map.is_some())
}

impl Frontend<'_> {
    /// Whether it may send requests to this backend.
    ///
    /// A name that is computed from the request may be that of any backend.
    fn uses(&self, backend: &Section<'_>) -> bool {
        let selects = |name: &str| name == backend.name || name.contains('%');
        self.line != backend.line
            && (self.default_backend == Some(backend.name)
                || self.routes.iter().any(|line| selects(line.word(1))))
    }
}

/// The rules that a backend gets from frontends, and who has them.
#[derive(Default)]
pub(super) struct FrontendRules<'a> {
    pub(super) frontends: Vec<&'a str>,
    pub(super) rules: Vec<&'a ConfigLine>,
}

/// One for each frontend that changes messages, and one for all others.
pub(super) fn frontend_rules<'a>(
    frontends: &[Frontend<'a>],
    section: &Section<'a>,
) -> Vec<FrontendRules<'a>> {
    let mut unchanged = FrontendRules::default();
    let mut all = Vec::new();
    if section.kind == "listen" {
        unchanged.frontends.push(section.name);
    }
    for frontend in frontends.iter().filter(|it| it.uses(section)) {
        match frontend.has_changes {
            true => all.push(FrontendRules {
                frontends: vec![frontend.name],
                rules: frontend.rules.clone(),
            }),
            false => unchanged.frontends.push(frontend.name),
        }
    }
    if all.is_empty() || !unchanged.frontends.is_empty() {
        all.insert(0, unchanged);
    }
    all
}

//! The sections of a file: which of them exist, and which lines each of them has.
//!
//! ```text
//! defaults a                 values of their own alone
//! defaults b from a          the lines of `a`, and its own
//! frontend www from b        rules for requests, passed on to the backends that it names
//! backend app                the last `defaults` before it: `b`
//! ```

use std::{collections::BTreeMap, iter::successors};

use super::parse::ConfigLine;

/// A section: its first line, and those after it.
///
/// The lines are those up to the next section, its own first line left out.
#[derive(Debug)]
pub(super) struct Section<'a> {
    /// Such as `backend`. Empty for lines before the first section.
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    /// The index of the `defaults` that it inherits from.
    ///
    /// They are before it: those after `from`, or else the last ones. `defaults` without `from`
    /// start anew (chapter 4 of the manual).
    pub(super) parent: Option<usize>,
    /// Whether HAProxy does not run it.
    pub(super) is_disabled: bool,
    /// Such as `http`. `None` if neither the section nor what it inherits from says it.
    pub(super) mode: Option<&'a str>,
    /// The backend of requests that no `use_backend` selects, also as inherited.
    pub(super) default_backend: Option<&'a str>,
    pub(super) line: usize,
    pub(super) lines: &'a [ConfigLine],
}

/// A word of this list at the start of a line begins a section, wherever it is indented.
const SECTIONS: [&str; 24] = [
    "acme",
    "backend",
    "cache",
    "crt-store",
    "defaults",
    "fcgi-app",
    "frontend",
    "global",
    "healthcheck",
    "http-errors",
    "listen",
    "log-forward",
    "log-profile",
    "mailers",
    "peers",
    "program",
    "resolvers",
    "ring",
    "traces",
    "userlist",
    // Older names.
    "ruleset",
    "spoe-agent",
    "spoe-group",
    "spoe-message",
];

/// Lines before the first section are one without a name, so that a part of a file can be imported.
pub(super) fn sections(lines: &[ConfigLine]) -> Vec<Section<'_>> {
    let mut starts: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| SECTIONS.contains(&line.word(0)))
        .map(|(index, _)| index)
        .collect();
    let mut sections = Vec::new();
    let first = starts.first().copied().unwrap_or(lines.len());
    if first > 0 {
        sections.push(Section::new("", "", lines[0].number, &lines[..first], None));
    }
    starts.push(lines.len());
    let mut defaults = BTreeMap::new();
    let mut last = None;
    for window in starts.windows(2) {
        let line = &lines[window[0]];
        let kind = line.word(0);
        let from = line.words.iter().position(|word| word == "from");
        let parent = match from {
            Some(at) => defaults.get(line.word(at + 1)).copied(),
            None => last.filter(|_| kind != "defaults"),
        };
        if kind == "defaults" {
            last = Some(sections.len());
            defaults.insert(line.word(1), sections.len());
        }
        let inner = &lines[window[0] + 1..window[1]];
        let parent = parent.map(|index| (index, &sections[index]));
        sections.push(Section::new(kind, line.word(1), line.number, inner, parent));
    }
    sections
}

/// The section at this index after the `defaults` that it inherits from, the outermost first.
pub(super) fn inherited<'s, 'a>(sections: &'s [Section<'a>], index: usize) -> Vec<&'s Section<'a>> {
    let own = Some(&sections[index]);
    let parent = |section: &&Section<'_>| section.parent.map(|parent| &sections[parent]);
    let mut chain: Vec<_> = successors(own, parent).collect();
    chain.reverse();
    chain
}

/// For each section, whether it is one of these, or one of these inherits from it.
pub(super) fn reached(
    sections: &[Section<'_>],
    is_start: impl Fn(&Section<'_>) -> bool,
) -> Vec<bool> {
    let mut reached = vec![false; sections.len()];
    for (index, _) in sections.iter().enumerate().filter(|(_, it)| is_start(it)) {
        let mut next = Some(index);
        while let Some(index) = next.filter(|index| !reached[*index]) {
            reached[index] = true;
            next = sections[index].parent;
        }
    }
    reached
}

impl<'a> Section<'a> {
    fn new(
        kind: &'a str,
        name: &'a str,
        line: usize,
        lines: &'a [ConfigLine],
        parent: Option<(usize, &Self)>,
    ) -> Self {
        let last = |names: &[&str]| {
            let mut lines = lines.iter().rev();
            lines.find(|line| names.contains(&line.word(0)))
        };
        let mode = last(&["mode"]).map(|line| line.word(1));
        let default_backend = last(&["default_backend"]).map(|line| line.word(1));
        let is_disabled = last(&["disabled", "enabled"]).map(|line| line.word(0) == "disabled");
        let inherited = parent.map(|(_, section)| section);
        Self {
            kind,
            name,
            parent: parent.map(|(index, _)| index),
            is_disabled: is_disabled
                .or_else(|| inherited.map(|it| it.is_disabled))
                .unwrap_or(false),
            mode: mode.or_else(|| inherited.and_then(|it| it.mode)),
            default_backend: default_backend
                .or_else(|| inherited.and_then(|it| it.default_backend)),
            line,
            lines,
        }
    }

    /// Disabled ones are among them.
    pub(super) fn servers(&self) -> impl Iterator<Item = &'a ConfigLine> + use<'a> {
        self.lines.iter().filter(|line| line.word(0) == "server")
    }

    /// Whether it has servers that are not on lines of their own.
    pub(super) fn has_template(&self) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|line| line.word(0) == "server-template")
    }

    /// The lines that select a backend for some requests.
    pub(super) fn routes(&self) -> impl Iterator<Item = &'a ConfigLine> + use<'a> {
        self.lines
            .iter()
            .filter(|line| line.word(0) == "use_backend")
    }

    /// Whether it sends requests to backends. A `listen` may do so, too.
    pub(super) fn is_frontend(&self) -> bool {
        let has_route = || self.default_backend.is_some() || self.routes().next().is_some();
        self.kind == "frontend" || self.kind == "listen" && has_route()
    }
}

/// The keyword of a line, such as `option httpchk`. A `no` before it is left out.
///
/// `no option httpclose` is `option httpclose`, and `http-request set-header` has two words.
pub(super) fn keyword(line: &ConfigLine) -> String {
    const GROUPS: [&str; 10] = [
        "external-check",
        "http-check",
        "http-request",
        "http-response",
        "option",
        "stats",
        "stick",
        "tcp-check",
        "tcp-request",
        "timeout",
    ];
    let start = usize::from(line.word(0) == "no");
    let (first, second) = (line.word(start), line.word(start + 1));
    let second = second.split('(').next().unwrap_or_default();
    match GROUPS.contains(&first) {
        true => format!("{first} {second}"),
        false => first.to_owned(),
    }
}

/// Whether a row is about this keyword. A row with one word covers all forms of it.
///
/// `stats` is a row for `stats uri`, `stats auth` and the like.
pub(super) fn is_row(row: &str, keyword: &str) -> bool {
    row == keyword
        || keyword
            .split_once(' ')
            .is_some_and(|(first, _)| row == first)
}

/// Whether a frontend applies the line to its requests. It ignores what concerns servers.
pub(super) fn is_rule(line: &ConfigLine) -> bool {
    let keyword = keyword(line);
    let groups = ["http-request ", "http-response "];
    keyword == "option forwardfor" || groups.iter().any(|group| keyword.starts_with(group))
}

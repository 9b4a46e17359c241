//! The importer of Caddy: each `reverse_proxy` of a Caddyfile.
//!
//! It follows the documentation of Caddy 2.11, <https://caddyserver.com/docs/caddyfile>. A site has
//! blocks that select requests, and a `reverse_proxy` may be in any of them:
//!
//! ```text
//! www.example.com {                                  section "site www.example.com at /api/"
//!     handle_path /api/* {                           removes /api from paths
//!         reverse_proxy https://a.example {          one origin
//!             header_up Host {upstream_hostport}     a line of `reverse_proxy`: handler_rows
//!             transport http {
//!                 dial_timeout 2s                    a line of its transport: transport_rows
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! Each `reverse_proxy` is imported on its own. Lines that it does not have are found in no outer
//! block: Caddy has no inheritance.

mod field_lines;
mod handler_rows;
mod parse;
mod reverse_proxy;
mod transport_rows;
mod unrelated_directives;
mod value;

use super::{
    directive::Directive,
    draft::Draft,
    error::ImportError,
    import_limit::{ImportLimit, line_weight},
    imported::Imported,
    message_fields,
    note::{ImportNote, Outcome},
};

use self::reverse_proxy::ReverseProxy;

/// Imports a Caddyfile, or a part of one.
///
/// Fails only if the text is not in Caddy's grammar.
pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let lines = parse::parse(text)?;
    let mut importer = CaddyImporter::default();
    importer.file(&lines);
    importer.limit.check()?;
    Ok(Imported::new(&importer.drafts, importer.notes))
}

/// All tables, for the guide.
#[cfg(test)]
pub(super) fn tables() -> Vec<(&'static str, Vec<super::directive_row::Listed>)> {
    use reverse_proxy::CaddyRow;

    let listed = |rows: &[CaddyRow]| rows.iter().map(CaddyRow::listed).collect();
    vec![
        ("The lines of `reverse_proxy`", listed(&handler_rows::ROWS)),
        (
            "The lines of `transport http`",
            listed(&transport_rows::ROWS),
        ),
    ]
}

/// The blocks around a `reverse_proxy`.
///
/// It is cloned for each block inside.
#[derive(Clone, Debug)]
struct Site {
    /// Such as `site www.example.com`.
    title: String,
    /// The prefix of the paths, if all blocks around have one or none.
    path: Option<String>,
    /// Whether only some requests come here.
    ///
    /// The code then warns: a router has to select these requests.
    is_bounded: bool,
    /// The prefix that is removed from paths.
    ///
    /// By `handle_path`.
    stripped: Option<String>,
}

/// Directives with directives in their blocks.
///
/// The order of directives within them is Caddy's own, and does not matter for a proxy alone.
const NESTING: [&str; 3] = ["handle", "handle_path", "route"];

#[derive(Default)]
struct CaddyImporter {
    drafts: Vec<Draft>,
    limit: ImportLimit,
    notes: Vec<ImportNote>,
}

impl CaddyImporter {
    /// Values may be secret, and are left out.
    fn note(&mut self, line: &Directive, outcome: Outcome) {
        // The second word of these is the name of a field.
        let name = match line.name.as_str() {
            "header" | "request_header" => format!("{} {}", line.name, line.word()),
            name => name.to_owned(),
        };
        self.notes.push(ImportNote::new(line.line, &name, outcome));
    }

    /// A file may be one site without braces: its first line is the address then.
    fn file(&mut self, lines: &[Directive]) {
        let mut site = Site {
            title: "snippet".to_owned(),
            path: None,
            is_bounded: false,
            stripped: None,
        };
        let mut sites = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            let is_directive =
                line.name == "reverse_proxy" || NESTING.contains(&line.name.as_str());
            let is_known = unrelated_directives::outcome(line) != Outcome::unmapped();
            match &line.block {
                Some(_) if line.name.is_empty() => self.options(line),
                Some(block) if line.name.starts_with('(') => {
                    site.title = format!("snippet {}", title(line));
                    self.snippet(block, &site);
                }
                _ if is_directive || is_known => self.line(line, &site),
                Some(block) => {
                    sites.push(line.line);
                    site.title = format!("site {}", title(line));
                    self.block(block, &site);
                }
                // The address of a file with one site.
                None if index == 0 => site.title = format!("site {}", title(line)),
                None => self.note(line, Outcome::unmapped()),
            }
        }
        if sites.len() > 1 {
            let outcome = Outcome::by_hand("`VirtualHosts` chooses an origin by the client's Host");
            let note = |line| ImportNote::new(line, "site", outcome.clone());
            self.notes.extend(sites.into_iter().map(note));
        }
    }

    /// The options of the whole file.
    ///
    /// Those of `servers` are in a block of their own.
    fn options(&mut self, options: &Directive) {
        for line in options.lines() {
            let outcome = match line.name.as_str() {
                "trusted_proxies" => Outcome::by_hand("`ForwardedLayer::trust`"),
                "log" => Outcome::by_hand("`AccessLogLayer`"),
                _ => Outcome::no_effect("it concerns the process of Caddy"),
            };
            self.note(line, outcome);
            if line.name == "servers" {
                self.options(line);
            }
        }
    }

    /// A block that `import` names. It may have lines of any other block.
    ///
    /// A block whose name is in parentheses.
    fn snippet(&mut self, lines: &[Directive], site: &Site) {
        for line in lines {
            match line.name.as_str() {
                "reverse_proxy" | "handle" | "handle_path" | "route" => self.line(line, site),
                _ => {
                    let text = "snippets are not read: put the content in place of `import`";
                    self.note(line, Outcome::refused(text));
                }
            }
        }
    }

    fn block(&mut self, lines: &[Directive], site: &Site) {
        for line in lines {
            self.line(line, site);
        }
    }

    fn line(&mut self, line: &Directive, site: &Site) {
        match line.name.as_str() {
            "reverse_proxy" => self.proxy(line, site),
            name if NESTING.contains(&name) => {
                let mut inner = site.within(line.word());
                if name == "handle_path" {
                    inner.stripped.clone_from(&inner.path);
                    if inner.path.is_none() {
                        self.note(line, Outcome::by_hand("`OriginProxy::map_path`"));
                    }
                }
                self.block(line.lines(), &inner);
            }
            _ => self.note(line, unrelated_directives::outcome(line)),
        }
    }

    /// Addresses are on the line and in `to` lines. They are counted first, since a group has other
    /// calls than a single origin.
    fn proxy(&mut self, directive: &Directive, site: &Site) {
        let has_matcher = directive.word().starts_with(['/', '@', '*']);
        let (matcher, addresses) = directive.words.split_at(usize::from(has_matcher));
        let site = site.within(matcher.first().map_or("", String::as_str));
        let lines = directive.lines();
        let more = lines.iter().filter(|line| line.name == "to");
        let count = addresses.len() + more.map(|line| line.words.len()).sum::<usize>();
        if self.limit.is_spent() {
            return;
        }
        let (own, shared): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.name == "to");
        let weight = |lines: Vec<&Directive>| lines.into_iter().map(Directive::weight).sum();
        let own: usize = weight(own);
        let weights = [weight(shared), own + line_weight(&directive.words)];
        if let Some(outcome) = self.limit.take(directive.line, count, weights) {
            return self.note(directive, outcome);
        }
        let mut proxy = ReverseProxy::new(count > 1);
        proxy.draft.section = match &site.path {
            Some(path) => format!("{} at {path}", site.title),
            None => site.title.clone(),
        };
        proxy.draft.line = directive.line;
        if count == 0 {
            let outcome = Outcome::refused("there is no address: there is no origin");
            proxy.note(directive.line, "reverse_proxy", outcome);
        }
        for address in addresses {
            proxy.add_upstream(directive.line, address);
        }
        if let Some(client) = &site.stripped {
            let settings = &mut proxy.shared().settings;
            let outcome = message_fields::map_path(settings, client, "/");
            proxy.note(directive.line, "handle_path", outcome);
        }
        for line in lines {
            handler_line(&mut proxy, line);
        }
        let (draft, notes) = proxy.finish(site.path.as_deref(), site.is_bounded);
        self.notes.extend(notes);
        self.drafts.push(draft);
    }
}

/// A line that no row has is unmapped, except for a matcher of responses.
fn handler_line(proxy: &mut ReverseProxy, line: &Directive) {
    let row = handler_rows::ROWS.iter().find(|row| row.name == line.name);
    let outcome = match row {
        Some(row) => row.apply(|map| map(proxy, line, row.text)),
        None if line.name.starts_with('@') => Outcome::by_hand(handler_rows::RESPONSE_MATCHER),
        None => Outcome::unmapped(),
    };
    // The second word of these is the name of a field.
    let name = match line.name.as_str() {
        "header_up" | "header_down" => format!("{} {}", line.name, line.word()),
        name => name.to_owned(),
    };
    proxy.note(line.line, &name, outcome);
    proxy.note_block(line, row);
}

/// The addresses as they are written, commas included.
fn title(site: &Directive) -> String {
    let words = [&site.name].into_iter().chain(&site.words);
    words.map(String::as_str).collect::<Vec<_>>().join(" ")
}

impl Site {
    /// The site with the matcher of a directive in it.
    ///
    /// A second matcher, or one that is no prefix, leaves no path that a router could select.
    fn within(&self, matcher: &str) -> Self {
        let mut inner = self.clone();
        if matcher.is_empty() || matcher == "*" {
            return inner;
        }
        let prefix = matcher.strip_suffix('*').filter(|_| !self.is_bounded);
        inner.path = prefix
            .filter(|prefix| prefix.starts_with('/'))
            .map(str::to_owned);
        inner.is_bounded = true;
        inner
    }
}

//! What becomes of the directives that no location has used.
//!
//! ```text
//! server { server_name a.example;         by hand, if another server has other names
//!   proxy_read_timeout 5s;                no effect, if no `proxy_pass` inherits it
//!   location / { root /var/www; } }       by hand: nginx does not proxy these requests
//! upstream app { keepalive 16; }          by hand, if no `proxy_pass` names it
//! ```

use std::collections::BTreeSet;

use crate::import::{directive::Directive, note::Outcome};

use super::{location_rows::location_rows, scope::is_opaque, unrelated_directives, upstream_rows};

/// An outcome for each directive that is not in `noted`.
pub(super) fn outcomes<'a>(
    directives: &'a [Directive],
    noted: &BTreeSet<*const Directive>,
) -> Vec<(&'a Directive, Outcome)> {
    let mut names = BTreeSet::new();
    collect_names(directives, &mut names);
    let reader = UnusedReader {
        noted,
        root: directives,
        // nginx chooses among servers by the client's Host.
        has_hosts: names.len() > 1,
    };
    let mut found = Vec::new();
    reader.read(directives, "", &mut found);
    found
}

struct UnusedReader<'a> {
    noted: &'a BTreeSet<*const Directive>,
    /// All directives of the file.
    root: &'a [Directive],
    /// Whether servers have different names.
    has_hosts: bool,
}

impl UnusedReader<'_> {
    /// `outer` is the name of the block that the directives are in.
    fn read<'a>(
        &self,
        directives: &'a [Directive],
        outer: &str,
        found: &mut Vec<(&'a Directive, Outcome)>,
    ) {
        for directive in directives {
            if !self.is_noted(directive)
                && let Some(outcome) = self.outcome(directive, outer)
            {
                found.push((directive, outcome));
            }
            if !is_opaque(&directive.name) {
                self.read(directive.lines(), &directive.name, found);
            }
        }
    }

    /// Whether the variable of a `map` decides about upgrades only.
    fn is_about_upgrades(&self, map: &Directive) -> bool {
        let mut uses = Vec::new();
        let Some(variable) = map.words.get(1) else {
            return false;
        };
        collect_uses(self.root, variable, &mut uses);
        let is_own = |line: &&Directive| {
            let field = line.word().to_ascii_lowercase();
            line.name == "proxy_set_header" && ["connection", "upgrade"].contains(&field.as_str())
        };
        !uses.is_empty() && uses.iter().all(is_own)
    }

    fn is_noted(&self, directive: &Directive) -> bool {
        self.noted.contains(&std::ptr::from_ref(directive))
    }

    /// `None` for a block that needs no note of its own.
    ///
    /// A directive that a row knows, but no `proxy_pass` inherits, has no effect. Those in an `if`,
    /// and `rewrite`, are not inherited in nginx: it applies them where their block is chosen.
    fn outcome(&self, directive: &Directive, outer: &str) -> Option<Outcome> {
        let name = directive.name.as_str();
        if outer == "upstream" && upstream_rows::ROWS.iter().any(|row| row.name == name) {
            return Some(Outcome::no_effect("no `proxy_pass` names the `upstream`"));
        }
        if location_rows().any(|row| row.name == name) {
            return Some(match outer == "if" || name == "rewrite" {
                true => Outcome::by_hand(
                    "nginx applies it to the requests of its block: a router in front of the \
                     proxy, or `OriginProxy::map_request`",
                ),
                false => Outcome::no_effect("no `proxy_pass` inherits it"),
            });
        }
        let mut lines = directive.lines().iter();
        match name {
            "http" | "server" => None,
            "location" if has_proxy_pass(directive.lines()) => None,
            "location" => Some(Outcome::by_hand(
                "nginx does not proxy its requests: a router in front of the proxy, such as axum's",
            )),
            "upstream" if lines.any(|line| self.is_noted(line)) => None,
            "upstream" => Some(Outcome::by_hand(
                "no `proxy_pass` names it: if a variable does, `OriginGroup::builder` with its \
                 servers",
            )),
            "server_name" if self.has_hosts => Some(Outcome::by_hand(
                "`VirtualHosts` chooses an origin by the client's Host",
            )),
            "return" if outer == "if" => Some(Outcome::by_hand(
                "the program sends these requests to the origin: a layer in front of the proxy \
                 has to answer them",
            )),
            "return"
                if directive
                    .words
                    .iter()
                    .any(|word| word.starts_with("https://")) =>
            {
                Some(Outcome::by_hand(
                    "a listener of its own, on port 80, whose router redirects to https: in this \
                     app, a route would redirect to itself",
                ))
            }
            "map" if self.is_about_upgrades(directive) => Some(Outcome::no_effect(
                "its value is in `Connection` and `Upgrade` alone, which the proxy writes itself",
            )),
            _ => Some(unrelated_directives::outcome(directive)),
        }
    }
}

/// The directives with the variable, other than the `map` that sets it.
fn collect_uses<'a>(directives: &'a [Directive], variable: &str, uses: &mut Vec<&'a Directive>) {
    for directive in directives.iter().filter(|it| it.name != "map") {
        if directive.words.iter().any(|word| word.contains(variable)) {
            uses.push(directive);
        }
        collect_uses(directive.lines(), variable, uses);
    }
}

pub(super) fn has_proxy_pass(block: &[Directive]) -> bool {
    let mut lines = block.iter();
    lines.any(|line| line.name == "proxy_pass" || has_proxy_pass(line.lines()))
}

/// The names of each server, of which some have none.
fn collect_names<'a>(directives: &'a [Directive], names: &mut BTreeSet<Vec<&'a String>>) {
    for directive in directives {
        match (directive.name.as_str(), &directive.block) {
            ("server", Some(block)) => {
                let lines = block.iter().filter(|line| line.name == "server_name");
                names.insert(lines.flat_map(|line| &line.words).collect());
            }
            (name, Some(block)) if !is_opaque(name) => collect_names(block, names),
            _ => {}
        }
    }
}

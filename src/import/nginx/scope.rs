//! `Scope`: a block, and which directives hold in it.
//!
//! nginx's rule of inheritance: a directive is taken from the innermost block that has it, and all
//! lines of that name come from this block. So one `proxy_set_header` in a location replaces all
//! those of the server around it.
//!
//! ```text
//! server { proxy_set_header A 1; proxy_set_header B 2;
//!   location / { proxy_set_header C 3; } }          lookup("proxy_set_header") here: C alone
//! ```

use std::collections::BTreeMap;

use crate::import::directive::Directive;

use super::value;

/// A block and those around it.
pub(super) struct Scope<'a> {
    /// The name of the innermost block and its words, such as `location ^~ /api/`.
    pub(super) section: String,
    pub(super) line: usize,
    /// Of the nearest `location` around, if that is a prefix: `None` for `=`, `~` and `~*`.
    pub(super) path: Option<String>,
    /// Of the nearest `location` around, if that is `=`.
    pub(super) exact_path: Option<String>,
    /// The `return` of the server, which nginx applies before it chooses a location.
    pub(super) returned: Option<&'a Directive>,
    /// Whether an `http` block is around: no other file sets what holds here.
    pub(super) is_whole_file: bool,
    /// From the outermost block to this one.
    pub(super) chain: Vec<&'a [Directive]>,
}

impl<'a> Scope<'a> {
    /// The directives of the innermost block.
    pub(super) fn own(&self) -> &'a [Directive] {
        self.chain.last().copied().unwrap_or_default()
    }

    /// The scope of a block in this one.
    pub(super) fn inner(&self, directive: &'a Directive, block: &'a [Directive]) -> Self {
        let words = directive.words.join(" ");
        let path = match (directive.name.as_str(), directive.words.as_slice()) {
            ("location", [path]) => Some(path.clone()),
            ("location", [modifier, path]) if modifier == "^~" => Some(path.clone()),
            ("location", _) => None,
            _ => self.path.clone(),
        };
        let exact_path = match (directive.name.as_str(), directive.words.as_slice()) {
            ("location", [modifier, path]) if modifier == "=" => Some(path.clone()),
            ("location", _) => None,
            _ => self.exact_path.clone(),
        };
        let returned = match directive.name.as_str() {
            "server" => block.iter().find(|line| line.name == "return"),
            _ => self.returned,
        };
        let mut chain = self.chain.clone();
        chain.push(block);
        Self {
            section: format!("{} {words}", directive.name),
            line: directive.line,
            path,
            exact_path,
            returned,
            is_whole_file: self.is_whole_file || directive.name == "http",
            chain,
        }
    }

    /// The directives of this name that hold here: those of the innermost block that has any.
    ///
    /// All lines of `set` hold, and those of `add_header` as `add_header_inherit` says. Empty if no
    /// block has any.
    pub(super) fn lookup(&self, name: &str) -> Vec<&'a Directive> {
        let (rule_name, mut rule) = match name {
            "add_header" => ("add_header_inherit", "on"),
            "add_trailer" => ("add_trailer_inherit", "on"),
            "set" => ("", "merge"),
            _ => ("", "on"),
        };
        let mut held = Vec::new();
        for block in &self.chain {
            if !rule_name.is_empty() {
                let changed = block.iter().find(|directive| directive.name == rule_name);
                rule = changed.map_or(rule, Directive::word);
            }
            let own = block.iter().filter(|directive| directive.name == name);
            let mut own: Vec<_> = own.collect();
            match rule {
                "merge" => held.append(&mut own),
                "off" => held = own,
                _ if own.is_empty() => {}
                _ => held = own,
            }
        }
        held
    }

    /// The variables that `set` gives a fixed value, from the outside in.
    ///
    /// nginx evaluates `set` for each request. A variable whose value depends on the request is
    /// unknown here, also if an outer `set` gave it a fixed value. So is one that an `if` or a
    /// module sets.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for block in &self.chain {
            for directive in *block {
                match directive.name.as_str() {
                    "set" => set_variable(directive, &mut variables),
                    "if" => {
                        for inner in directive.lines() {
                            forget_variable(inner, &mut variables);
                        }
                    }
                    _ => forget_variable(directive, &mut variables),
                }
            }
        }
        variables
    }

    /// The name of the server, if it has one name without a pattern.
    ///
    /// For `$server_name`. `None` for several `server_name` lines, wildcards, regular expressions
    /// and `_`.
    pub(super) fn server_name(&self) -> Option<String> {
        let names = self.lookup("server_name");
        let [names] = names.as_slice() else {
            return None;
        };
        let name = names.words.first()?;
        let is_pattern = name.contains(['*', '~', '$']) || name.starts_with('.') || name == "_";
        (!is_pattern && !name.is_empty()).then(|| name.clone())
    }
}

fn set_variable(directive: &Directive, variables: &mut BTreeMap<String, String>) {
    let name = directive.word().trim_start_matches('$').to_owned();
    let value = directive.words.get(1).map_or("", String::as_str);
    let value = value::expand(value, variables);
    match value.contains('$') {
        true => drop(variables.remove(&name)),
        false => drop(variables.insert(name, value)),
    }
}

/// Removes the variable that a directive such as `auth_request_set` or `set_by_lua` sets.
fn forget_variable(directive: &Directive, variables: &mut BTreeMap<String, String>) {
    let name = directive.name.as_str();
    if (name.starts_with("set") || name.ends_with("_set"))
        && let Some(variable) = directive.word().strip_prefix('$')
    {
        variables.remove(variable);
    }
}

/// Blocks whose lines are no directives, or belong to another protocol.
///
/// Their lines are data, such as the pairs of a `map`, or directives of mail and TCP proxies.
pub(super) fn is_opaque(name: &str) -> bool {
    [
        "events",
        "geo",
        "mail",
        "map",
        "match",
        "split_clients",
        "stream",
        "types",
    ]
    .contains(&name)
}

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
    /// From the outermost block to this one.
    pub(super) chain: Vec<&'a [Directive]>,
}

impl<'a> Scope<'a> {
    /// The directives of the innermost block.
    pub(super) fn own(&self) -> &'a [Directive] {
        self.chain.last().copied().unwrap_or_default()
    }

    /// The scope of a block in this one.
    pub(super) fn inner(&self, directive: &Directive, block: &'a [Directive]) -> Self {
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
        let mut chain = self.chain.clone();
        chain.push(block);
        Self {
            section: format!("{} {words}", directive.name),
            line: directive.line,
            path,
            exact_path,
            chain,
        }
    }

    /// The directives of this name that hold here: those of the innermost block that has any.
    ///
    /// Empty if no block has any.
    pub(super) fn lookup(&self, name: &str) -> Vec<&'a Directive> {
        let of_name = |block: &&'a [Directive]| {
            let found = block.iter().filter(|directive| directive.name == name);
            // The `server` of an upstream is no block; `if` and others have several.
            found.collect::<Vec<_>>()
        };
        let mut levels = self.chain.iter().rev().map(of_name);
        levels.find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The variables that `set` gives a fixed value, from the outside in.
    ///
    /// nginx evaluates `set` for each request. A variable whose value depends on the request is
    /// unknown here, also if an outer `set` gave it a fixed value.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for block in &self.chain {
            for directive in block.iter().filter(|directive| directive.name == "set") {
                let name = directive.word().trim_start_matches('$').to_owned();
                let value = directive.words.get(1).map_or("", String::as_str);
                let value = value::expand(value, &variables);
                match value.contains('$') {
                    true => drop(variables.remove(&name)),
                    false => drop(variables.insert(name, value)),
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

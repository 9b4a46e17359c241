//! Which file defines what a path names, through imports and re-exports.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use syn::{Item, UseTree};

use super::{
    parsing::{definitions, is_stand_in, is_test},
    paths::Place,
    source::{Source, sources},
};

/// The path of a module from the root of the crate.
pub(crate) type ModulePath = Vec<String>;

/// The names that one module knows.
#[derive(Default)]
struct Scope {
    file: String,
    items: BTreeSet<String>,
    children: BTreeSet<String>,
    imports: BTreeMap<String, ModulePath>,
    globs: Vec<ModulePath>,
}

/// What a path names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    Module(ModulePath),
    /// An item of a module of this crate; what follows it in the path is an associated item or a
    /// variant.
    Item {
        module: ModulePath,
        name: String,
    },
}

/// The modules of the crate outside tests.
pub(crate) struct Crate {
    scopes: BTreeMap<ModulePath, Scope>,
}

impl Crate {
    /// This crate, resolved once for all tests.
    pub(crate) fn own() -> &'static Self {
        static OWN: OnceLock<Crate> = OnceLock::new();
        OWN.get_or_init(|| Self::new(sources()))
    }

    pub(crate) fn new(sources: &[Source]) -> Self {
        let mut scopes = BTreeMap::new();
        for source in sources.iter().filter(|source| !source.is_test) {
            add_module(&mut scopes, source, source.module(), &source.syntax().items);
        }
        Self { scopes }
    }

    /// The file of a module, relative to `src`.
    pub(crate) fn file(&self, module: &[String]) -> &str {
        self.scopes.get(module).map_or("", |scope| &scope.file)
    }

    /// What the path at this place names; none if another crate or the language defines it.
    pub(crate) fn target(&self, source: &Source, place: &Place) -> Option<Target> {
        let mut module = source.module();
        module.extend(place.inside.iter().cloned());
        self.resolve(&module, &place.path)
    }

    /// The whole path of what another crate defines, as this module imports it.
    pub(crate) fn foreign(&self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        if self.resolve(module, path).is_some() {
            return None;
        }
        let scope = self.scopes.get(module)?;
        let path = match scope.imports.get(first) {
            Some(import) if import.len() == 1 && import[0] == *first => path.to_vec(),
            Some(import) => [import, rest].concat(),
            None => path.to_vec(),
        };
        Some(self.without_own_modules(path))
    }

    /// `crate::tls::rustls::Error`, where tls re-exports a crate, is `rustls::Error`.
    fn without_own_modules(&self, path: Vec<String>) -> Vec<String> {
        let Some((first, own)) = path.split_first() else {
            return path;
        };
        if first != "crate" {
            return path;
        }
        let modules = (1..=own.len()).take_while(|end| self.scopes.contains_key(&own[..*end]));
        let end = modules.last().unwrap_or(0);
        own[end..].to_vec()
    }

    pub(crate) fn resolve(&self, module: &[String], path: &[String]) -> Option<Target> {
        self.resolve_within(module, path, 0)
    }

    fn resolve_within(&self, module: &[String], path: &[String], depth: usize) -> Option<Target> {
        if depth > 16 {
            return None;
        }
        let mut at = module.to_vec();
        let mut rest = path;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" => at = Vec::new(),
                "self" => {}
                "super" => {
                    at.pop()?;
                }
                _ => break,
            }
            rest = others;
        }
        let is_relative = rest.len() == path.len();
        let Some((first, others)) = rest.split_first() else {
            return Some(Target::Module(at));
        };
        let scope = self.scopes.get(&at)?;
        if scope.items.contains(first) {
            let name = first.clone();
            return Some(Target::Item { module: at, name });
        }
        if scope.children.contains(first) {
            at.push(first.clone());
            return match others {
                [] => Some(Target::Module(at)),
                others => self.resolve_in(&at, others, depth),
            };
        }
        if let Some(import) = scope.imports.get(first) {
            // `use bytes::Bytes` and a module `bytes` of ours are two things.
            if is_relative && import.first() == Some(first) && import.len() == 1 {
                return None;
            }
            let import = [import, others].concat();
            return self.resolve_within(&at, &import, depth + 1);
        }
        scope.globs.iter().find_map(|glob| {
            let path = [glob, rest].concat();
            self.resolve_within(&at, &path, depth + 1)
        })
    }

    /// As `resolve`, for a path whose first name must stand in the module itself.
    fn resolve_in(&self, module: &[String], path: &[String], depth: usize) -> Option<Target> {
        let path = [&[String::from("self")], path].concat();
        self.resolve_within(module, &path, depth + 1)
    }
}

fn add_module(
    scopes: &mut BTreeMap<ModulePath, Scope>,
    source: &Source,
    module: ModulePath,
    items: &[Item],
) {
    let mut scope = Scope {
        file: source.file.clone(),
        ..Scope::default()
    };
    for item in &definitions(items) {
        if let Some(name) = defined(item) {
            scope.items.insert(name);
        }
        match item {
            Item::Mod(child) if !is_test(&child.attrs) => {
                let name = child.ident.to_string();
                if let Some((_, items)) = &child.content {
                    let path = [module.as_slice(), std::slice::from_ref(&name)].concat();
                    add_module(scopes, source, path, items);
                }
                scope.children.insert(name);
            }
            Item::Use(import) if !is_test(&import.attrs) && !is_stand_in(&import.attrs) => {
                add_import(&mut scope, &import.tree, &[]);
            }
            _ => {}
        }
    }
    scopes.insert(module, scope);
}

fn add_import(scope: &mut Scope, tree: &UseTree, prefix: &[String]) {
    let mut path = prefix.to_vec();
    match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            add_import(scope, &tree.tree, &path);
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                add_import(scope, tree, prefix);
            }
        }
        UseTree::Name(tree) => {
            if tree.ident != "self" {
                path.push(tree.ident.to_string());
            }
            if let Some(name) = path.last().cloned() {
                scope.imports.insert(name, path);
            }
        }
        UseTree::Rename(tree) => {
            if tree.ident != "self" {
                path.push(tree.ident.to_string());
            }
            scope.imports.insert(tree.rename.to_string(), path);
        }
        UseTree::Glob(_) => scope.globs.push(path),
    }
}

/// The name that an item adds to its module, if it is no module.
fn defined(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

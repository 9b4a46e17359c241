//! Collects the public items from lib.rs on, through public modules and re-exports.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, ItemImpl, Path, UseTree, visit::Visit};

use super::text::{self, fields, is_public, methods, notes, trait_items};
use crate::architecture::{Crate, Target, definitions, is_test, sources};

type Key = (Vec<String>, String);

/// The public API.
#[derive(Default)]
pub(super) struct Listing {
    /// The items by the module that exports them.
    lines: BTreeMap<String, Vec<String>>,
    foreign: BTreeSet<String>,
    listed: BTreeMap<Key, String>,
    types: usize,
    methods: usize,
    variants: usize,
    fields: usize,
}

/// The syntax trees of the crate, by what they define.
struct Items {
    modules: &'static Crate,
    items: BTreeMap<Vec<String>, Vec<Item>>,
    impls: BTreeMap<Key, Vec<(Vec<String>, ItemImpl)>>,
}

impl Items {
    fn new() -> Self {
        let sources = sources();
        let mut this = Self {
            modules: Crate::own(),
            items: BTreeMap::new(),
            impls: BTreeMap::new(),
        };
        for source in sources.iter().filter(|source| !source.is_test) {
            this.add(source.module(), &source.syntax().items);
        }
        this
    }

    fn add(&mut self, module: Vec<String>, items: &[Item]) {
        let items = definitions(items);
        for item in &items {
            match item {
                Item::Mod(child) if !is_test(&child.attrs) => {
                    if let Some((_, items)) = &child.content {
                        let path = [module.as_slice(), &[child.ident.to_string()]].concat();
                        self.add(path, items);
                    }
                }
                Item::Impl(item) => {
                    let syn::Type::Path(of) = &*item.self_ty else {
                        continue;
                    };
                    let target = self.modules.resolve(&module, &names(&of.path));
                    if let Some(Target::Item { module: of, name }) = target {
                        let impls = self.impls.entry((of, name)).or_default();
                        impls.push((module.clone(), item.clone()));
                    }
                }
                _ => {}
            }
        }
        self.items.insert(module, items);
    }
}

impl Listing {
    pub(super) fn new() -> Self {
        let items = Items::new();
        let mut this = Self::default();
        this.add_module(&items, &[], &[]);
        this
    }

    /// The names of the types that implement this trait.
    pub(super) fn implementers(&self, of_trait: &str) -> Vec<String> {
        let mut found = Vec::new();
        for lines in self.lines.values() {
            let mut current = "";
            for line in lines {
                if !line.starts_with(' ') {
                    current = line.split([' ', '(', '<']).nth(1).unwrap_or_default();
                } else if line.starts_with("    impl") && line.contains(of_trait) {
                    found.push(current.to_owned());
                }
            }
        }
        found
    }

    pub(super) fn foreign_crates(&self) -> BTreeSet<String> {
        let crates = self.foreign.iter();
        crates
            .filter_map(|path| path.split("::").next())
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "# The public API with all features: {} types, {} methods and functions, {} variants, \
             {} fields.\n\
             # BLESS=1 cargo test --all-features --test it public_api writes this file.\n",
            self.types, self.methods, self.variants, self.fields
        );
        for (module, lines) in &self.lines {
            text.push_str(&format!("\n## {module}\n"));
            for line in lines {
                text.push_str(&format!("{line}\n"));
            }
        }
        text.push_str("\n## types of other crates\n");
        for path in &self.foreign {
            text.push_str(&format!("{path}\n"));
        }
        text
    }

    /// Lists what `module` makes public, below the path that exports it.
    fn add_module(&mut self, items: &Items, exported: &[String], module: &[String]) {
        let name = path_text(exported);
        self.lines.entry(name).or_default();
        for item in items.items.get(module).into_iter().flatten() {
            match item {
                Item::Mod(child) if is_public(&child.vis) && !is_test(&child.attrs) => {
                    let name = [child.ident.to_string()];
                    let exported = [exported, &name].concat();
                    self.add_module(items, &exported, &[module, &name].concat());
                }
                Item::Use(import) if is_public(&import.vis) => {
                    self.add_use(items, (exported, module), &import.tree, &[]);
                }
                item => self.add_item(items, exported, module, item, None),
            }
        }
    }

    fn add_use(
        &mut self,
        items: &Items,
        (exported, module): (&[String], &[String]),
        tree: &UseTree,
        prefix: &[String],
    ) {
        let mut path = prefix.to_vec();
        let name = match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                return self.add_use(items, (exported, module), &tree.tree, &path);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(items, (exported, module), tree, prefix);
                }
                return;
            }
            UseTree::Name(tree) => {
                path.push(tree.ident.to_string());
                tree.ident.to_string()
            }
            UseTree::Rename(tree) => {
                path.push(tree.ident.to_string());
                tree.rename.to_string()
            }
            UseTree::Glob(_) => String::from("*"),
        };
        // `use rustls;` names a crate, and resolves to itself.
        let target = (path.len() > 1).then(|| items.modules.resolve(module, &path));
        match target.flatten() {
            Some(Target::Item { module: of, name }) => {
                let defined = items.items.get(&of).into_iter().flatten();
                let found = defined.filter(|item| item_name(item).as_ref() == Some(&name));
                let found: Vec<_> = found.collect();
                for item in found {
                    self.add_item(items, exported, &of, item, Some(&name));
                }
            }
            Some(Target::Module(of)) => {
                self.add_module(items, &[exported, &[name]].concat(), &of);
            }
            _ => self.push(exported, format!("pub use {} as {name}", path.join("::"))),
        }
    }

    /// Lists an item that `exported` exports and `module` defines.
    fn add_item(
        &mut self,
        items: &Items,
        exported: &[String],
        module: &[String],
        item: &Item,
        as_name: Option<&str>,
    ) {
        let name = item_name(item).unwrap_or_default();
        let shown = as_name.unwrap_or(&name).to_owned();
        let key = (module.to_vec(), name);
        // Each item is described and counted once.
        if let Some(first) = self.listed.get(&key) {
            let line = format!("pub use {first}");
            return self.push(exported, line);
        }
        let Some((line, mut inner)) = self.described(item) else {
            return;
        };
        let path = format!("{}::{shown}", path_text(exported));
        self.listed.insert(key.clone(), path);
        self.add_foreign(items, module, item);
        for (of, item) in items.impls.get(&key).into_iter().flatten() {
            match &item.trait_ {
                None => {
                    let found = methods(item);
                    self.methods += found.len();
                    inner.extend(found);
                    self.add_foreign_of_methods(items, of, item);
                }
                Some(_) => {
                    let mut head = item.clone();
                    head.items.clear();
                    head.attrs.clear();
                    inner.push(text::of(head).replace(" {}", "").replace("{ }", ""));
                }
            }
        }
        inner.sort();
        self.push(exported, line);
        for line in inner {
            self.push(exported, format!("    {}", line.trim()));
        }
    }

    /// The line of a public item, and those of its variants or its trait's items.
    fn described(&mut self, item: &Item) -> Option<(String, Vec<String>)> {
        let mut inner = Vec::new();
        let line = match item {
            Item::Struct(item) if is_public(&item.vis) => {
                self.types += 1;
                let (name, generics) = (&item.ident, text::of(&item.generics));
                let public = item.fields.iter().filter(|field| is_public(&field.vis));
                self.fields += public.count();
                let fields = fields(&item.fields, false);
                format!("struct {name}{generics}{fields}{}", notes(&item.attrs))
            }
            Item::Enum(item) if is_public(&item.vis) => {
                self.types += 1;
                self.variants += item.variants.len();
                let variants = item.variants.iter();
                inner.extend(variants.map(|variant| {
                    let fields = fields(&variant.fields, true);
                    format!("{}{fields}{}", variant.ident, notes(&variant.attrs))
                }));
                let generics = text::of(&item.generics);
                format!("enum {}{generics}{}", item.ident, notes(&item.attrs))
            }
            Item::Trait(item) if is_public(&item.vis) => {
                self.types += 1;
                let listed = trait_items(&item.items);
                self.methods += listed.len();
                inner.extend(listed);
                format!("trait {}{}", item.ident, text::of(&item.generics))
            }
            Item::Type(item) if is_public(&item.vis) => {
                self.types += 1;
                let generics = text::of(&item.generics);
                format!("type {}{generics} = {}", item.ident, text::of(&item.ty))
            }
            Item::Fn(item) if is_public(&item.vis) => {
                self.methods += 1;
                format!("{}{}", text::of(&item.sig), notes(&item.attrs))
            }
            Item::Const(item) if is_public(&item.vis) => {
                format!("const {}: {}", item.ident, text::of(&item.ty))
            }
            _ => return None,
        };
        Some((line, inner))
    }

    fn push(&mut self, module: &[String], line: String) {
        self.lines.entry(path_text(module)).or_default().push(line);
    }

    fn add_foreign(&mut self, items: &Items, module: &[String], item: &Item) {
        let mut paths = Paths::default();
        match item {
            Item::Struct(item) => {
                paths.visit_generics(&item.generics);
                let public = item.fields.iter().filter(|field| is_public(&field.vis));
                public.for_each(|field| paths.visit_type(&field.ty));
            }
            Item::Enum(item) => {
                let fields = item
                    .variants
                    .iter()
                    .flat_map(|variant| variant.fields.iter());
                fields.for_each(|field| paths.visit_type(&field.ty));
            }
            Item::Fn(item) => paths.visit_signature(&item.sig),
            Item::Type(item) => paths.visit_type(&item.ty),
            Item::Const(item) => paths.visit_type(&item.ty),
            Item::Trait(item) => paths.visit_item_trait(item),
            _ => {}
        }
        self.add_paths(items, module, paths);
    }

    fn add_foreign_of_methods(&mut self, items: &Items, module: &[String], item: &ItemImpl) {
        let mut paths = Paths::default();
        for item in &item.items {
            if let syn::ImplItem::Fn(function) = item
                && is_public(&function.vis)
            {
                paths.visit_signature(&function.sig);
            }
        }
        self.add_paths(items, module, paths);
    }

    fn add_paths(&mut self, items: &Items, module: &[String], paths: Paths) {
        const STANDARD: [&str; 6] = ["std", "core", "alloc", "crate", "self", "super"];
        for path in paths.0 {
            let Some(path) = items.modules.foreign(module, &path) else {
                continue;
            };
            let first = path.first().map_or("", String::as_str);
            let is_module = first.starts_with(char::is_lowercase);
            if path.len() > 1 && is_module && !STANDARD.contains(&first) {
                self.foreign.insert(path.join("::"));
            }
        }
    }
}

/// The paths in a signature.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast Path) {
        self.0.push(names(path));
        syn::visit::visit_path(self, path);
    }
}

fn names(path: &Path) -> Vec<String> {
    let segments = path.segments.iter();
    segments.map(|segment| segment.ident.to_string()).collect()
}

fn path_text(module: &[String]) -> String {
    let segments = [&[String::from("cdn_origin")], module].concat();
    segments.join("::")
}

fn item_name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

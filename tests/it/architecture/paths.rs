//! Every path that a file mentions, with its line.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    ExprMethodCall, Item, ItemMod, ItemUse, Macro, Meta, Path, UseTree, Visibility,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::parsing::is_test;

/// How a path comes into a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// A `use` that only this module sees.
    Import,
    /// A `pub use` of any visibility.
    ReExport,
    /// In a type, an expression, a pattern or a macro.
    Code,
    /// `.name()`.
    MethodCall,
    /// `.name(argument)`.
    MethodCallWithArguments,
}

/// `a::b::c` and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
    pub(crate) form: Form,
    /// The inline modules around it, from the file's own.
    pub(crate) inside: Vec<String>,
}

impl Place {
    pub(crate) fn starts_with(&self, start: &[&str]) -> bool {
        self.path.len() >= start.len() && start.iter().zip(&self.path).all(|(a, b)| a == b)
    }

    pub(crate) fn ends_with(&self, end: &str) -> bool {
        self.path.last().is_some_and(|last| last == end)
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.path.iter().any(|segment| segment == name)
    }

    /// The module of the crate that it leads to, or the item that lib.rs re-exports.
    pub(crate) fn top(&self) -> Option<&str> {
        let (start, top) = (self.path.first()?, self.path.get(1)?);
        (start == "crate").then_some(top)
    }

    pub(crate) fn text(&self) -> String {
        self.path.join("::")
    }
}

/// All paths outside test modules.
pub(crate) fn places(file: &syn::File) -> Vec<Place> {
    let mut collector = Collector::default();
    collector.visit_file(file);
    collector.places
}

#[derive(Default)]
struct Collector {
    places: Vec<Place>,
    inside: Vec<String>,
}

impl Collector {
    fn add(&mut self, line: usize, path: Vec<String>, form: Form) {
        let inside = self.inside.clone();
        self.places.push(Place {
            line,
            path,
            form,
            inside,
        });
    }

    fn add_use(&mut self, tree: &UseTree, prefix: &[String], form: Form) {
        let mut path = prefix.to_vec();
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.add_use(&tree.tree, &path, form);
            }
            UseTree::Group(tree) => {
                for tree in &tree.items {
                    self.add_use(tree, prefix, form);
                }
            }
            UseTree::Name(tree) => {
                if tree.ident != "self" {
                    path.push(tree.ident.to_string());
                }
                self.add(tree.ident.span().start().line, path, form);
            }
            UseTree::Rename(tree) => {
                path.push(tree.ident.to_string());
                self.add(tree.ident.span().start().line, path, form);
            }
            tree => self.add(tree.span().start().line, path, form),
        }
    }

    /// The paths in the tokens of a macro, which have no syntax tree.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut found = Found::default();
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if found.colons < 2 {
                        let after_dot = found.ends_with_dot;
                        self.flush(&mut found, false);
                        found.after_dot = after_dot;
                        found.line = ident.span().start().line;
                    }
                    found.path.push(ident.to_string());
                    (found.colons, found.ends_with_dot) = (0, false);
                }
                TokenTree::Punct(sign) if sign.as_char() == ':' => found.colons += 1,
                TokenTree::Group(group) => {
                    self.flush(&mut found, group.delimiter() == Delimiter::Parenthesis);
                    self.add_tokens(group.stream());
                }
                TokenTree::Punct(sign) => {
                    self.flush(&mut found, false);
                    found.ends_with_dot = sign.as_char() == '.';
                }
                TokenTree::Literal(_) => self.flush(&mut found, false),
            }
        }
        self.flush(&mut found, false);
    }

    /// Adds what is found so far; a name after a dot that is not called is a field.
    fn flush(&mut self, found: &mut Found, is_called: bool) {
        let found = std::mem::take(found);
        if found.path.is_empty() {
            return;
        }
        match found.after_dot {
            false => self.add(found.line, found.path, Form::Code),
            true if is_called => self.add(found.line, found.path, Form::MethodCall),
            true => {}
        }
    }
}

/// A path that is being read from tokens.
#[derive(Default)]
struct Found {
    line: usize,
    path: Vec<String>,
    colons: usize,
    ends_with_dot: bool,
    after_dot: bool,
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.inside.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.inside.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let form = match item.vis {
            Visibility::Inherited => Form::Import,
            _ => Form::ReExport,
        };
        self.add_use(&item.tree, &[], form);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !is_test(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments = path.segments.iter();
        let segments = segments.map(|segment| segment.ident.to_string()).collect();
        self.add(path.span().start().line, segments, Form::Code);
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let method = &call.method;
        let line = method.span().start().line;
        let form = match call.args.is_empty() {
            true => Form::MethodCall,
            false => Form::MethodCallWithArguments,
        };
        self.add(line, vec![method.to_string()], form);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
        }
    }

    // `pub(super)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let file = syn::parse_file(text).expect("Rust");
        let long = places(&file).into_iter();
        let long = long.filter(|place| place.path.len() > 1 || place.form == Form::MethodCall);
        long.map(|place| format!("{} {}", place.line, place.text()))
            .collect()
    }

    #[test]
    fn groups_of_a_use_are_written_out() {
        let text = "use crate::{\n    error::{Error as Other, self},\n    name::*,\n    \
                    tls::{Alpn, rustls::crypto::CryptoProvider},\n};\n";
        assert_eq!(
            texts(text),
            [
                "2 crate::error::Error",
                "2 crate::error",
                "3 crate::name",
                "4 crate::tls::Alpn",
                "4 crate::tls::rustls::crypto::CryptoProvider",
            ]
        );
    }

    #[test]
    fn paths_are_found_in_types_calls_and_macros() {
        let text = "fn f() -> a::B<c::D> {\n    e::f().g();\n    m!(x = h::i(j.k(), l::M::n));\n}";
        assert_eq!(
            texts(text),
            [
                "1 a::B",
                "1 c::D",
                "2 g",
                "2 e::f",
                "3 h::i",
                "3 k",
                "3 l::M::n"
            ]
        );
    }

    #[test]
    fn comments_strings_and_test_modules_hold_no_paths() {
        let text = "//! [`a`](crate::a)\nfn f() { g(\"crate::b\") }\n\
                    #[cfg(test)]\nmod tests { use crate::c; }\npub(in crate::d) struct S;";
        assert_eq!(texts(text), Vec::<String>::new());
    }
}

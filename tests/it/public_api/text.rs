//! Syntax trees as lines of text.

use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, ItemImpl, Meta, TraitItem, Visibility};

/// The tokens with spaces where people put them.
pub(super) fn of(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (tokens, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        ("< ", "<"),
        (" <", "<"),
        (" ,", ","),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("& ", "&"),
        (" :", ":"),
        (" ;", ";"),
        (" !", "!"),
        ("# [", "#["),
        (",)", ")"),
        (",>", ">"),
        ("->", "-> "),
        ("=>", "=> "),
        ("  ", " "),
    ] {
        text = text.replace(tokens, tight);
    }
    text
}

pub(super) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The derived traits, attributes that callers feel, and the features that an item needs.
pub(super) fn notes(attributes: &[Attribute]) -> String {
    let mut notes = String::new();
    for attribute in attributes {
        match &attribute.meta {
            Meta::Path(path) if path.is_ident("non_exhaustive") => {
                notes.push_str(" #[non_exhaustive]")
            }
            Meta::Path(path) if path.is_ident("must_use") => notes.push_str(" #[must_use]"),
            Meta::NameValue(pair) if pair.path.is_ident("must_use") => {
                notes.push_str(" #[must_use]");
            }
            Meta::List(list) if list.path.is_ident("derive") || list.path.is_ident("cfg") => {
                notes.push_str(&format!(" #[{}]", of(list)));
            }
            _ => {}
        }
    }
    notes
}

/// The public fields; private ones are `..`.
pub(super) fn fields(fields: &Fields, all: bool) -> String {
    let public: Vec<_> = fields
        .iter()
        .filter(|field| all || is_public(&field.vis))
        .map(|field| match &field.ident {
            Some(name) => format!("{name}: {}", of(&field.ty)),
            None => of(&field.ty),
        })
        .collect();
    let rest = if public.len() < fields.len() {
        ".."
    } else {
        ""
    };
    let list = public
        .into_iter()
        .chain((!rest.is_empty()).then(|| rest.to_owned()));
    let list = list.collect::<Vec<_>>().join(", ");
    match fields {
        Fields::Named(_) => format!(" {{ {list} }}"),
        Fields::Unnamed(_) => format!("({list})"),
        Fields::Unit => String::new(),
    }
}

/// The public functions and constants of an inherent `impl`, one line each.
pub(super) fn methods(of_impl: &ItemImpl) -> Vec<String> {
    let items = of_impl.items.iter();
    items
        .filter_map(|item| match item {
            ImplItem::Fn(function) if is_public(&function.vis) => {
                Some(format!("{}{}", of(&function.sig), notes(&function.attrs)))
            }
            ImplItem::Const(item) if is_public(&item.vis) => {
                Some(format!("const {}: {}", item.ident, of(&item.ty)))
            }
            _ => None,
        })
        .collect()
}

pub(super) fn trait_items(items: &[TraitItem]) -> Vec<String> {
    let items = items.iter();
    items
        .map(|item| match item {
            TraitItem::Fn(function) => of(&function.sig),
            other => of(other),
        })
        .collect()
}

//! Reading syntax trees: test modules, and the items inside `pin_project!`.

use syn::{Attribute, Item, Meta};

/// Whether these attributes say `#[cfg(test)]` or `#[cfg(doctest)]`.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    conditions(attributes).any(|condition| matches!(condition.as_str(), "test" | "doctest"))
}

/// Whether an item stands in for one of a feature that is off.
pub(super) fn is_stand_in(attributes: &[Attribute]) -> bool {
    conditions(attributes).any(|condition| condition.starts_with("not (feature"))
}

/// The conditions of `#[cfg(..)]`, as tokens with spaces between them.
fn conditions(attributes: &[Attribute]) -> impl Iterator<Item = String> {
    attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::List(list) if list.path.is_ident("cfg") => Some(list.tokens.to_string()),
            _ => None,
        })
}

/// The items, with those that a macro such as `pin_project!` or `thread_local!` holds in its place.
pub(crate) fn definitions(items: &[Item]) -> Vec<Item> {
    let mut found = Vec::new();
    for item in items {
        match item {
            Item::Macro(call) if call.ident.is_none() => {
                let inner = syn::parse2::<syn::File>(call.mac.tokens.clone());
                found.extend(inner.map(|file| file.items).unwrap_or_default());
            }
            item => found.push(item.clone()),
        }
    }
    found
}

//! Reading syntax trees: test modules, and the items inside `pin_project!`.

use syn::{Attribute, Item, Meta};

/// Whether these attributes say `#[cfg(test)]` or `#[cfg(doctest)]`.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else {
            return false;
        };
        let condition = list.tokens.to_string();
        list.path.is_ident("cfg") && matches!(condition.as_str(), "test" | "doctest")
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

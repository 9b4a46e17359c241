//! One name, one type: no two types of the crate share a name.

use std::collections::BTreeMap;

use syn::Item;

use super::{assert_exceptions, definitions, exceptions::SHARED_NAMES, is_test, sources};

#[test]
fn no_two_types_have_one_name() {
    let mut types = BTreeMap::<String, Vec<String>>::new();
    for source in sources().iter().filter(|source| !source.is_test) {
        for name in type_names(&source.syntax().items) {
            types.entry(name).or_default().push(source.file.clone());
        }
    }
    types.retain(|_, files| files.len() > 1);
    let list: String = types
        .iter()
        .map(|(name, files)| format!("  {name}: {}\n", files.join(", ")))
        .collect();
    let found: Vec<_> = types.into_keys().collect();
    let rule = format!("no two types have one name:\n{list}");
    assert_exceptions(&found, &SHARED_NAMES, &rule);
}

/// Structs, enums, traits and aliases, those of inline modules included.
fn type_names(items: &[Item]) -> Vec<String> {
    let mut names = Vec::new();
    for item in definitions(items) {
        match item {
            Item::Enum(item) => names.push(item.ident.to_string()),
            Item::Struct(item) => names.push(item.ident.to_string()),
            Item::Trait(item) => names.push(item.ident.to_string()),
            Item::Type(item) => names.push(item.ident.to_string()),
            Item::Mod(module) if !is_test(&module.attrs) => {
                let content = module.content.map(|(_, items)| items);
                names.extend(type_names(&content.unwrap_or_default()));
            }
            _ => {}
        }
    }
    names
}

//! Every call that the texts of diagnoses name exists in the public API.

use std::{fs, path::Path};

use proc_macro2::{TokenStream, TokenTree};

const API: &str = include_str!("../public-api.txt");

/// Functions that are derived, of the standard library, or not listed; `printed_code` compiles them.
const OTHERS: [&str; 4] = ["build", "config_list", "default", "parse"];

/// The string literals of the sources in a folder, apart from tests and documentation.
fn literals(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            literals(&path, found);
        } else if !path.ends_with("printed_code.rs") {
            let source = fs::read_to_string(&path).unwrap();
            let (code, _) = source
                .split_once("#[cfg(test)]\nmod ")
                .unwrap_or((&source, ""));
            collect(code.parse().unwrap(), found);
        }
    }
}

fn collect(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_documentation(&group.stream()) => {}
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Literal(literal) => {
                let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                found.extend(text.map(|text| text.value()));
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// Whether this is the content of `#[doc = ".."]`, as which comments arrive.
fn is_documentation(tokens: &TokenStream) -> bool {
    let first = tokens.clone().into_iter().next();
    matches!(first, Some(TokenTree::Ident(name)) if name == "doc")
}

/// The calls in a text, such as `Limits::request_timeout`.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    let is_path = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == ':';
    text.match_indices('(').filter_map(move |(end, _)| {
        let start = text[..end].rfind(|it| !is_path(it)).map_or(0, |at| at + 1);
        let call = &text[start..end];
        let name = call.rsplit("::").next()?;
        // Words before a parenthesis have a space, types an upper-case letter.
        let is_call = name.len() > 2 && name.starts_with(|it: char| it.is_ascii_lowercase());
        is_call.then_some(call)
    })
}

/// Whether the listing of the API has this function, in this type if one is named.
fn is_public(call: &str) -> bool {
    let (path, name) = call.rsplit_once("::").unwrap_or(("", call));
    let is_it =
        |line: &str| line.contains(&format!("fn {name}(")) || line.contains(&format!("fn {name}<"));
    let owner = path.rsplit("::").next().unwrap_or_default();
    let is_type = owner.starts_with(|it: char| it.is_ascii_uppercase());
    let is_owner = |line: &str| {
        let mut words = line.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
        matches!(words.next(), Some("struct" | "enum" | "trait")) && words.next() == Some(owner)
    };
    match is_type {
        true => {
            let mut lines = API.lines().skip_while(|line| !is_owner(line)).skip(1);
            let members = lines.by_ref().take_while(|line| line.starts_with(' '));
            members.into_iter().any(is_it)
        }
        false => API.lines().any(is_it),
    }
}

#[test]
fn every_call_in_a_text_of_a_diagnosis_or_a_probe_is_public() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = Vec::new();
    literals(&sources.join("diagnosis"), &mut texts);
    literals(&sources.join("probe"), &mut texts);
    let calls: Vec<_> = texts.iter().flat_map(|text| calls(text)).collect();
    assert!(calls.contains(&"Limits::response_timeout"), "{calls:?}");
    let is_other = |call: &str| OTHERS.iter().any(|other| call.ends_with(other));
    let unknown = calls
        .iter()
        .filter(|call| !is_other(call) && !is_public(call));
    let unknown: Vec<_> = unknown.collect();
    assert!(unknown.is_empty(), "no such calls: {unknown:?}");
}

//! The files that module docs and the guide list exist, and lists of files are complete.

use std::{collections::BTreeSet, fs, path::Path};

use super::{Source, assert_none, sources};

/// The start of a list of files: a table in the docs or a comment of a `mod.rs`.
const HEAD: &str = "| file |";

#[test]
fn the_lists_of_files_name_each_file_of_their_folder() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.is_mod_rs()) {
        let listed = listed(&source.text);
        if listed.is_empty() {
            continue;
        }
        for name in listed.difference(&names_beside(source, |_| true)) {
            found.push(source.at(1, &format!("lists `{name}`, which does not exist")));
        }
        for name in files_beside(source).difference(&listed) {
            found.push(source.at(1, &format!("does not list `{name}`")));
        }
    }
    assert_none(&found, "a list of files names each file of its folder");
}

#[test]
fn a_folder_of_more_than_eight_files_has_a_list_of_them() {
    // Their files have the names of the sections and directives that they read.
    const READERS: [&str; 2] = ["config", "import"];
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.is_mod_rs()) {
        let needs_list = source.top().is_some_and(|top| !READERS.contains(&top));
        let count = files_beside(source).len();
        if needs_list && count > 8 && listed(&source.text).is_empty() {
            found.push(source.at(1, &format!("has {count} files and no list of them")));
        }
    }
    assert_none(&found, "a folder of more than eight files lists them");
}

#[test]
fn the_files_in_the_guide_to_the_architecture_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("src/guide/architecture.md")).expect("a page");
    let paths: Vec<_> = in_backticks(&guide).filter(|text| is_path(text)).collect();
    assert!(paths.len() > 20, "paths in the page: {paths:?}");
    let is_missing = |path: &&str| !root.join("src").join(path).exists();
    let paths = paths.into_iter().filter(|path| !path.starts_with("tests/"));
    let missing: Vec<_> = paths.filter(is_missing).map(str::to_owned).collect();
    assert_none(&missing, "the files in architecture.md exist");
}

#[test]
fn the_files_that_comments_point_to_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: BTreeSet<_> = sources()
        .iter()
        .map(|source| source.file.as_str())
        .collect();
    let mut found = Vec::new();
    for source in sources() {
        // A path is relative to the folder of the file or to one above it, up to the crate.
        let folders: Vec<_> = Path::new(&source.file).ancestors().skip(1).collect();
        let comments = source.text.lines().enumerate();
        let comments = comments.filter(|(_, line)| line.trim_start().starts_with("//"));
        for (index, line) in comments {
            let paths = in_backticks(line).filter(|text| is_rust_file(text));
            for path in paths {
                let is_in_src = folders.iter().any(|folder| {
                    let file = folder.join(path);
                    file.to_str().is_some_and(|file| files.contains(file))
                });
                let exists = is_in_src || root.join(path).exists();
                if !exists {
                    let text = format!("points to `{path}`, which does not exist");
                    found.push(source.at(index + 1, &text));
                }
            }
        }
    }
    assert_none(&found, "the files that comments point to exist");
}

/// The names in the first column of the list of files, without slashes.
fn listed(text: &str) -> BTreeSet<String> {
    let comment = |line: &str| {
        line.trim_start_matches('/')
            .trim_start_matches('!')
            .trim()
            .to_owned()
    };
    let lines = text
        .lines()
        .filter(|line| line.starts_with("//"))
        .map(comment);
    let rows = lines.skip_while(|line| !line.starts_with(HEAD)).skip(1);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let mut names = BTreeSet::new();
    for row in rows {
        let first = row.split('|').nth(1).unwrap_or_default();
        names.extend(in_backticks(first).map(|name| name.trim_end_matches('/').to_owned()));
    }
    names
}

/// The files and folders beside a `mod.rs`, by the names of their modules. Tests need no place in
/// the list of other code.
fn files_beside(source: &Source) -> BTreeSet<String> {
    names_beside(source, |other| other.is_test == source.is_test)
}

fn names_beside(source: &Source, is_counted: impl Fn(&Source) -> bool) -> BTreeSet<String> {
    let folder = source.file.trim_end_matches("mod.rs");
    let others = sources()
        .iter()
        .filter(|other| other.file != source.file && is_counted(other));
    let names = others.filter_map(|other| other.file.strip_prefix(folder));
    let names = names.filter_map(|name| name.split('/').next());
    names
        .map(|name| name.trim_end_matches(".rs").to_owned())
        .collect()
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether the text is a file, such as `retry.rs` or `pool/mod.rs`.
fn is_rust_file(text: &str) -> bool {
    let is_path_char = |char: char| char.is_ascii_lowercase() || "_/.0123456789".contains(char);
    text.ends_with(".rs") && text.chars().all(is_path_char)
}

/// Whether the text is a file or a folder, such as `pool/mod.rs` or `pool/send/`.
fn is_path(text: &str) -> bool {
    let is_path_char = |char: char| char.is_ascii_lowercase() || "_/.0123456789".contains(char);
    text.contains('/') && text.chars().all(is_path_char)
}

#[test]
fn names_in_the_first_column_of_a_list_are_found() {
    let list =
        "//! Text.\n//!\n//! | file | holds |\n//! |---|---|\n//! | `a`, `b/` | `c` |\n//! `d`\n";
    assert_eq!(
        listed(list),
        BTreeSet::from(["a".to_owned(), "b".to_owned()])
    );
    assert_eq!(listed(&list.replace("//!", "//")).len(), 2);
}

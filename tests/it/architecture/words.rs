//! The words of `src`, the guide, the README and the changelog: the terms of RFCs, hyper, tower,
//! rustls and Envoy, which readers search for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{assert_none, sources};

/// What is not written, in identifiers, comments or texts, and what is written instead. Other forms
/// of a word are further entries.
const INSTEAD: [(&str, &str); 24] = [
    ("visitor", "client"),
    ("visitors", "clients"),
    ("embedder", "application"),
    ("lent", "returnable"),
    ("shelf", "HTTP/2 connection set"),
    ("shelves", "HTTP/2 connection sets"),
    ("roomy", "available"),
    ("ageing", "expiring"),
    ("stirred", "readable"),
    ("spares", "buffer pool"),
    ("witness", "handshake observer"),
    ("testimony", "what was observed"),
    ("goodbye", "close_notify, or GOAWAY"),
    ("to be sure", "to confirm"),
    ("told by", "received from, or reported by"),
    ("lets go of", "retires, or drops"),
    ("at least a moment", "non_zero"),
    ("above all", "first of all"),
    ("so long", "for at least"),
    ("books of", "state of"),
    ("last word", "the item that decides"),
    ("mending", "fixing"),
    ("leases", "pooled connections"),
    ("both accounts", "the name of each setup"),
];

/// Files with a term of another crate: the trait of serde.
const FOREIGN: [(&str, &str); 4] = [
    ("src/config/keyed_enum.rs", "`visitor`"),
    ("src/config/size.rs", "`visitor`"),
    ("src/config/text_value.rs", "`visitor`"),
    ("src/config/unique_keys.rs", "`visitor`"),
];

/// The words of a line in lower case, between spaces. Names in snake and camel case are taken apart.
fn words(line: &str) -> String {
    let mut words = String::from(" ");
    let mut previous = ' ';
    for char in line.chars() {
        let starts_word = char.is_uppercase() && previous.is_lowercase();
        let is_word = char.is_alphanumeric() || char == '\'';
        if (starts_word || !is_word) && !words.ends_with(' ') {
            words.push(' ');
        }
        if is_word {
            words.extend(char.to_lowercase());
        }
        previous = char;
    }
    words.push(' ');
    words
}

fn avoided(line: &str) -> impl Iterator<Item = String> {
    let words = words(line);
    let found = INSTEAD
        .iter()
        .filter(move |(word, _)| words.contains(&format!(" {word} ")));
    found.map(|(word, instead)| format!("`{word}`: write {instead}"))
}

/// The guide, the README and the changelog: their paths in the repository, and their texts.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_dir(root.join("src/guide")).expect("the guide");
    let guide = guide.map(|entry| entry.expect("an entry").path());
    let pages = guide.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let others = ["README.md", "CHANGELOG.md"].map(|file| root.join(file));
    let mut files: Vec<PathBuf> = pages.chain(others).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(root).expect("a path below the root");
        let text = fs::read_to_string(path).expect("a file of text");
        (name.display().to_string(), text)
    };
    files.iter().map(read).collect()
}

fn is_number((start, _): (&str, &str)) -> bool {
    start.parse::<u8>().is_ok()
}

/// The paragraphs and list items of a text in Markdown, without code, tables and link addresses.
fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let mut is_code = false;
    for line in text.lines().map(str::trim_start) {
        is_code ^= line.starts_with("```");
        let is_link = line.starts_with('[') && line.contains("]: ");
        let is_left_out = is_code || is_link || line.starts_with(['|', '#']) || line == "```";
        let is_item = line.starts_with("* ") || line.split_once(". ").is_some_and(is_number);
        if line.is_empty() || is_left_out || is_item {
            paragraphs.push(String::new());
        }
        if let (false, Some(last)) = (is_left_out, paragraphs.last_mut()) {
            last.push_str(line);
            last.push(' ');
        }
    }
    paragraphs
}

#[test]
fn paragraphs_of_the_guide_have_at_most_60_words() {
    let mut found = Vec::new();
    for (file, text) in documents() {
        for paragraph in paragraphs(&text) {
            let count = paragraph.split_whitespace().count();
            if count > 60 {
                found.push(format!("{file}: {count} words: {paragraph}"));
            }
        }
    }
    assert_none(&found, "paragraphs are short");
}

#[test]
fn the_words_are_those_that_readers_search_for() {
    let code = sources().iter().filter(|source| !source.is_test);
    let code = code.map(|source| (format!("src/{}", source.file), source.text.clone()));
    let mut found = Vec::new();
    for (file, text) in code.chain(documents()) {
        for (index, line) in text.lines().enumerate() {
            let is_own = |what: &String| {
                let mut foreign = FOREIGN.iter();
                !foreign.any(|(other, word)| *other == file && what.starts_with(word))
            };
            let line = avoided(line).filter(is_own);
            found.extend(line.map(|what| format!("{file}:{}: {what}", index + 1)));
        }
    }
    assert_none(&found, "names and texts use standard terms");
}

#[test]
fn words_are_found_in_names_of_any_case() {
    for line in [
        "/// The visitor.",
        "fn of_visitor() {}",
        "struct VisitorBody;",
        "const VISITOR: u8 = 1;",
    ] {
        assert_eq!(
            avoided(line).collect::<Vec<_>>(),
            ["`visitor`: write client"]
        );
    }
    assert_eq!(avoided("// silent, talent, absolute").count(), 0);
}

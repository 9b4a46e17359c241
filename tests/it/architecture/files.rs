//! How a file of `src` looks: its first line, its length, its columns, no `unsafe`.

use super::{assert_none, sources};

#[test]
fn every_file_starts_with_its_purpose_and_has_at_most_400_lines() {
    let mut found = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//! ") {
            found.push(source.at(1, "does not start with `//! `"));
        }
        let lines = source.text.lines().count();
        if lines > 400 {
            found.push(source.at(lines, "has more than 400 lines"));
        }
    }
    assert_none(
        &found,
        "a file starts with `//! ` and has at most 400 lines",
    );
}

#[test]
fn no_line_has_more_than_100_columns() {
    let mut places = String::new();
    for source in sources() {
        let lines = source.text.lines().enumerate();
        let wide: Vec<_> = lines
            .filter(|(_, line)| line.chars().count() > 100)
            .collect();
        for (index, line) in &wide {
            let columns = format!("{} columns\n", line.chars().count());
            places.push_str(&source.at(index + 1, &columns));
        }
    }
    assert!(
        places.is_empty(),
        "no line has more than 100 columns, but:\n{places}"
    );
}

#[test]
fn there_is_no_unsafe_code() {
    let mut found = Vec::new();
    for source in sources() {
        let code = source.text.lines().enumerate();
        let code = code.filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (index, line) in code {
            let mut words = line.split(|char: char| !char.is_alphanumeric() && char != '_');
            if words.any(|word| word == "unsafe") {
                found.push(source.at(index + 1, "unsafe"));
            }
        }
    }
    assert_none(&found, "there is no unsafe code");
}

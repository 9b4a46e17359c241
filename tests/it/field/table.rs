//! The table of the guide.

use std::{env, fs, path::Path};

use cdn_origin::diagnosis::Diagnosis;

use super::cases::SECTIONS;

const HEAD: &str = "\
Failures that users of proxies reported in public, with the diagnosis of this crate.

`tests/it/field/` in the repository stages each of them with a real connection, and writes these
tables from what was diagnosed. The last column is the first fix of the likeliest cause. [Reading
errors][reading] explains the certainties.

[reading]: crate::guide::reading_errors
";

/// Compares the table with the guide's, or writes it if `BLESS` is set.
pub(super) fn check(rows: &[(&str, Diagnosis)]) {
    let page = page(rows);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/field-cases.md");
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &page).expect("a writable guide");
        return;
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    let missing: Vec<_> = page
        .lines()
        .filter(|line| !written.lines().any(|old| old == *line))
        .collect();
    assert!(
        page == written,
        "src/guide/field-cases.md differs from the cases; BLESS=1 cargo test --all-features \
         --test it field\n{}",
        missing.join("\n")
    );
}

fn page(rows: &[(&str, Diagnosis)]) -> String {
    let mut page = String::from(HEAD);
    let mut rows = rows.iter();
    for (title, cases) in SECTIONS {
        page += &format!("\n# {title}\n\n| what was seen | the cause | the fix |\n|---|---|---|\n");
        for (symptom, diagnosis) in rows.by_ref().take(cases.len()) {
            let (cause, fix) = match diagnosis.likeliest() {
                Some(cause) => {
                    let fix = cause.fixes().first().map(ToString::to_string);
                    let words = format!("{}: {}", cause.certainty(), escaped(cause.text()));
                    (words, fix.map(|fix| shown(&fix)).unwrap_or_default())
                }
                None => (String::from("none is known"), String::new()),
            };
            page += &format!("| {symptom} | {cause} | {fix} |\n");
        }
    }
    page
}

/// Code in backticks; advice as it is.
fn shown(fix: &str) -> String {
    let or = ", or another name";
    let call = fix.split(or).next().unwrap_or_default();
    let is_code = fix.starts_with('.') || call.contains("::") && !call.contains(' ');
    match is_code && !fix.contains('`') {
        true if fix.contains(or) => format!("`{}", fix.replace(or, &format!("`{or}"))),
        true => format!("`{}`", fix.replace('|', "\\|")),
        false => escaped(fix),
    }
}

fn escaped(text: &str) -> String {
    let escape = |char: char| match char {
        '|' | '[' | ']' | '<' | '>' | '*' => format!("\\{char}"),
        char => String::from(char),
    };
    text.chars().map(escape).collect()
}

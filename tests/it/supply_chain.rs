//! What the crate depends on: where it comes from, under which licences, and in how many versions.
//! Known vulnerabilities are the matter of `.ci/run`, because their list is not a part of the crate.

use std::{collections::BTreeSet, env, process::Command};

use serde_json::Value;

/// Licences that ask for no more than a notice. The last two are those of data that is passed on
/// unchanged: the roots of Mozilla, and tables of Unicode.
const LICENCES: [&str; 9] = [
    "Apache-2.0",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "MIT",
    "Unlicense",
    "Zlib",
    "CDLA-Permissive-2.0",
    "Unicode-3.0",
];

/// Crates of which the library needs two versions, and why.
const TWO_VERSIONS: [&str; 3] = [
    // tonic needs 0.22.
    "base64",
    // ring needs 0.2.
    "getrandom",
    // Macros of other crates need 2.
    "syn",
];

/// The maximum number of crates that the default features bring, the crate itself excluded.
const MAX_CRATES: usize = 80;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What a command of cargo prints.
fn cargo(arguments: &[&str]) -> String {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(env::var_os("CARGO").unwrap())
        .args(arguments)
        .args(["--offline", "--manifest-path", manifest])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Name and version of each crate that the library is compiled from on Linux, itself excluded.
fn needed(features: &[&str]) -> BTreeSet<String> {
    let tree = [
        "tree",
        "--edges=normal",
        "--target=x86_64-unknown-linux-gnu",
        "--prefix=none",
        "--format={p}",
    ];
    let tree = cargo(&[&tree, features].concat());
    let crates = tree.lines().skip(1);
    let crates = crates.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    crates.filter(|it| !it.is_empty()).collect()
}

/// Whether an expression of SPDX can be met with the accepted licences.
fn is_accepted(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.replace(" WITH LLVM-exception", "");
    is_met(expression.trim())
}

fn is_met(expression: &str) -> bool {
    for (operator, needs_all) in [(" OR ", false), (" AND ", true)] {
        let parts = split(expression, operator);
        if parts.len() > 1 {
            return match needs_all {
                true => parts.into_iter().all(is_met),
                false => parts.into_iter().any(is_met),
            };
        }
    }
    let inside = expression
        .strip_prefix('(')
        .and_then(|it| it.strip_suffix(')'));
    inside.map_or_else(|| LICENCES.contains(&expression.trim()), is_met)
}

/// Splits at an operator that is not in parentheses.
fn split<'a>(expression: &'a str, operator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, char) in expression.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= start && expression[at..].starts_with(operator) => {
                parts.push(expression[start..at].trim());
                start = at + operator.len();
            }
            _ => {}
        }
    }
    parts.push(expression[start..].trim());
    parts
}

#[test]
#[ignore = "needs cargo fetch"]
fn every_dependency_comes_from_crates_io_under_an_accepted_licence() {
    let metadata = cargo(&["metadata", "--format-version=1", "--all-features"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let text = |field: &str| package[field].as_str().unwrap_or_default();
        let name = text("name");
        if name != env!("CARGO_PKG_NAME") {
            assert_eq!(text("source"), CRATES_IO, "{name}");
            assert!(is_accepted(text("license")), "{name}: {}", text("license"));
        }
    }
}

#[test]
#[ignore = "needs cargo fetch"]
fn the_library_needs_one_version_of_each_crate() {
    let crates = needed(&["--all-features"]);
    let mut names: Vec<_> = crates
        .iter()
        .filter_map(|it| it.split(' ').next())
        .collect();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    let twice: Vec<_> = twice.iter().map(|pair| pair[0]).collect();
    assert_eq!(twice, TWO_VERSIONS, "{crates:?}");
    names.dedup();
    assert_eq!(names.len() + TWO_VERSIONS.len(), crates.len());
}

#[test]
#[ignore = "needs cargo fetch"]
fn the_default_features_bring_few_crates() {
    let crates = needed(&[]);
    assert!(crates.len() <= MAX_CRATES, "{}: {crates:?}", crates.len());
}

#[test]
fn expressions_of_licences_are_understood() {
    for accepted in [
        "MIT",
        "MIT OR GPL-3.0",
        "MIT/Unlicense",
        "ISC AND (Apache-2.0 OR GPL-3.0) AND (MIT OR (ISC AND Zlib))",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_accepted(accepted), "{accepted}");
    }
    for refused in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0"] {
        assert!(!is_accepted(refused), "{refused}");
    }
}

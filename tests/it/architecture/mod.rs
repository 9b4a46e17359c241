//! The architecture of `src`, checked on its syntax trees: which module may import which, what
//! stands in one place only, how files look, and which words they use.

mod circles;
mod confined;
mod exceptions;
mod file_lists;
mod files;
mod layers;
mod parsing;
mod paths;
mod resolve;
mod source;
mod types;
mod words;

use std::fmt::Write;

pub(crate) use parsing::{definitions, is_test};
pub(crate) use resolve::{Crate, Target};
pub(crate) use source::{Source, sources};

/// Fails with one line for each offence, and the rule.
#[track_caller]
fn assert_none(offences: &[String], rule: &str) {
    let mut list = String::new();
    for offence in offences {
        writeln!(list, "  {offence}").expect("writing to a String");
    }
    assert!(offences.is_empty(), "{rule}, but:\n{list}");
}

/// Fails if something offends that is no exception, and if an exception offends no longer: the list
/// may only shrink.
#[track_caller]
fn assert_exceptions(found: &[String], exceptions: &[&str], rule: &str) {
    let new: Vec<_> = found
        .iter()
        .filter(|it| !exceptions.contains(&it.as_str()))
        .map(|it| format!("{it} breaks the rule"))
        .collect();
    let gone = exceptions
        .iter()
        .filter(|it| !found.iter().any(|found| found == **it))
        .map(|it| format!("{it} is an exception no longer: remove it from the list"));
    let offences: Vec<_> = new.into_iter().chain(gone).collect();
    assert_none(&offences, rule);
}

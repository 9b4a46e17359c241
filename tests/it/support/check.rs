//! Assertions of general use.

/// Passes when every needle is found, each behind the end of the one before.
#[track_caller]
pub fn contains_in_order(haystack: &str, needles: &[&str]) {
    let mut rest = haystack;
    for (index, needle) in needles.iter().enumerate() {
        let Some(start) = rest.find(needle) else {
            let place = if haystack.contains(needle) {
                "out of order"
            } else {
                "missing"
            };
            panic!("part {index} is {place}: {needle:?}\n--- in ---\n{haystack}\n---");
        };
        rest = &rest[start + needle.len()..];
    }
}

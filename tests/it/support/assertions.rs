//! Assertions about text.

/// Asserts that the text contains all needles in this order, without overlap.
#[track_caller]
pub fn contains_in_order(haystack: &str, needles: &[&str]) {
    let mut remaining = haystack;
    for (index, needle) in needles.iter().enumerate() {
        let Some(start) = remaining.find(needle) else {
            let problem = if haystack.contains(needle) {
                "out of order"
            } else {
                "missing"
            };
            panic!("part {index} is {problem}: {needle:?}\n--- in ---\n{haystack}\n---");
        };
        remaining = &remaining[start + needle.len()..];
    }
}

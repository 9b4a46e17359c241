//! Lists of names in texts.

/// Lists the first four names and counts the others: a certificate can have hundreds.
pub(super) fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let first = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

//! How a label or a key follows from the name of a variant or a type.

/// Returns `Certificate(NotYetValid)` as `certificate_not_yet_valid`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut label = String::new();
    for char in name.chars().filter(|char| *char != ')') {
        match char {
            '(' => label.push('_'),
            char if char.is_ascii_uppercase() => {
                if !label.is_empty() && !label.ends_with('_') {
                    label.push('_');
                }
                label.push(char.to_ascii_lowercase());
            }
            char => label.push(char),
        }
    }
    label
}

//! Whether a key is left out of a file that is written.
//!
//! A key with its default value is not written, so that a file has only what was chosen, and later
//! defaults of the crate apply to it.

/// Whether the value is that of an absent key.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The table, unless all of its keys are absent.
pub(super) fn unless_default<T: Default + PartialEq>(table: T) -> Option<T> {
    (!is_default(&table)).then_some(table)
}

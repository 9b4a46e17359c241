//! Whether a key is left out of a file that is written.

/// Whether the value is that of an absent key.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

//! `given`: a key that is written has a value.
//!
//! A key without a value is null in YAML, and serde takes null for an absent key. A list of pins
//! whose lines are commented out would then demand no pin, and roots would be those of the system.

use serde::{Deserialize, Deserializer, de::Error};

/// Reads the value of an optional key that is present. Null is an error.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    // YAML would also take null for an empty table.
    match Option::deserialize(deserializer)? {
        Some(value) => Ok(Some(value)),
        None => Err(D::Error::custom(
            "the key has no value: set one, or remove the key",
        )),
    }
}

//! A value that is written as text, such as a name, a network or a duration.
//!
//! A duration, a network or a name is a text in every format. It is parsed while the file is read:
//! the error of the format then has the line and the column of the value, which a later check could
//! not know.

use std::{fmt, ops::Deref, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A value that is parsed while the file is read, so that the format can report the line.
///
/// It keeps the text, and is written as it was read. Two texts of one value are equal.
///
/// `Deref` is to the value, so that a duration, which is a wrapper itself, needs three stars.
#[derive(Clone)]
pub(super) struct Text<T> {
    text: String,
    value: T,
}

impl<T: fmt::Display + FromStr + PartialEq> Text<T> {
    /// The text of the value, if the same value is read from it.
    pub(super) fn of(value: &T) -> Option<Self> {
        let text = value.to_string();
        let read = text.parse().ok().filter(|read| read == value)?;
        Some(Self { text, value: read })
    }
}

impl<T> Deref for Text<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Text<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T> fmt::Debug for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(value) => Ok(Self { text, value }),
            Err(error) => Err(de::Error::custom(error)),
        }
    }
}

impl<T> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

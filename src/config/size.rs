//! `Size`: a number of bytes, or a text with a unit.

use std::fmt;

use bytesize::ByteSize;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};

use super::ConfigError;

/// A number of bytes: `65536`, or `"64 KiB"`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Size(ByteSize);

impl Size {
    pub(super) fn bytes(self) -> u64 {
        self.0.as_u64()
    }

    /// The number of bytes, if the call's type can hold it.
    pub(super) fn fitting<T: TryFrom<u64>>(self, key: &'static str) -> Result<T, ConfigError> {
        let too_large = |_| ConfigError::invalid(key, "the size is too large");
        T::try_from(self.bytes()).map_err(too_large)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as \"64 KiB\", or a number of bytes")
    }

    fn visit_u64<E: Error>(self, bytes: u64) -> Result<Size, E> {
        Ok(Size(ByteSize(bytes)))
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
        let negative = |_| E::invalid_value(Unexpected::Signed(bytes), &self);
        u64::try_from(bytes)
            .map_err(negative)
            .and_then(|it| self.visit_u64(it))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        let invalid = |_| E::invalid_value(Unexpected::Str(text), &self);
        text.parse().map(Size).map_err(invalid)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

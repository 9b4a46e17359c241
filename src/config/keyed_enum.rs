//! An enum that is written as a name, or as a table with one key.
//!
//! serde's own form of an enum is not the same in all formats: JSON and TOML have `{ to = "a" }`,
//! and YAML has `!to a`. This type asks the format for whatever is there, and accepts the three
//! forms.

use std::{fmt, marker::PhantomData, ops::Deref};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        EnumAccess, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor,
        value::{EnumAccessDeserializer, MapAccessDeserializer},
    },
};

/// An enum that each format reads in the same form, such as `"preserve"` or `{ to = "a.example" }`.
///
/// YAML would want a tag in place of the table: `!to a.example`. It is read, too.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct KeyedEnum<T>(T);

impl<T> From<T> for KeyedEnum<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for KeyedEnum<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for KeyedEnum<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(VariantVisitor(PhantomData))?;
        Ok(Self(value))
    }
}

/// It gets a text, a table or a tag.
struct VariantVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for VariantVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name, or a table with one key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<T, E> {
        T::deserialize(name.into_deserializer())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<T, A::Error> {
        let value = T::deserialize(MapAccessDeserializer::new(&mut table))?;
        match table.next_key::<IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(A::Error::custom("expected one key, and there are more")),
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<T, A::Error> {
        T::deserialize(EnumAccessDeserializer::new(tagged))
    }
}

//! A value that is written as text, such as a name, a network or a duration.
//!
//! A duration, a network or a name is a text in every format. It is parsed while the file is read:
//! the error of the format then has the line and the column of the value, which a later check could
//! not know.

use std::{fmt, marker::PhantomData, net::IpAddr, ops::Deref, str::FromStr};

use http::Method;
use ipnet::IpNet;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

use crate::{
    name::{DialTarget, DnsName, ExpectedName, HostAuthority, Sni},
    origin::OriginUrl,
    proxy::Pseudonym,
    response_rewrite::PathPrefix,
    tls::{CertificatePin, SpkiPin},
};

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

/// A type of values that are written as text.
pub(super) trait Textual: FromStr<Err: fmt::Display> {
    /// What a file has for such a value, with an example. The error for a number names it.
    const EXPECTED: &str;
}

macro_rules! textual {
    ($($type:ty: $expected:literal,)*) => {
        $(impl Textual for $type {
            const EXPECTED: &str = $expected;
        })*
    };
}

textual! {
    CertificatePin: "a pin such as \"01:23:..\"",
    DialTarget: "what to dial, such as \"www.example.com:443\"",
    DnsName: "a name such as \"www.example.com\"",
    ExpectedName: "a name such as \"www.example.com\"",
    HostAuthority: "a Host such as \"www.example.com\"",
    humantime::Duration: "a duration such as \"30s\"",
    IpAddr: "an address such as \"192.0.2.1\"",
    IpNet: "a network such as \"192.0.2.0/24\"",
    Method: "a method such as \"GET\"",
    OriginUrl: "a URL such as \"https://www.example.com\"",
    PathPrefix: "a path such as \"/shop\"",
    Pseudonym: "a name such as \"edge-7.example\"",
    Sni: "a name such as \"www.example.com\"",
    SpkiPin: "a pin such as \"sha256/..\"",
}

impl<'de, T: Textual> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Textual> Visitor<'_> for TextVisitor<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<T>, E> {
        let value = text.parse().map_err(E::custom)?;
        let text = text.to_owned();
        Ok(Text { text, value })
    }
}

impl<T> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

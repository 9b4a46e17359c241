//! What can be wrong with a name.

use std::fmt;

use thiserror::Error;

use crate::invalid_value::InvalidValue;

/// What is wrong with a name. Positions count bytes from 0.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum NameProblem {
    /// A character that is not allowed in this name.
    #[error("the character {found:?} at byte {at} is not allowed")]
    Character {
        /// The character.
        found: char,
        /// Its offset in bytes.
        at: usize,
    },
    /// The text is empty.
    #[error("it is empty")]
    Empty,
    /// Two dots in a row, or a dot at the start.
    #[error("the label at byte {at} is empty")]
    EmptyLabel {
        /// Where the label should start.
        at: usize,
    },
    /// A label starts or ends with a hyphen.
    #[error("the label at byte {at} starts or ends with a hyphen")]
    HyphenAtLabelEdge {
        /// Where the label starts.
        at: usize,
    },
    /// The name is not a valid international domain name (UTS 46).
    #[error("it is not a valid international domain name")]
    International,
    /// An IP address in place of a DNS name.
    #[error("an IP address is not a DNS name")]
    IpAddress,
    /// A bracketed host that is not an IPv6 address, or an IPv6 address without brackets where they
    /// are needed.
    #[error("an IPv6 address in brackets was expected")]
    Ipv6,
    /// A label is longer than 63 bytes.
    #[error("the label at byte {at} is longer than 63 bytes")]
    LabelTooLong {
        /// Where the label starts.
        at: usize,
    },
    /// A character outside of ASCII, without the cargo feature `idna`.
    ///
    /// Write the name in punycode, or enable the feature, which converts names in Unicode.
    #[error(
        "the character {found:?} at byte {at} is not ASCII: write the name in punycode \
         (\"xn--...\"), or enable the cargo feature \"idna\""
    )]
    #[cfg(not(feature = "idna"))]
    NotAscii {
        /// The character.
        found: char,
        /// Its offset in bytes.
        at: usize,
    },
    /// A URL without a host.
    #[error("it has no host: an origin is a scheme and a host, such as https://www.example.com")]
    NoHost,
    /// The last label is a number. Some resolvers would read the name as an IPv4 address.
    #[error("a name that ends in a number is neither a DNS name nor a whole IPv4 address")]
    NumericEnd,
    /// An origin's URL has a path, a query or a fragment.
    #[error(
        "an origin is a scheme, a host and a port: remove everything from the {found:?} at byte \
         {at}. A proxy adds a prefix to paths, and removes it from redirects and cookies, with \
         OriginProxy::map_path(..)"
    )]
    PathOrQuery {
        /// `/`, `?` or `#`.
        found: char,
        /// Its offset in bytes.
        at: usize,
    },
    /// The port is not a number from 1 to 65535.
    #[error("the port at byte {at} is not a number from 1 to 65535")]
    Port {
        /// Where the port starts.
        at: usize,
    },
    /// A port after a name that cannot have one.
    #[error("it has no port: leave out \":{digits}\"")]
    PortHasNoPlace {
        /// The port.
        digits: String,
    },
    /// The scheme is missing or is neither `http` nor `https`.
    #[error("it must start with \"https://\" or \"http://\"")]
    Scheme,
    /// The path of a Unix socket is not absolute, ends in `/`, is too long or contains a zero byte.
    #[error("a Unix socket is \"unix:\" and an absolute path of 1 to 103 bytes")]
    SocketPath,
    /// The name is longer than 253 bytes.
    #[error("it is longer than 253 bytes")]
    TooLong,
    /// A URL in place of a name.
    #[error("it is a URL: leave out the scheme and what follows the host")]
    Url,
    /// A user name or password before the host.
    #[error("a user name or password has no place here")]
    UserInfo,
}

impl NameProblem {
    /// The error of `text`, which was parsed as `name`.
    pub(crate) fn of(self, name: &'static str, text: &str) -> InvalidValue {
        // Text before an `@` can be a password, and a query can contain a token.
        let shown = match text.contains(['@', '?']) {
            true => "",
            false => text,
        };
        InvalidValue::new(format_args!("{name}{}: {self}", Quoted(shown)))
    }
}

/// The most characters of a text that are shown: more than a URL of an origin has.
const MAX_SHOWN: usize = 300;

/// Displays ` "text"`, or nothing if there is no text.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        // A client may have chosen the text.
        match self.0.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => write!(f, " {:?}", format!("{}..", &self.0[..end])),
            None => write!(f, " {:?}", self.0),
        }
    }
}

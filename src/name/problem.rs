//! What can be wrong with a name, and where.

use std::convert::Infallible;

use thiserror::Error;

/// A name that could not be parsed: which name it was meant to be, the text, and the
/// [`NameProblem`].
///
/// The text is left out of the message where it could hold a password.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{meant}{}: {problem}", Quoted(.text))]
pub struct NameError {
    meant: &'static str,
    text: String,
    problem: NameProblem,
}

impl NameError {
    pub(crate) fn new(meant: &'static str, text: &str, problem: NameProblem) -> Self {
        // What stands before an `@` can be a password, and what follows a `?` a token.
        let secret = text.contains(['@', '?']);
        Self {
            meant,
            text: if secret {
                String::new()
            } else {
                text.to_owned()
            },
            problem,
        }
    }

    /// What was wrong, and where.
    #[must_use]
    pub fn problem(&self) -> &NameProblem {
        &self.problem
    }
}

impl From<Infallible> for NameError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What is wrong with a name. Positions count bytes from 0.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum NameProblem {
    /// A character that this name cannot hold.
    #[error("the character {found:?} at byte {at} is not allowed")]
    Character {
        /// The character.
        found: char,
        /// Its offset in bytes.
        at: usize,
    },
    /// Nothing was given.
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
    /// An address was given where only a DNS name can stand.
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
    /// The last label is a number, so the name would be read as an IPv4 address by some and not by
    /// others.
    #[error("a name that ends in a number is neither a DNS name nor a whole IPv4 address")]
    NumericEnd,
    /// Something follows the host and port of an origin's URL.
    #[error(
        "an origin is a scheme, a host and a port: remove everything from the {found:?} at byte {at}"
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
    /// A port was given with a name that has none.
    #[error("it has no port: leave out what follows byte {at}")]
    PortHasNoPlace {
        /// Where the colon stands.
        at: usize,
    },
    /// The scheme is missing or is neither `http` nor `https`.
    #[error("it must start with \"https://\" or \"http://\"")]
    Scheme,
    /// The path of a Unix socket that is not absolute, names a directory, is too long or holds a
    /// zero byte.
    #[error("a Unix socket is \"unix:\" and an absolute path of 1 to 103 bytes")]
    SocketPath,
    /// The name is longer than 253 bytes.
    #[error("it is longer than 253 bytes")]
    TooLong,
    /// A URL was given where only a name can stand.
    #[error("it is a URL: leave out the scheme and what follows the host")]
    Url,
    /// A user name or password stands before the host.
    #[error("a user name or password has no place here")]
    UserInfo,
}

/// ` "text"`, or nothing where there is no text to show.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " {:?}", self.0)
    }
}

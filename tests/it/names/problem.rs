//! The messages of each problem that a name can have.

use cdn_origin::error::InvalidValue;

/// What follows the name and the quoted text in the message of an error.
pub(super) fn problem_of(error: &InvalidValue) -> String {
    let message = error.to_string();
    // `SNI: it is empty`, or `SNI "a b": ...`.
    let separator = match message.find(['"', ':']).map(|at| message.as_bytes()[at]) {
        Some(b'"') => "\": ",
        _ => ": ",
    };
    let (_, problem) = message.split_once(separator).unwrap();
    problem.to_owned()
}

/// The expected messages, apart from those of the crate.
#[derive(Debug, thiserror::Error)]
pub(super) enum NameProblem {
    #[error("the character {found:?} at byte {at} is not allowed")]
    Character { found: char, at: usize },
    #[error("it is empty")]
    Empty,
    #[error("the label at byte {at} is empty")]
    EmptyLabel { at: usize },
    #[error("the label at byte {at} starts or ends with a hyphen")]
    HyphenAtLabelEdge { at: usize },
    #[error("it is not a valid international domain name")]
    International,
    #[error("an IP address is not a DNS name")]
    IpAddress,
    #[error("an IPv6 address in brackets was expected")]
    Ipv6,
    #[error("the label at byte {at} is longer than 63 bytes")]
    LabelTooLong { at: usize },
    #[error(
        "the character {found:?} at byte {at} is not ASCII: write the name in punycode \
         (\"xn--...\"), or enable the cargo feature \"idna\""
    )]
    NotAscii { found: char, at: usize },
    #[error("it has no host: an origin is a scheme and a host, such as https://www.example.com")]
    NoHost,
    #[error("a name that ends in a number is neither a DNS name nor a whole IPv4 address")]
    NumericEnd,
    #[error(
        "an origin is a scheme, a host and a port: remove everything from the {found:?} at byte \
         {at}. A proxy adds a prefix to paths, and removes it from redirects and cookies, with \
         OriginProxy::map_path(..)"
    )]
    PathOrQuery { found: char, at: usize },
    #[error("the port at byte {at} is not a number from 1 to 65535")]
    Port { at: usize },
    #[error("it has no port: leave out \":{digits}\"")]
    PortHasNoPlace { digits: &'static str },
    #[error("it must start with \"https://\" or \"http://\"")]
    Scheme,
    #[error("a Unix socket is \"unix:\" and an absolute path of 1 to 103 bytes")]
    SocketPath,
    #[error("it is longer than 253 bytes")]
    TooLong,
    #[error("a user name or password has no place here")]
    UserInfo,
}

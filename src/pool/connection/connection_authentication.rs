//! Requests that authenticate their connection: NTLM, and Kerberos as Windows uses it (RFC 4559).

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

/// The schemes by which a server may take all later requests of a connection for those of one user.
const SCHEMES: [&str; 2] = ["negotiate", "ntlm"];

/// Whether a server may take later requests on the connection for those of this one's user.
///
/// A proxy "must take care to not share authenticated connections between different authenticated
/// clients to the same server" (RFC 4559 section 6).
pub(super) fn authenticates_connection(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    lines.any(is_of_connection)
}

fn is_of_connection(credentials: &HeaderValue) -> bool {
    let credentials = credentials.as_bytes().split(u8::is_ascii_whitespace);
    let scheme = credentials.into_iter().next().unwrap_or_default();
    let mut schemes = SCHEMES.iter();
    schemes.any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()))
}

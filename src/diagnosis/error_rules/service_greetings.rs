//! Services other than web servers, by the first bytes that they send.
//!
//! Services that speak first greet with a fixed text, by their protocol's specification. Those that
//! wait for the client, such as PostgreSQL or Redis, do not show up here: they close or stay silent
//! on a ClientHello.
//!
//! | begins with | service |
//! |---|---|
//! | `SSH-` | SSH (RFC 4253 section 4.2) |
//! | `* OK`, `* PREAUTH`, `* BYE` | IMAP (RFC 3501 section 7.1) |
//! | `+OK ` | POP3 (RFC 1939 section 4) |
//! | `RFB 00` | VNC (RFC 6143 section 7.1.1) |
//! | `220 `, `220-` | SMTP or FTP, by a word in the line |
//! | `AMQP` and a version | AMQP |
//! | a MySQL packet | MySQL or MariaDB |

/// The service that begins like this; `None` if the bytes are of none that is known.
///
/// At most 64 bytes are known, which is enough for all of them.
pub(super) fn service(bytes: &[u8]) -> Option<&'static str> {
    let begins = |start: &[u8]| bytes.starts_with(start);
    Some(match bytes {
        // RFC 4253 section 4.2, RFC 3501 section 7.1, RFC 1939 section 4, RFC 6143 section 7.1.1.
        _ if begins(b"SSH-") => "an SSH server",
        _ if begins(b"* OK") || begins(b"* PREAUTH") || begins(b"* BYE") => "an IMAP server",
        _ if begins(b"+OK ") => "a POP3 server",
        _ if begins(b"RFB 00") => "a VNC server",
        _ if begins(b"220 ") || begins(b"220-") => of_code_220(bytes),
        _ if begins(b"AMQP\0") || begins(b"AMQP\x01") => "an AMQP broker",
        // The first packet: its length, number 0, version 10 of the protocol, and the server's
        // version in digits; or an error from 1000 on.
        [_, _, 0, 0, 10, b'0'..=b'9', ..] | [_, _, 0, 0, 0xff, _, 3..=8, ..] => {
            "a MySQL or MariaDB server"
        }
        _ => return None,
    })
}

/// A greeting of SMTP (RFC 5321 section 4.2) or FTP (RFC 959 section 5.4), which share a code.
///
/// A greeting that has both words, or neither, is not decided.
fn of_code_220(bytes: &[u8]) -> &'static str {
    let has = |word: &[u8]| {
        let mut windows = bytes.windows(word.len());
        windows.any(|window| window.eq_ignore_ascii_case(word))
    };
    match (has(b"SMTP"), has(b"FTP")) {
        (true, false) => "an SMTP server",
        (false, true) => "an FTP server",
        _ => "an SMTP or FTP server",
    }
}

/// The text of a service that has named itself.
///
/// Call it only if [`service`] recognises the bytes.
pub(super) fn is_no_web_server(bytes: &[u8]) -> String {
    let service = service(bytes).unwrap_or("another service");
    format!("the service on this port is {service}, and not a web server")
}

/// Whether these begin a SETTINGS frame on stream 0 (RFC 9113 sections 3.4 and 4.1).
///
/// The length, the flags and the rest of the frame are not looked at: a greeting that begins so is
/// no other known protocol.
pub(super) fn is_http2_settings(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, _, 4, 0, 0, 0, 0, 0, ..])
}

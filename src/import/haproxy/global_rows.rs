//! The lines of `global` that concern servers. Others concern the process of HAProxy.
//!
//! They are in effect on each `server` line that does not say otherwise.
//!
//! ```text
//! ssl-server-verify none        danger::accept_any_certificate(), with a warning
//! ca-base /etc/haproxy/ca       the folder of `ca-file` and `crl-file`
//! crt-base /etc/haproxy/crt     the folder of `crt`
//! ```
//!
//! The words of `ssl-default-server-options` are those of a `server` line.

use crate::import::{directive_row::DirectiveRow, note::Outcome};

use super::{
    backend::ServerLine,
    parse::ConfigLine,
    server_tls_rows::{CIPHERS, CLIENT_SIGALGS, PARAMETERS, verification},
};

/// A row about a line of `global`.
pub(super) type GlobalRow = DirectiveRow<MapGlobal>;

/// Maps a line. The last argument is the text of its row.
pub(super) type MapGlobal = fn(&mut ServerLine, &ConfigLine, &'static str) -> Outcome;

pub(super) const ROWS: [GlobalRow; 9] = [
    GlobalRow::maps(
        "ssl-server-verify",
        |server, line, text| verification(server, line.word(1), text),
        "certificates are verified by default",
    ),
    GlobalRow::maps("ca-base", ca_base, "the folder of `ca-file` and `crl-file`"),
    GlobalRow::maps("crt-base", crt_base, "the folder of `crt`"),
    GlobalRow::by_hand(
        "default-path",
        "relative paths are read from the working directory: write absolute ones",
    ),
    GlobalRow::by_hand("ssl-default-server-ciphers", CIPHERS),
    GlobalRow::by_hand("ssl-default-server-ciphersuites", CIPHERS),
    GlobalRow::by_hand("ssl-default-server-curves", PARAMETERS),
    GlobalRow::by_hand("ssl-default-server-sigalgs", PARAMETERS),
    GlobalRow::refused("ssl-default-server-client-sigalgs", CLIENT_SIGALGS),
];

fn ca_base(server: &mut ServerLine, line: &ConfigLine, text: &'static str) -> Outcome {
    line.word(1).clone_into(&mut server.ca_base);
    Outcome::mapped(text)
}

fn crt_base(server: &mut ServerLine, line: &ConfigLine, text: &'static str) -> Outcome {
    line.word(1).clone_into(&mut server.crt_base);
    Outcome::mapped(text)
}

//! The rows of a block that proxies.

use super::{connection_rows, location::NginxRow, message_rows, pass_rows, tls_rows};

/// The rows in which its directives are looked up, in the order in which they are applied.
pub(super) fn location_rows() -> impl Iterator<Item = &'static NginxRow> {
    pass_rows::ROWS
        .iter()
        .chain(&tls_rows::ROWS)
        .chain(&connection_rows::ROWS)
        .chain(&message_rows::ROWS)
}

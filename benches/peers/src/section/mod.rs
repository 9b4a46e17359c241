//! The sections of the report.

pub(crate) mod cache;
pub(crate) mod connect;
pub(crate) mod cpu;
pub(crate) mod idle;
pub(crate) mod instructions;
pub(crate) mod memory;
mod table;
pub(crate) mod throughput;

use std::process::Command;

/// The command without another program in front of it.
fn as_is(command: &Command) -> Command {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args());
    copy
}

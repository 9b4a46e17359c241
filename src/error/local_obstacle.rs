//! `LocalObstacle`: what on this machine keeps a connection from being opened.

use std::io;

use super::{Error, ErrorKind, Stage, source_chain};

/// The codes of "too many open files", of the process and of the system.
const DESCRIPTORS: &[i32] = match cfg!(windows) {
    true => &[10024],
    false => &[23, 24],
};

/// The code of "no buffer space".
const BUFFERS: i32 = match (cfg!(windows), cfg!(target_os = "linux")) {
    (true, _) => 10055,
    (false, true) => 105,
    (false, false) => 55,
};

/// The code of an address family that the system does not support.
const FAMILY: i32 = match (cfg!(windows), cfg!(target_os = "linux")) {
    (true, _) => 10047,
    (false, true) => 97,
    (false, false) => 47,
};

/// What on this machine keeps a connection from being opened. It says nothing of the origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LocalObstacle {
    /// No local port is free, or the configured local address is none of this machine.
    Address,
    /// No file descriptor is left.
    Descriptors,
    /// The address family is switched off.
    Family,
    /// No memory is left for a socket.
    Memory,
    /// The system does not permit the connection.
    Permission,
}

impl LocalObstacle {
    /// The obstacle, by the error of the system; `None` for an error of another kind.
    pub(crate) fn of(error: &Error) -> Option<Self> {
        let may_be_local = matches!(error.kind(), ErrorKind::Io | ErrorKind::ResolveFailed);
        if !may_be_local || error.stage() > Stage::Dial {
            return None;
        }
        let error = source_chain::find::<io::Error>(error)?;
        match (error.raw_os_error(), error.kind()) {
            (Some(code), _) if DESCRIPTORS.contains(&code) => Some(Self::Descriptors),
            (Some(BUFFERS), _) | (_, io::ErrorKind::OutOfMemory) => Some(Self::Memory),
            (Some(FAMILY), _) => Some(Self::Family),
            (_, io::ErrorKind::AddrNotAvailable) => Some(Self::Address),
            (_, io::ErrorKind::PermissionDenied) => Some(Self::Permission),
            _ => None,
        }
    }

    /// Whether every connection fails by it, whatever its origin.
    pub(crate) fn is_exhaustion(self) -> bool {
        matches!(self, Self::Descriptors | Self::Memory)
    }
}

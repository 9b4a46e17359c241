//! What is measured of a process.

pub(crate) mod callgrind;
pub(crate) mod process;
pub(crate) mod rounds;

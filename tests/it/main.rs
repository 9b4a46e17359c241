//! The one test binary: every file is a behaviour.

mod accounts;
mod edge;
mod failing;
mod peers;
mod sni;
mod support;
mod talk;
mod transports;
mod verify;
mod versions;

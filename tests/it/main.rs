//! The one test binary: every file is a behaviour.

mod accounts;
mod edge;
mod support;

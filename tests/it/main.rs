//! The one test binary: every file is a behaviour.

mod edge;
mod support;

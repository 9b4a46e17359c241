//! What holds for any input. Each module is a fuzz target: `run` fails if its input breaks a rule.
//!
//! cargo-fuzz runs them with inputs of its own (`fuzz/`), and the tests with the committed corpora.
//! They use the public API only: a connector over an in-memory transport reaches every parser.

#![allow(
    unreachable_pub,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a broken rule is a panic"
)]

pub mod against_hyper;
pub mod certificates;
pub mod chunked_body;
pub mod diagnosis;
pub mod exchange;
pub mod forwarded;
pub mod framing;
#[cfg(all(feature = "hickory", feature = "ech"))]
pub mod https_records;
#[cfg(feature = "import")]
pub mod import;
pub mod names;
pub mod proxy_header;
pub mod response_head;
pub mod response_rewrite;

mod in_memory;
mod input;
mod response;
mod text;

pub use text::is_dangerous;

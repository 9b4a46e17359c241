//! Where connections may lead to.

mod rules;
mod special;

pub use rules::EgressGuard;

pub(crate) use rules::{Prohibited, Verdict};

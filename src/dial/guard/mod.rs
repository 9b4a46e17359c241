//! The egress guard: which addresses may be dialled.

mod rules;
mod special;

pub use rules::EgressGuard;

pub(crate) use rules::{GuardDecision, Prohibited};

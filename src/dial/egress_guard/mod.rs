//! The egress guard: which addresses may be dialled.

mod allow_deny;
mod special_addresses;

pub use allow_deny::EgressGuard;

pub(crate) use allow_deny::{GuardDecision, Prohibited};

//! The egress guard: which addresses may be dialled.
//!
//! `check_address` decides by the rules, `special_addresses` knows which addresses are private.

mod check_address;
mod special_addresses;

pub use check_address::EgressGuard;

#[cfg(feature = "serde")]
pub(crate) use check_address::DefaultRule;
pub(crate) use check_address::{GuardDecision, Prohibited};

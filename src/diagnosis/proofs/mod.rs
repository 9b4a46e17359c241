//! What a certain cause needs: one of the proofs listed here. Tests hold random evidence against
//! them.
//!
//! | file | holds |
//! |---|---|
//! | `proof` | [`Proof`](proof::Proof), and the check of many diagnoses |
//! | `random` | repeatable random choices |
//! | `errors`, `random_errors` | the proofs of errors' causes, and random errors |
//! | `responses`, `random_responses` | the proofs of responses' causes, and random responses |

mod errors;
mod proof;
mod random;
mod random_errors;
mod random_responses;
mod responses;

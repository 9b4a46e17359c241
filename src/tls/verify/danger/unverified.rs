//! The proof that a policy was weakened on purpose.

/// Proves that a policy came from [`danger`](super): only that module can make a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unverified(());

impl Unverified {
    /// Creates the proof. Private to [`danger`](super), whose function names state the risk.
    pub(super) fn proof() -> Self {
        Self(())
    }
}

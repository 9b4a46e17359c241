//! The proof that a policy was weakened on purpose.

/// Proves that a policy came from [`danger`](super): only that module can make a value.
#[derive(Clone, Copy, Debug)]
pub(in crate::tls) struct Unverified(());

impl Unverified {
    /// Makes the proof. Private to [`danger`](super), whose functions spell out the risk.
    pub(super) fn proof() -> Self {
        Self(())
    }
}

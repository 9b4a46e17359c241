//! What the verification of a certificate showed.

/// What the verification of a certificate showed, besides its result.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ChainFindings {
    /// Whether the chain leads to a trusted root. The names and the dates in it are then true.
    pub(crate) is_trusted: bool,
    /// Whether a certificate without a trusted root is signed with its own key.
    pub(crate) is_self_signed: bool,
    /// Whether a refused certificate has one of the names that the policy lists in place of the
    /// expected name.
    pub(crate) has_listed_name: bool,
    /// Where the leaf matches no pin: the place in the presented chain of an issuer that does.
    pub(crate) pinned_issuer: Option<usize>,
    /// The rule that a refused certificate breaks: what completes "the certificate".
    pub(crate) broken_rule: Option<&'static str>,
}

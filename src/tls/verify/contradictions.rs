//! Settings of a policy that exclude each other.

use crate::error::{BuildProblem, BuildProblemKind};

use super::{
    Crls, SanMatcher, VerifyPolicy,
    verify_policy::{NameCheck, TrustAnchor},
};

/// The settings of this policy that cannot be combined.
pub(super) fn contradictions(policy: &VerifyPolicy) -> Vec<BuildProblem> {
    let mut found = Vec::new();
    let mut add = |kind, why: &str| found.push(BuildProblem::new("verify", kind, why));
    if let NameCheck::AnyOf(names) = &policy.names {
        if names.is_empty() {
            let why = "expecting_any(..) lists no name, so every certificate would be refused";
            add(BuildProblemKind::Empty, why);
        }
        for problem in names.iter().filter_map(SanMatcher::problem) {
            add(BuildProblemKind::InvalidName, &problem.0);
        }
    }
    let by_roots = matches!(policy.trust, TrustAnchor::Roots(_));
    if policy.crls.is_some() && !by_roots {
        let why = "crls(..) needs a policy with roots: only a chain can be checked against lists";
        add(BuildProblemKind::Contradiction, why);
    }
    if policy.grace.is_some() && !by_roots {
        let why = "accept_expired(..) needs a policy with roots: no other one looks at dates";
        add(BuildProblemKind::Contradiction, why);
    }
    if policy.grace.is_some() && policy.crls.as_ref().is_some_and(Crls::enforces_expiry) {
        let why = "accept_expired(..) would accept expired revocation lists too; if that is meant, \
                   call Crls::ignore_expiry()";
        add(BuildProblemKind::Contradiction, why);
    }
    #[cfg(feature = "platform-verifier")]
    if matches!(policy.trust, TrustAnchor::Platform) && !matches!(policy.names, NameCheck::Expected)
    {
        let why = "the platform's verifier always checks the expected name; other names need roots";
        add(BuildProblemKind::Contradiction, why);
    }
    found
}

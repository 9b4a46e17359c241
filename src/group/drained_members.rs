//! What a change of members leads to: a drain, or a problem.

use futures_util::future::join_all;

use crate::{
    OriginProxy,
    error::{BuildProblem, BuildProblemKind},
};

/// Drains the proxies of members that were removed.
pub(super) fn drained(proxies: &[OriginProxy]) -> impl Future<Output = ()> + Send + use<> {
    let all = join_all(proxies.iter().map(OriginProxy::drain));
    async move { drop(all.await) }
}

/// The problem of two members with one name.
pub(super) fn not_unique(setter: &'static str, name: &str) -> BuildProblem {
    let why = format!("two members have the name {name:?}: `Member::name` sets another");
    BuildProblem::new(setter, BuildProblemKind::Contradiction, why)
}

//! What a change of members leads to: a drain, or a problem.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::error::{BuildProblem, BuildProblemKind};

use super::group_member::GroupMember;

/// Drains members that were removed.
pub(super) fn drained(members: &[Arc<GroupMember>]) -> impl Future<Output = ()> + Send + use<> {
    let all = join_all(members.iter().map(|member| member.proxy().drain()));
    async move { drop(all.await) }
}

/// The problem of two members with one name.
pub(super) fn not_unique(setter: &'static str, name: &str) -> BuildProblem {
    let why = format!("two members have the name {name:?}: `Member::name` sets another");
    BuildProblem::new(setter, BuildProblemKind::Contradiction, why)
}

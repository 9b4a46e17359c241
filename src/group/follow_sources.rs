//! Applies the updates of a group's sources to its tiers.

use std::{pin::pin, sync::Weak};

use futures_util::{
    StreamExt,
    future::{Either, select},
    stream::{pending, select_all},
};

use super::{
    Member, drained_members::drained, member_source::FollowedSources, shared_group::SharedGroup,
};

/// Applies the updates of all sources, until the group is dropped.
pub(super) async fn follow_sources(group: &Weak<SharedGroup>) {
    let Some((sources, mut tiers)) = group.upgrade().map(|group| {
        let sources = group.task().sources.clone();
        (sources, group.subscribe())
    }) else {
        return;
    };
    let mut sources = sources.lock().await;
    let FollowedSources { sources, waiting } = &mut *sources;
    let updates = sources.iter_mut().map(|(tier, source)| {
        let tier = *tier;
        source.updates().map(move |it| (tier, it)).boxed()
    });
    // A member may have to wait for longer than its source is there.
    let mut updates = select_all(updates).chain(pending());
    loop {
        let Some(shared) = group.upgrade() else {
            return;
        };
        add_waiting(&shared, waiting);
        drop(shared);
        let changed = pin!(tiers.changed());
        let update = match select(updates.next(), changed).await {
            Either::Left((Some(update), _)) => update,
            Either::Right((Ok(()), _)) => continue,
            Either::Left((None, _)) | Either::Right((Err(_), _)) => return,
        };
        let Some(shared) = group.upgrade() else {
            return;
        };
        apply(&shared, waiting, update);
    }
}

/// Replaces the members of a tier.
fn apply(
    group: &SharedGroup,
    waiting: &mut Vec<(usize, Member)>,
    (tier, members): (usize, Vec<Member>),
) {
    waiting.retain(|(of_tier, _)| *of_tier != tier);
    let (removed, of_other_tiers) = group.replace(tier, members);
    // The drain goes on by itself.
    drop(drained(&removed));
    waiting.extend(of_other_tiers.into_iter().map(|member| (tier, member)));
}

/// Adds the members whose names no tier has any longer.
fn add_waiting(group: &SharedGroup, waiting: &mut Vec<(usize, Member)>) {
    let is_free = |(_, member): &mut (usize, Member)| !group.has(&member.name);
    for (tier, member) in waiting.extract_if(.., is_free) {
        drop(drained(&group.put(tier, member)));
    }
}

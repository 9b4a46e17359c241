//! What a reload of a configuration reads of a group, and changes in it.

use crate::{connector::CdnOriginConnector, error::BuildError, proxy::connector_of};

use super::{Member, OriginGroup, drained_members::drained};

/// The connectors, each with the tier and the name of its member.
pub(crate) fn connectors_of(group: &OriginGroup) -> Vec<(usize, String, CdnOriginConnector)> {
    group.0.with_tiers(|tiers| {
        let of_tier = |at| tiers.tier(at).iter().map(move |member| (at, member));
        let members = (0..tiers.count()).flat_map(of_tier);
        members
            .map(|(at, it)| (at, it.name().to_owned(), connector_of(it.proxy()).clone()))
            .collect()
    })
}

/// Puts a member into a group.
///
/// If one with its name and its address is out, it begins with trials, and gets no request before
/// its first check.
pub(crate) fn put_in_place(
    group: &OriginGroup,
    tier: usize,
    member: Member,
) -> Result<(), BuildError> {
    group.check_tier("OriginGroup::put", tier)?;
    drop(drained(&group.0.put_in_place(tier, member)));
    Ok(())
}

/// Members of a group begin in the same way if those of the former group are out.
pub(crate) fn take_over(group: &OriginGroup, former: &OriginGroup) {
    group.0.take_over(&former.0);
}

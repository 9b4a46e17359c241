//! Tiers: how many members may be ejected, and when the next tier gets requests.

use cdn_origin::{
    group::{Ejection, Failover, Member, MemberState, OriginGroup},
    pool::PoolSettings,
};
use http::StatusCode;

use super::{GATE, Site, get};

fn ejected(group: &OriginGroup) -> usize {
    let members = group.snapshot().into_iter();
    members
        .filter(|it| it.state == MemberState::Ejected)
        .count()
}

/// The last member of a tier gets what fits into its pool.
#[tokio::test]
async fn the_backup_gets_what_does_not_fit_into_the_only_member_that_is_left() {
    let [failing, left, backup] = ["failing", "left", "backup"].map(Site::new);
    failing.answer_with(StatusCode::BAD_GATEWAY);
    let small = PoolSettings::default().max_connections(1).max_queued(0);
    let left_member = left.member().proxy(move |proxy| proxy.pool(small.clone()));
    let group = OriginGroup::builder()
        .tier([failing.member(), left_member])
        .tier([backup.member()])
        .ejection(Ejection::default().failures(1))
        .build()
        .unwrap();
    while ejected(&group) == 0 {
        get(&group).await;
    }
    assert_eq!(get(&group).await, "left");

    let held = left.0.gate.acquire_many(GATE as u32).await.unwrap();
    let before = left.requests();
    let first = tokio::spawn({
        let group = group.clone();
        async move { get(&group).await }
    });
    while left.requests() == before {
        tokio::task::yield_now().await;
    }
    for _ in 0..3 {
        assert_eq!(get(&group).await, "backup");
    }
    drop(held);
    assert_eq!(first.await.unwrap(), "left");
    assert_eq!(ejected(&group), 1);
}

/// They get no requests, so they carry no load of those that are ejected.
#[tokio::test]
async fn members_of_weight_zero_do_not_count_when_members_are_ejected() {
    let sites = ["a", "b", "c", "d"].map(Site::new);
    for site in &sites {
        site.answer_with(StatusCode::BAD_GATEWAY);
    }
    let [a, b, c, d] = sites.each_ref().map(Site::member);
    let drained = [c.weight(0), d.weight(0)];
    let tiers: [Vec<Vec<Member>>; 2] = [
        vec![[&[a.clone(), b.clone()], &drained[..]].concat()],
        vec![vec![a, b], drained.to_vec()],
    ];
    for tiers in tiers {
        let builder = OriginGroup::builder()
            .ejection(Ejection::default().failures(1).max_share(50))
            .failover(Failover::default().max_attempts(10));
        let group = tiers.into_iter().fold(builder, |it, tier| it.tier(tier));
        let group = group.build().unwrap();
        for _ in 0..10 {
            get(&group).await;
        }
        assert_eq!(ejected(&group), 1);
    }
}

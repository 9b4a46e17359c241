//! Several origins as one: balanced, checked, with backups, and changed while they serve.
//!
//! An [`OriginGroup`] has tiers of members. The members of a tier share the requests; the next tier
//! is used while no member of the tiers before it serves. A request that fails goes to another
//! member where a retry is safe.
//!
//! ```
//! use std::time::Duration;
//!
//! use cdn_origin::{
//!     CdnOriginConnector,
//!     group::{HealthCheck, Member, OriginGroup},
//!     proxy::Limits,
//! };
//!
//! let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
//! let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
//! let backup = CdnOriginConnector::builder("https://backup.example").build()?;
//! let limits = Limits::default().request_timeout(Duration::from_secs(60));
//! let group = OriginGroup::builder()
//!     .tier([Member::new(a).weight(3), Member::new(b)])
//!     .tier([backup])
//!     .each(move |proxy| proxy.limits(limits.clone()))
//!     .health_check(HealthCheck::get("/healthz"))
//!     .build()?;
//! # drop(group);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! | type | what it sets |
//! |---|---|
//! | [`Member`] | connector, name, weight, and what differs from the others |
//! | [`Balance`] | least loaded, round robin, or affinity by a key |
//! | [`Failover`] | which failed requests are sent to another member |
//! | [`Ejection`] | when a failing member is left out, and how it returns |
//! | [`HealthCheck`] | requests that show whether a member serves |
//! | [`MemberSource`] | members from DNS or a `watch` channel |
//! | [`Members`] | reads and changes the members while the group runs |

mod affinity_key;
mod attempt;
mod balance;
mod body_outcome;
mod builder;
mod check_members;
mod dispatch;
mod ejection;
mod failover;
mod group_member;
mod health;
mod health_check;
mod inner;
mod load;
mod member;
mod member_source;
mod members;
mod origin_group;
mod random;
mod returnable_body;
mod snapshot;
mod tiers;
mod upkeep;

pub use affinity_key::AffinityKey;
pub use balance::Balance;
pub use builder::OriginGroupBuilder;
pub use ejection::Ejection;
pub use failover::Failover;
pub use health_check::{CheckOutcome, HealthCheck};
pub use member::Member;
pub use member_source::MemberSource;
pub use members::Members;
pub use origin_group::OriginGroup;
pub use snapshot::{MemberSnapshot, MemberState};

//! Several origins as one: load balancing, health checks, failover, and live updates.
//!
//! An [`OriginGroup`] has tiers of members. The members of a tier share the requests. A tier gets
//! requests only while no member of the tiers before it is available. A request that fails is sent
//! to another member if a retry is safe.
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
//! | [`Member`] | connector, name, weight, and the settings of one member |
//! | [`Balance`] | least loaded, round robin, or affinity by a key |
//! | [`Failover`] | which failed requests are sent to another member |
//! | [`Ejection`] | when a failing member gets no requests, and how it returns |
//! | [`HealthCheck`] | requests that check whether a member is healthy |
//! | [`MemberSource`] | members from DNS or a `watch` channel |

// | file | what it decides or holds |
// |---|---|
// | `origin_group`, `builder` | the service, and its settings |
// | `accepted_by_group` | a request that the group has accepted |
// | `failover_settings`, `ejection_settings`, `health_check_settings` | settings |
// | `failover` | sends a request to one member after the other |
// | `attempt_outcome`, `report_body_outcome` | what a response means for its member |
// | `returnable_body` | gives a request body back that a failed attempt has not read |
// | `tiers` | the members in their tiers, and how many may be ejected |
// | `select_member` | the member that gets a request: tiers, trials, panic threshold |
// | `balance`, `affinity_key`, `random`, `member_candidate` | the choice between those that serve |
// | `member_load` | latency and recent failures of a member |
// | `health/` | ejection and return, and the results of health checks |
// | `run_health_checks` | sends the checks |
// | `member`, `group_member` | a member as it is configured, and in use |
// | `selected_member` | a member that is selected for a request |
// | `member_source`, `dns_members` | where members come from while the group runs |
// | `follow_sources` | applies the updates of all sources |
// | `member_snapshot` | shows the members of a group |
// | `drained_members` | what a change of members leads to |
// | `shared_group` | what the clones of a group share |
// | `reload_members` | what a reload of a configuration changes |
// | `sampled` | what metrics read of a group |
// | `group_handle` | ends the task with the last clone of a group |
// | `group_task` | the only task: health checks, and updates of members |

mod accepted_by_group;
mod affinity_key;
mod attempt_outcome;
mod balance;
mod builder;
mod dns_members;
mod drained_members;
mod ejection_settings;
mod failover;
mod failover_settings;
mod follow_sources;
mod group_handle;
mod group_member;
mod group_task;
mod health;
mod health_check_settings;
mod member;
mod member_candidate;
mod member_load;
mod member_snapshot;
mod member_source;
mod origin_group;
mod random;
#[cfg(feature = "serde")]
mod reload_members;
mod report_body_outcome;
mod returnable_body;
mod run_health_checks;
#[cfg(feature = "metrics")]
mod sampled;
mod select_member;
mod selected_member;
mod shared_group;
mod tiers;

pub use balance::Balance;
pub use builder::OriginGroupBuilder;
pub use ejection_settings::Ejection;
pub use failover_settings::Failover;
pub(crate) use group_handle::GroupRequests;
pub use health_check_settings::{CheckOutcome, HealthCheck};
pub use member::Member;
pub use member_snapshot::{MemberSnapshot, MemberState};
pub use member_source::MemberSource;
pub use origin_group::OriginGroup;
#[cfg(feature = "serde")]
pub(crate) use reload_members::{connectors_of, put_in_place, take_over};
#[cfg(feature = "metrics")]
pub(crate) use sampled::{SampledId, SampledProxy, id_of, sampled_members};

//! Failover between origins: a primary and its backups.
//!
//! An [`OriginGroup`] sends each request to the first origin that is not ejected. If that fails, it
//! tries the next one where a retry is safe.
//!
//! ```
//! use cdn_origin::{CdnOriginConnector, OriginProxy, group::OriginGroup};
//!
//! let primary = CdnOriginConnector::builder("https://d1234567890.cloudfront.net").build()?;
//! let backup = CdnOriginConnector::builder("https://backup.example.com").build()?;
//! let group =
//!     OriginGroup::new(OriginProxy::new(primary)).fall_back_to(OriginProxy::new(backup));
//! # drop(group);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```

mod attempt;
mod health;
mod member;
mod origin_group;
mod returnable_body;
mod settings;

pub use health::{OriginHealth, OriginState};
pub use origin_group::OriginGroup;
pub use settings::Ejection;

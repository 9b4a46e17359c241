//! Many tenants behind one service: the host of each request selects its origin.
//!
//! [`VirtualHosts`] keeps a [`Tenant`] for each host, and builds its proxy when the first request
//! arrives. The proxies have the settings of a template, and share its certificates and DNS cache.
//! A host may also have an [`OriginGroup`](crate::group::OriginGroup).
//!
//! ```
//! use cdn_origin::{
//!     CdnOriginConnector, OriginProxy,
//!     tenants::{Tenant, VirtualHosts},
//! };
//!
//! # fn tenants() -> Result<(), cdn_origin::BuildError> {
//! let template = OriginProxy::new(CdnOriginConnector::any_origin().build()?);
//! let hosts = VirtualHosts::new(template);
//! let shop = Tenant::new("https://d1234567890.cloudfront.net").sni("shop.example");
//! hosts.insert("shop.example", shop)?;
//! hosts.insert("blog.example", Tenant::new("http://blog.internal.example:8080"))?;
//! // While requests are served:
//! hosts.insert("blog.example", Tenant::new("https://new.example"))?;
//! hosts.remove("shop.example");
//! # Ok(())
//! # }
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `tenant` | one tenant: its names, connector and limits |
//! | `host_entry` | one host with its origin |
//! | `hosts` | the list of all hosts |
//! | `former_hosts` | hosts that were replaced or removed, while requests run |
//! | `forget_former` | the task that forgets them |
//! | `registry` | adds, evicts and drains the tenants |
//! | `host_key` | the host of a request, as the registry knows it |
//! | `virtual_hosts` | the settings, and the changes of tenants |
//! | `find_tenant` | which tenant a request goes to |
//! | `sampled` | what metrics read of all hosts |
//! | `host_changes` | changes of several hosts at once |
//! | `service` | the tower service |

mod find_tenant;
mod forget_former;
mod former_hosts;
#[cfg(feature = "serde")]
mod host_changes;
mod host_entry;
mod host_key;
mod hosts;
mod registry;
#[cfg(feature = "metrics")]
mod sampled;
mod service;
mod tenant;
mod virtual_hosts;

#[cfg(feature = "serde")]
pub(crate) use host_changes::{NewTenant, change_hosts, connectors_of};
#[cfg(feature = "serde")]
pub(crate) use host_key::host_key;
#[cfg(feature = "metrics")]
pub(crate) use sampled::{SampledHosts, id_of_hosts, sampled_hosts};
pub use tenant::Tenant;
pub use virtual_hosts::VirtualHosts;

//! Many tenants behind one service: the host of each request selects its origin.
//!
//! [`VirtualHosts`] keeps a [`Tenant`] for each host, and builds its proxy when the first request
//! arrives. The proxies have the settings of a template, and share its certificates and DNS cache.
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
//! | `registry` | all tenants, and the proxies that exist |
//! | `host_key` | the host of a request, as the registry knows it |
//! | `unknown_host` | the response if no tenant is found |
//! | `virtual_hosts` | the service |

mod host_key;
mod registry;
mod tenant;
mod unknown_host;
mod virtual_hosts;

pub use tenant::Tenant;
pub use unknown_host::UnknownHost;
pub use virtual_hosts::VirtualHosts;

//! The recipes of the guide's cookbook. `tests/it/cookbook.rs` runs each of them.

#![allow(unreachable_pub, reason = "readers copy the files as they are")]

pub mod access_log;
pub mod balancing;
pub mod behind_a_cdn;
pub mod client_certificate;
pub mod client_host;
pub mod custom_domain;
#[cfg(feature = "hickory")]
pub mod dns_over_tls;
pub mod egress_proxy;
pub mod error_pages;
pub mod failover;
pub mod grpc;
pub mod limits;
pub mod load_balancer;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod path_prefix;
pub mod pinned_key;
pub mod private_authority;
pub mod redirects;
pub mod s3_upload;
pub mod s3_website;
pub mod server_sent_events;
pub mod shutdown;
pub mod sticky_sessions;
pub mod tenants;
pub mod tls_for_clients;
pub mod user_origins;
pub mod websocket;

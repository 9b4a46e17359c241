//! The same promises against real servers: nginx, HAProxy, `openssl s_server` and Go, as Debian packages them.
//!
//! These tests are ignored unless asked for: `cargo test --all-features -- --include-ignored`. A program that is missing is a
//! failure that names its package. Those of `networks` ask for root.

mod accounts;
mod client;
mod ech;
mod haproxy;
#[cfg(target_os = "linux")]
mod networks;
mod nginx;
mod openssl;
mod openssl_trust;
#[cfg(feature = "axum")]
mod proxy_protocol;
mod server;
#[cfg(feature = "axum")]
mod traffic;

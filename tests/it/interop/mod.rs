//! Interoperability with nginx, HAProxy, `openssl s_server` and Go, as Debian packages them.
//!
//! These tests are ignored by default. Run them with
//! `cargo test --all-features -- --include-ignored`. A missing program fails the test and names its
//! package. The tests in `networks` require root.

mod client;
mod dead_origin;
mod ech;
mod haproxy;
#[cfg(all(feature = "axum", feature = "import"))]
mod imports;
#[cfg(target_os = "linux")]
mod networks;
mod nginx;
mod openssl;
mod openssl_suites;
mod openssl_trust;
#[cfg(feature = "axum")]
mod proxy_protocol;
mod server;
mod setups;
#[cfg(feature = "axum")]
mod side_by_side;
#[cfg(feature = "axum")]
mod traffic;

//! Pingora in front of an origin whose dial host, SNI, expected name and Host differ.
//!
//! `proxy.rs` is what an application needs. `cargo run` checks it without a network: an origin on
//! loopback gets requests with the right names, and with each of them wrong.

mod check;
mod proxy;

use std::time::Duration;

use tower::BoxError;

fn main() -> Result<(), BoxError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let check = check::run();
        tokio::time::timeout(Duration::from_secs(30), check).await?
    })
}

//! The crate axum-reverse-proxy, with its defaults and the client of `stack.rs`.

use std::net::SocketAddr;

use axum::Router;
use axum_reverse_proxy::ReverseProxy;

use crate::{setup::NAME, workload::Protocol};

use super::stack;

pub(crate) fn router(origin: SocketAddr, protocol: Protocol, pem: &[u8]) -> Router {
    let target = format!("https://{NAME}:{}", origin.port());
    let proxy = ReverseProxy::new_with_client("/", target, stack::client(protocol, pem));
    Router::new().fallback_service(proxy)
}

//! The proxies that are compared.

mod axum_reverse_proxy;
pub(crate) mod cdn_origin;
mod haproxy;
mod nginx;
pub(crate) mod stack;

use std::{net::SocketAddr, process::Command};

use axum::Router;

use crate::{
    roles::{self, listen, print_address},
    server::{Server, free_addresses},
    setup::{self, Setup},
    workload::Protocol,
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ProxyKind {
    CdnOrigin,
    Stack,
    AxumReverseProxy,
    Nginx,
    HaProxy,
}

impl ProxyKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::CdnOrigin,
        Self::Stack,
        Self::AxumReverseProxy,
        Self::Nginx,
        Self::HaProxy,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CdnOrigin => "axum, cdn-origin",
            Self::Stack => "axum, hyper-util, hyper-rustls",
            Self::AxumReverseProxy => "axum-reverse-proxy",
            Self::Nginx => "nginx",
            Self::HaProxy => "HAProxy",
        }
    }

    pub(crate) fn is_installed(self) -> bool {
        match self {
            Self::Nginx => setup::program("nginx").is_some(),
            Self::HaProxy => setup::program("haproxy").is_some(),
            Self::CdnOrigin | Self::Stack | Self::AxumReverseProxy => true,
        }
    }

    /// nginx has no HTTP/2 to origins. axum-reverse-proxy sends Host beside `:authority`, which
    /// nginx rejects as an origin.
    pub(crate) fn reaches(self, origin: Protocol) -> bool {
        match self {
            Self::Nginx | Self::AxumReverseProxy => origin == Protocol::Http1,
            Self::CdnOrigin | Self::Stack | Self::HaProxy => true,
        }
    }

    /// Starts the proxy. `wrap` can put another program in front of it.
    pub(crate) fn start(
        self,
        setup: &Setup,
        route: &Route,
        wrap: impl FnOnce(&Command) -> Command,
    ) -> Server {
        let in_rust = match self {
            Self::Nginx | Self::HaProxy => {
                let [address] = free_addresses();
                let command = match self {
                    Self::Nginx => nginx::command(setup, route, address),
                    _ => haproxy::command(setup, route, address),
                };
                return Server::at(address, &mut wrap(&command));
            }
            Self::CdnOrigin => "cdn-origin",
            Self::Stack => "stack",
            Self::AxumReverseProxy => "axum-reverse-proxy",
        };
        let role = [
            "role:proxy",
            in_rust,
            &route.origin.to_string(),
            route.origin_protocol.name(),
            &setup.certificate(),
            &route.threads.to_string(),
        ];
        Server::of_ours(&mut wrap(&roles::command(&role)))
    }
}

/// What a proxy is configured with.
pub(crate) struct Route {
    pub(crate) client_protocol: Protocol,
    pub(crate) origin: SocketAddr,
    pub(crate) origin_protocol: Protocol,
    pub(crate) threads: usize,
}

/// The role `proxy`: serves until the process is killed.
pub(crate) async fn in_rust(kind: &str, origin: SocketAddr, protocol: &str, pem: &[u8]) {
    let protocol = Protocol::named(protocol);
    serve(match kind {
        "cdn-origin" => Router::new().fallback_service(cdn_origin::proxy(origin, pem)),
        "stack" => stack::router(origin, protocol, pem),
        _ => axum_reverse_proxy::router(origin, protocol, pem),
    })
    .await;
}

pub(crate) async fn serve(router: Router) {
    let listener = listen().await;
    print_address(&listener);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.unwrap();
}

//! The proxies that are compared, each in front of one origin.

use std::net::SocketAddr;

use axum::Router;
use cdn_origin::{CdnOriginConnector, HostRewriteLayer, OriginProxy, Roots, VerifyPolicy};

use super::origin::Script;
use crate::{
    interop::{
        client::NAME,
        server::{Folder, GoProgram, Server},
    },
    support::{Authority, Site},
};

const HAPROXY: &str = "
    listen proxy
        bind fd@0
        server origin ORIGIN";

const NGINX: &str = "
    upstream origin { server ORIGIN; keepalive 16; }
    server {
        listen LISTEN;
        client_max_body_size 0;
        location / {
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            LINES
        }
    }";

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Ours,
    Nginx,
    /// nginx with `proxy_request_buffering off`.
    NginxUnbuffered,
    HaProxy,
    /// `httputil.NewSingleHostReverseProxy`.
    Go,
}

impl Kind {
    /// Those that can have such an origin. nginx 1.22 speaks HTTP/1.1 to all origins.
    pub(super) fn peers(origin: Script) -> &'static [Self] {
        match origin {
            Script::Http1(_) => &[Self::Nginx, Self::NginxUnbuffered, Self::HaProxy, Self::Go],
            Script::Http2(_) => &[Self::HaProxy, Self::Go],
        }
    }
}

/// A running proxy, stopped on drop.
pub(super) enum Proxy {
    Ours(Site),
    Other(Server),
}

impl Proxy {
    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Ours(site) => site.address(),
            Self::Other(server) => server.address(),
        }
    }
}

/// What is prepared once for all rows.
pub(super) struct Proxies {
    go: GoProgram,
}

impl Proxies {
    pub(super) fn build() -> Self {
        Self {
            go: GoProgram::build(include_str!("reverse_proxy.go")),
        }
    }

    /// Starts a proxy in front of an origin with this script.
    pub(super) async fn start(
        &self,
        kind: Kind,
        origin: SocketAddr,
        script: Script,
        authority: &Authority,
    ) -> Proxy {
        let is_http2 = matches!(script, Script::Http2(_));
        match kind {
            Kind::Ours => {
                let builder = match is_http2 {
                    true => CdnOriginConnector::builder(format!("https://{NAME}").as_str())
                        .dial(origin.to_string())
                        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
                    false => CdnOriginConnector::builder(format!("http://{origin}").as_str()),
                };
                let proxy = OriginProxy::new(builder.build().unwrap())
                    .host_rewrite(HostRewriteLayer::preserve());
                Proxy::Ours(Site::serve(Router::new().fallback_service(proxy)).await)
            }
            Kind::Nginx => nginx(origin, ""),
            Kind::NginxUnbuffered => nginx(origin, "proxy_request_buffering off;"),
            Kind::HaProxy => {
                let mut server = origin.to_string();
                if is_http2 {
                    server.push_str(" ssl verify none alpn h2");
                }
                let sections = HAPROXY.replace("ORIGIN", &server);
                Proxy::Other(Server::haproxy(Folder::new(), &sections))
            }
            Kind::Go => {
                let scheme = if is_http2 { "https" } else { "http" };
                Proxy::Other(self.go.start(&format!("{scheme}://{origin}")))
            }
        }
    }
}

fn nginx(origin: SocketAddr, lines: &str) -> Proxy {
    let servers = NGINX
        .replace("ORIGIN", &origin.to_string())
        .replace("LINES", lines);
    Proxy::Other(Server::nginx(Folder::new(), &servers))
}

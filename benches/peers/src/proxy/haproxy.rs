//! HAProxy as the proxy.

use std::{fs, net::SocketAddr, process::Command};

use crate::{
    setup::{NAME, Setup, program},
    workload::Protocol,
};

use super::Route;

/// A command that serves at `address`, in one process.
pub(crate) fn command(setup: &Setup, route: &Route, address: SocketAddr) -> Command {
    let file = setup.folder().join("haproxy.cfg");
    let (upstream, certificate, threads) = (route.origin, setup.certificate(), route.threads);
    let protocol = match route.client_protocol {
        Protocol::Http1 => "",
        Protocol::Http2 => " proto h2",
    };
    let alpn = match route.origin_protocol {
        Protocol::Http1 => "http/1.1",
        Protocol::Http2 => "h2",
    };
    let settings = format!(
        "global
    nbthread {threads}
    maxconn 1000
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    http-reuse always
frontend clients
    bind {address}{protocol}
    default_backend origin
backend origin
    http-request set-header Host {NAME}
    server origin {upstream} ssl sni str({NAME}) verify required verifyhost {NAME} \
         ca-file {certificate} alpn {alpn}
"
    );
    fs::write(&file, settings).unwrap();
    let mut command = Command::new(program("haproxy").unwrap());
    command.args(["-db", "-q", "-f"]).arg(file);
    command
}

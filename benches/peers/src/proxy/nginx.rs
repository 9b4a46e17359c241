//! nginx as the proxy.

use std::{fs, net::SocketAddr, process::Command};

use crate::{
    setup::{NAME, Setup, program},
    workload::Protocol,
};

use super::Route;

/// A command that serves at `address`, in one process if it has one thread.
pub(crate) fn command(setup: &Setup, route: &Route, address: SocketAddr) -> Command {
    let folder = setup.folder();
    let (upstream, certificate) = (route.origin, setup.certificate());
    let processes = match route.threads {
        1 => "master_process off;".to_owned(),
        threads => format!("worker_processes {threads};"),
    };
    let protocol = match route.client_protocol {
        Protocol::Http1 => "",
        Protocol::Http2 => " http2",
    };
    let settings = format!(
        "daemon off; {processes} pid nginx.pid; error_log stderr error; events {{}}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    scgi_temp_path scgi; uwsgi_temp_path uwsgi;
    client_max_body_size 0; keepalive_requests 1000000000;
    upstream origin {{ server {upstream}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen {address}{protocol};
        location / {{
            proxy_pass https://origin; proxy_http_version 1.1;
            proxy_set_header Connection \"\"; proxy_set_header Host {NAME};
            proxy_ssl_server_name on; proxy_ssl_name {NAME};
            proxy_ssl_verify on; proxy_ssl_trusted_certificate {certificate};
        }}
    }}
}}
"
    );
    fs::write(folder.join("nginx.conf"), settings).unwrap();
    let mut command = Command::new(program("nginx").unwrap());
    command.arg("-p").arg(&folder).args(["-c", "nginx.conf"]);
    command
}

//! nginx as the origin, with static files.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use crate::{
    server::{Server, free_addresses},
    setup::{NAME, Setup, program, text},
    workload::NUMBERS,
};

use super::Origin;

/// Starts nginx; `None` if it is not installed.
pub(crate) fn start(setup: &Setup) -> Option<Origin> {
    let nginx = program("nginx")?;
    let folder = setup.folder();
    let files = folder.join("files");
    fs::create_dir(&files).unwrap();
    for (name, length) in [("1k", 1 << 10), ("16k", 1 << 14), ("1m", 1 << 20)] {
        fs::write(files.join(name).with_extension("html"), "x".repeat(length)).unwrap();
    }
    write_varied(&files.join("varied"));
    let [http1, http2, plain] = free_addresses();
    let (certificate, key) = (setup.certificate(), setup.key());
    let root = text(&files);
    let uploaded = text(&folder.join("uploaded.sock"));
    // Nine response fields: Server, Date, Content-Type, Content-Length, Last-Modified, Connection,
    // ETag, Cache-Control and Accept-Ranges. Uploads are read whole before the response.
    let settings = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr error;
events {{ worker_connections 15000; }}
http {{
    access_log off; sendfile on; tcp_nodelay on; default_type text/html; types {{ }}
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    scgi_temp_path scgi; uwsgi_temp_path uwsgi;
    client_max_body_size 0; client_body_buffer_size 2m;
    keepalive_requests 1000000000; keepalive_timeout 1h; keepalive_time 1h;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    server {{
        listen {http1} ssl default_server; listen {http2} ssl http2 default_server;
        ssl_reject_handshake on;
    }}
    server {{
        listen {http1} ssl; listen {http2} ssl http2; listen {plain} backlog=4096;
        server_name {NAME}; root {root}; add_header Cache-Control max-age=3600;
        location /varied/ {{
            add_header Cache-Control max-age=3600; add_header X-Request-Id $request_id;
        }}
        location /upload {{
            proxy_pass http://unix:{uploaded}:/1k.html; proxy_method GET;
            proxy_pass_request_body off; proxy_set_header Content-Length \"\";
        }}
    }}
    server {{ listen unix:{uploaded}; root {root}; }}
}}
"
    );
    fs::write(folder.join("nginx.conf"), settings).unwrap();
    let mut command = Command::new(nginx);
    command.arg("-p").arg(&folder).args(["-c", "nginx.conf"]);
    Some(Origin {
        _server: Server::at(plain, &mut command),
        http1,
        http2,
        plain,
    })
}

/// Writes a file for each number, with a time of its own: nginx derives ETag and Last-Modified from
/// it.
fn write_varied(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for number in NUMBERS {
        let path = folder.join(format!("{number}.html"));
        fs::write(&path, "x".repeat(1 << 10)).unwrap();
        let age = Duration::from_secs(number as u64 * 10_000);
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }
}

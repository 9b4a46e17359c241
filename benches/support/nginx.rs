//! nginx as a peer, if it is installed.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
};

use super::origin::{NAME, Origin};

/// One nginx worker in front of the origin, killed on drop.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: PathBuf,
}

impl Nginx {
    /// Starts nginx; `None` if it is not installed.
    pub(crate) fn start(origin: &Origin) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("cdn-origin-bench-{}-nginx", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        fs::write(folder.join("nginx.conf"), settings(address, origin)).unwrap();
        // Debian installs servers outside of a user's PATH.
        let mut path = std::env::var_os("PATH").unwrap_or_default();
        path.push(":/usr/sbin");
        let child = Command::new("nginx")
            .env("PATH", path)
            .arg("-p")
            .arg(&folder)
            .args(["-c", "nginx.conf"])
            .stdin(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            fs::remove_dir_all(&folder).unwrap();
            return None;
        };
        while TcpStream::connect(address).is_err() {
            std::thread::yield_now();
        }
        Some(Self {
            child,
            address,
            folder,
        })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn settings(address: SocketAddr, origin: &Origin) -> String {
    let (upstream, certificate) = (origin.address(), origin.certificate());
    format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr error; events {{}}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    scgi_temp_path scgi; uwsgi_temp_path uwsgi;
    keepalive_requests 1000000;
    upstream origin {{ server {upstream}; keepalive 16; keepalive_requests 1000000; }}
    server {{
        listen {address};
        location / {{
            proxy_pass https://origin; proxy_http_version 1.1;
            proxy_set_header Connection \"\"; proxy_set_header Host {NAME};
            proxy_ssl_server_name on; proxy_ssl_name {NAME};
            proxy_ssl_verify on; proxy_ssl_trusted_certificate {certificate};
        }}
    }}
}}
"
    )
}

//! A setup with the addresses and files of this test, for its server and for the importer.

use std::{fs, path::Path};

use cdn_origin::import::{self, Imported};
use tempfile::TempDir;

use super::{
    observed::Origin,
    rows::{Kind, Row},
};
use crate::{
    interop::server::{Folder, Server},
    support::Authority,
};

pub(super) struct Setup {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) imported: Imported,
    _files: TempDir,
}

impl Setup {
    pub(super) fn prepare(row: &Row, origin: &Origin, authority: &Authority) -> Self {
        let files = tempfile::tempdir().unwrap();
        let text = text(row, origin, files.path());
        let client = authority.issue_client("client.example");
        let files_of_setup = [
            ("ca.pem", authority.root_pem()),
            ("crt.pem", client.cert_pem() + &client.key_pem()),
            ("key.pem", client.key_pem()),
            ("pass", String::new()),
            ("503.http", String::from(ERROR_FILE)),
        ];
        for (name, content) in files_of_setup {
            fs::write(files.path().join(name), content).unwrap();
        }
        let imported = match row.kind {
            Kind::HaProxy => import::haproxy(&text),
            Kind::Nginx => import::nginx(&text),
        };
        Self {
            kind: row.kind,
            imported: imported.unwrap_or_else(|error| panic!("{}: {error}", row.setup)),
            text,
            _files: files,
        }
    }

    pub(super) fn server(&self) -> Server {
        match self.kind {
            Kind::HaProxy => Server::haproxy(Folder::new(), &self.text),
            Kind::Nginx => Server::nginx(Folder::new(), &self.text),
        }
    }
}

const ERROR_FILE: &str = "HTTP/1.0 503 Service Unavailable\r\ncontent-length: 5\r\n\r\nsorry";

/// The setup's text. Both servers need a port to listen on, and the test's own files.
fn text(row: &Row, origin: &Origin, files: &Path) -> String {
    let (folder, extension) = match row.kind {
        Kind::HaProxy => ("haproxy", "cfg"),
        Kind::Nginx => ("nginx", "conf"),
    };
    let path = format!("tests/it/import/{folder}/{}.{extension}", row.setup);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut text = fs::read_to_string(path).unwrap();
    for (part, replacement) in row.replaced {
        assert!(text.contains(part), "{}: there is no {part}", row.setup);
        text = text.replace(part, replacement);
    }
    let text = match row.kind {
        Kind::HaProxy => haproxy(row, &text),
        Kind::Nginx => nginx(row, &text),
    };
    text.replace("ORIGIN", &origin.address().to_string())
        .replace("FILES", &files.display().to_string())
}

/// nginx with a port, and with the origin behind each name that the setup dials.
fn nginx(row: &Row, text: &str) -> String {
    /// The import verifies certificates.
    const START: &str = "server { listen LISTEN; proxy_ssl_trusted_certificate FILES/ca.pem;";
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("listen "));
    let mut text = String::new();
    for name in row.dials {
        text += &format!("upstream {name} {{ server ORIGIN; }}\n");
    }
    let mut has_server = false;
    for line in lines {
        if line.trim_start().starts_with("server {") {
            has_server = true;
            text += &line.replacen("server {", START, 1);
        } else if line.starts_with("location") && !has_server {
            has_server = true;
            text += &format!("{START}\n{line}");
        } else {
            text += line;
        }
        text.push('\n');
    }
    if text.matches('{').count() > text.matches('}').count() {
        text += "}\n";
    }
    text
}

/// HAProxy with a port, and with the origin as the server that the setup dials.
fn haproxy(row: &Row, text: &str) -> String {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let mut binds = 0;
    lines.retain_mut(|line| {
        let is_bind = line.trim_start().starts_with("bind ");
        if is_bind {
            "    bind fd@0".clone_into(line);
            binds += 1;
        }
        !is_bind || binds == 1
    });
    let mut text = lines.join("\n") + "\n";
    for name in row.dials {
        text = text.replace(name, "ORIGIN");
    }
    if binds == 0 {
        let name = text.lines().find_map(|line| line.strip_prefix("backend "));
        let name = name.expect("a setup has a backend").trim().to_owned();
        text = format!("frontend front\n    bind fd@0\n    default_backend {name}\n{text}");
    }
    text
}

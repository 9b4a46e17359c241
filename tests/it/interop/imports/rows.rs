//! A row: a setup, a request, the origin's response, and the differences with their reasons.

/// The server of a setup.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    HaProxy,
    Nginx,
}

pub(super) struct Row {
    pub(super) kind: Kind,
    /// The name of its file in `tests/it/import`.
    pub(super) setup: &'static str,
    /// Names of origins, which the setup dials at port 443 or 80.
    pub(super) dials: &'static [&'static str],
    /// Parts of the setup, and what replaces them. `ORIGIN` becomes the origin's address.
    pub(super) replaced: &'static [(&'static str, &'static str)],
    /// The section whose origin answers, if the setup has several.
    pub(super) section: Option<&'static str>,
    pub(super) method: &'static str,
    pub(super) content: &'static [u8],
    pub(super) target: &'static str,
    /// `PORT` becomes the proxy's.
    pub(super) host: &'static str,
    pub(super) origin: OriginKind,
    pub(super) status: u16,
    /// The fields of the response.
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// What differs, and why. `*` is everything.
    pub(super) differs: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum OriginKind {
    /// It refuses connections.
    Dead,
    PlainHttp,
    Tls,
    /// TLS with `h2` in ALPN.
    TlsHttp2,
    /// TLS with client certificates.
    MutualTls,
}

pub(super) const fn nginx(setup: &'static str) -> Row {
    row(Kind::Nginx, setup)
}

pub(super) const fn haproxy(setup: &'static str) -> Row {
    row(Kind::HaProxy, setup)
}

const fn row(kind: Kind, setup: &'static str) -> Row {
    Row {
        kind,
        setup,
        dials: &[],
        replaced: &[],
        section: None,
        method: "GET",
        content: b"",
        target: "/page?query=1",
        host: "www.example.com:PORT",
        origin: OriginKind::PlainHttp,
        status: 200,
        fields: &[],
        differs: &[],
    }
}

impl Row {
    pub(super) const fn dials(mut self, names: &'static [&'static str]) -> Self {
        self.dials = names;
        self
    }

    pub(super) const fn replaced(mut self, parts: &'static [(&'static str, &'static str)]) -> Self {
        self.replaced = parts;
        self
    }

    pub(super) const fn section(mut self, section: &'static str) -> Self {
        self.section = Some(section);
        self
    }

    /// Sends a POST in place of a GET.
    pub(super) const fn post(mut self, target: &'static str) -> Self {
        self.method = "POST";
        self.content = b"content";
        self.target = target;
        self
    }

    pub(super) const fn get(mut self, target: &'static str) -> Self {
        self.target = target;
        self
    }

    pub(super) const fn host(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    pub(super) const fn origin(mut self, origin: OriginKind) -> Self {
        self.origin = origin;
        self
    }

    pub(super) const fn responds(
        mut self,
        status: u16,
        fields: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.status = status;
        self.fields = fields;
        self
    }

    pub(super) const fn differs(mut self, keys: &'static [(&'static str, &'static str)]) -> Self {
        self.differs = keys;
        self
    }
}

/// What is the connection's own, or that of the server in front, which is axum here.
const HOP_BY_HOP: [&str; 9] = [
    "request connection",
    "request via",
    "response connection",
    "response content-length",
    "response date",
    "response keep-alive",
    "response server",
    "response transfer-encoding",
    "response via",
];

/// What `OriginProxy` writes by default.
const FORWARDED: [&str; 5] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Whether this differs in each setup that does not write the field itself. The import says so.
pub(super) fn differs_always(key: &str, setup: &str) -> bool {
    let setup = setup
        .to_ascii_lowercase()
        .replace("forwardfor", "x-forwarded-for");
    if key == "version" {
        // nginx speaks HTTP/1.0 to origins without this line.
        return setup.contains("proxy_pass") && !setup.contains("proxy_http_version");
    }
    let field = key.strip_prefix("request ").unwrap_or_default();
    HOP_BY_HOP.contains(&key) || FORWARDED.contains(&field) && !setup.contains(field)
}

//! The messages of a measurement.

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        match name {
            "http2" => Self::Http2,
            _ => Self::Http1,
        }
    }
}

/// The fields of a browser's navigation, without Host.
const BROWSER: [(&str, &str); 15] = [
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    ),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
    ("cache-control", "max-age=0"),
    (
        "cookie",
        "session=0123456789abcdef0123456789abcdef; theme=dark; consent=all; \
         _ga=GA1.2.1234567890.1234567890",
    ),
    ("referer", "https://www.example.test/products/list?page=2"),
    (
        "sec-ch-ua",
        "\"Chromium\";v=\"142\", \"Not=A?Brand\";v=\"24\"",
    ),
    ("sec-ch-ua-mobile", "?0"),
    ("sec-ch-ua-platform", "\"Linux\""),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-site", "same-origin"),
    ("upgrade-insecure-requests", "1"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/142.0.0.0 Safari/537.36",
    ),
    ("priority", "u=0, i"),
];

/// What the client sends and how, and what the origin responds with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    /// The fields of a request beside Host.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    /// The bytes of the request's content.
    pub(crate) upload: usize,
    /// The bytes of the response's content.
    pub(crate) length: usize,
    /// Requests at a time: on a connection each, or on as many streams of one HTTP/2 connection.
    pub(crate) concurrency: usize,
    pub(crate) client: Protocol,
    pub(crate) origin: Protocol,
    /// Requests of one measurement.
    pub(crate) requests: usize,
}

pub(crate) const TWO_FIELDS: Workload = Workload {
    name: "HTTP/1, 1 KiB, 2 fields",
    path: "/1k.html",
    fields: &[("accept", "*/*")],
    upload: 0,
    length: KIB,
    concurrency: 1,
    client: Protocol::Http1,
    origin: Protocol::Http1,
    requests: 2000,
};

pub(crate) const SIXTEEN_FIELDS: Workload = Workload {
    name: "HTTP/1, 1 KiB, 16 fields",
    fields: &BROWSER,
    ..TWO_FIELDS
};

/// Several at a time, because that is what HTTP/2 is for.
const MANY_STREAMS: usize = 32;

pub(crate) const ALL: [Workload; 8] = [
    TWO_FIELDS,
    SIXTEEN_FIELDS,
    Workload {
        name: "HTTP/1, 16 KiB, 16 fields",
        path: "/16k.html",
        length: 16 * KIB,
        requests: 1000,
        ..SIXTEEN_FIELDS
    },
    Workload {
        name: "HTTP/1, 1 MiB, 16 fields",
        path: "/1m.html",
        length: MIB,
        requests: 60,
        ..SIXTEEN_FIELDS
    },
    Workload {
        name: "HTTP/1, upload of 1 MiB, 16 fields",
        path: "/upload",
        upload: MIB,
        requests: 60,
        ..SIXTEEN_FIELDS
    },
    Workload {
        name: "HTTP/2 origin, 1 KiB, 2 fields, 32 at once",
        origin: Protocol::Http2,
        concurrency: MANY_STREAMS,
        ..TWO_FIELDS
    },
    Workload {
        name: "HTTP/2 origin, 1 KiB, 16 fields, 32 at once",
        origin: Protocol::Http2,
        concurrency: MANY_STREAMS,
        ..SIXTEEN_FIELDS
    },
    Workload {
        name: "HTTP/2 client, 1 KiB, 16 fields, 32 at once",
        client: Protocol::Http2,
        concurrency: MANY_STREAMS,
        ..SIXTEEN_FIELDS
    },
];

impl Workload {
    /// A browser's requests with this many connections.
    pub(crate) fn with_connections(connections: usize) -> Self {
        Self {
            concurrency: connections,
            ..SIXTEEN_FIELDS
        }
    }
}

//! The messages of a measurement.

use std::ops::Range;

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

/// Stands for the number of a request, in its path and in its fields.
const NUMBER: &str = "{n}";

/// The numbers of varied requests, and of the files that they are for.
pub(crate) const NUMBERS: Range<usize> = 100..400;

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
        "session=0123456789abcdef0123456789abc{n}; theme=dark; consent=all; \
         _ga=GA1.2.1234567890.1234567890",
    ),
    ("referer", "https://www.example.test/products/{n}?page=2"),
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
    path: &'static str,
    /// The fields of a request beside Host.
    fields: &'static [(&'static str, &'static str)],
    /// How many different requests the client sends in turn.
    pub(crate) variants: usize,
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
    variants: 1,
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

/// Each request has its own path, cookie and Referer, and each response its own request id. Each
/// path has its own ETag and Last-Modified.
pub(crate) const VARIED: Workload = Workload {
    name: "HTTP/1, 1 KiB, 16 fields, varied",
    path: "/varied/{n}.html",
    variants: NUMBERS.end - NUMBERS.start,
    ..SIXTEEN_FIELDS
};

/// Several at a time, because that is what HTTP/2 is for.
const MANY_STREAMS: usize = 32;

pub(crate) const ALL: [Workload; 11] = [
    TWO_FIELDS,
    SIXTEEN_FIELDS,
    VARIED,
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
        name: "HTTP/2 origin, 1 KiB, 16 fields, varied, 32 at once",
        origin: Protocol::Http2,
        concurrency: MANY_STREAMS,
        ..VARIED
    },
    Workload {
        name: "HTTP/2 origin, upload of 1 MiB, 16 fields",
        origin: Protocol::Http2,
        path: "/upload",
        upload: MIB,
        requests: 60,
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

    /// The path of a request. All requests have the same length.
    pub(crate) fn path(&self, number: usize) -> String {
        self.numbered(self.path, number)
    }

    /// The fields of a request beside Host.
    pub(crate) fn fields(&self, number: usize) -> impl Iterator<Item = (&'static str, String)> {
        let fields = self.fields.iter();
        fields.map(move |(name, value)| (*name, self.numbered(value, number)))
    }

    fn numbered(&self, text: &str, number: usize) -> String {
        let number = NUMBERS.start + number % self.variants;
        text.replace(NUMBER, &number.to_string())
    }
}

//! Requests that get no response, or one that cannot be read.

use cdn_origin::diagnosis::{
    CauseId::{Http1Required, IdleClosed},
    Certainty::{Certain, Likely},
};

use crate::field::case::{
    Case,
    Step::{Head, Http2Fields, Send, Tls},
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

pub(super) const CASES: &[Case] = &[
    Case::of("an upload fails, as the origin closed the idle connection at that moment")
        .request(|it| it.method("POST"))
        .content("content")
        .requests(2)
        .acts(&[Tls("http/1.1"), Head, Send(OK), Head])
        .causes(&[(IdleClosed, Likely, "PoolSettings::idle_timeout(..)")]),
    Case::of("IIS resets a stream with HTTP_1_1_REQUIRED, as it wants Windows authentication")
        .request(|it| it.method("POST"))
        .content("content")
        .acts(&[
            Tls("h2"),
            Send(SETTINGS),
            Http2Fields,
            Send(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x0d"),
        ])
        .causes(&[(Http1Required, Certain, ".alpn(Alpn::Http1)")]),
];

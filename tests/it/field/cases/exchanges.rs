//! Requests that get no response, or one that cannot be read.

use std::time::Duration;

use cdn_origin::{
    diagnosis::{
        CauseId::{
            BlockedByTheEdge, BrokenHttp, Http1Required, IdleClosed, OriginDown, OtherService,
            ProxyHeaderNotExpected, ResponseHeadTooLarge, TooSlow,
        },
        Certainty::{Certain, Likely, Possible},
    },
    dial::ProxyProtocol,
    pool::PoolSettings,
    proxy::Limits,
};

use crate::field::case::{
    Case,
    Step::{Head, Http2Fields, Reset, Send, Stall, Tls},
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

/// A response of this head to a request over plain http.
macro_rules! answer {
    ($bytes:expr) => {
        &[Head, Send($bytes)]
    };
}

/// RST_STREAM for the first stream, or GOAWAY before it, with this code (RFC 9113 section 6).
macro_rules! reset {
    ($code:literal) => {
        &[
            Tls("h2"),
            Send(SETTINGS),
            Http2Fields,
            Send(concat!("\0\0\x04\x03\0\0\0\0\x01\0\0\0", $code).as_bytes()),
        ]
    };
}

macro_rules! goaway {
    ($code:literal) => {
        &[
            Tls("h2"),
            Send(SETTINGS),
            Http2Fields,
            Send(concat!("\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0", $code).as_bytes()),
        ]
    };
}

const fn upload(case: Case) -> Case {
    case.request(|it| it.method("POST")).content("content")
}

pub(super) const CASES: &[Case] = &[
    upload(Case::of(
        "an upload fails, as the origin closed the idle connection at that moment",
    ))
    .requests(2)
    .acts(&[Tls("http/1.1"), Head, Send(OK), Head])
    .causes(&[(IdleClosed, Likely, "PoolSettings::idle_timeout(..)")]),
    Case::of("a reused connection is dead, and no packet comes back")
        .proxy(|it| it.limits(Limits::default().response_timeout(Duration::from_millis(300))))
        .requests(2)
        .acts(&[Tls("http/1.1"), Head, Send(OK), Head, Stall])
        .causes(&[
            (TooSlow, Likely, "Limits::response_timeout(..)"),
            (IdleClosed, Possible, "firewalls and load balancers"),
        ]),
    Case::of("an origin does not answer a first request")
        .proxy(|it| it.limits(Limits::default().response_timeout(Duration::from_millis(300))))
        .acts(&[Tls("http/1.1"), Head, Stall])
        .causes(&[(TooSlow, Certain, "Limits::response_timeout(..)")]),
    upload(Case::of(
        "IIS resets a stream with HTTP_1_1_REQUIRED, as it wants Windows authentication",
    ))
    .acts(reset!("\x0d"))
    .causes(&[(Http1Required, Certain, ".alpn(Alpn::Http1)")]),
    upload(Case::of("the origin refuses streams with REFUSED_STREAM"))
        .acts(reset!("\x07"))
        .causes(&[(OriginDown, Likely, "limit of concurrent streams")]),
    upload(Case::of(
        "the origin resets a stream with ENHANCE_YOUR_CALM",
    ))
    .acts(reset!("\x0b"))
    .causes(&[(BlockedByTheEdge, Likely, "cancel many requests")]),
    upload(Case::of("the origin sends GOAWAY with ENHANCE_YOUR_CALM"))
        .acts(goaway!("\x0b"))
        .causes(&[(BlockedByTheEdge, Likely, "cancel many requests")]),
    upload(Case::of("the origin sends GOAWAY with PROTOCOL_ERROR"))
        .acts(goaway!("\x01"))
        .causes(&[(BrokenHttp, Possible, ".alpn(Alpn::Http1)")]),
    upload(Case::of("the origin resets a stream with INTERNAL_ERROR"))
        .acts(reset!("\x02"))
        .causes(&[(OriginDown, Likely, "restore the origin")]),
    Case::of("the head of the response is larger than the pool allows")
        .url("http://app.example.test")
        .proxy(|it| {
            let pool = PoolSettings::default();
            it.pool(pool.max_response_head(8 * 1024))
        })
        .acts(&[
            Head,
            Send(b"HTTP/1.1 200 OK\r\nset-cookie: "),
            Send(&[b'a'; 9000]),
        ])
        .causes(&[(
            ResponseHeadTooLarge,
            Certain,
            "PoolSettings::max_response_head(..)",
        )]),
    Case::of("a response with Content-Length and Transfer-Encoding")
        .url("http://app.example.test")
        .acts(answer!(
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        ))
        .causes(&[(BrokenHttp, Certain, "remove one of the two")]),
    Case::of("a response with two different Content-Length")
        .url("http://app.example.test")
        .acts(answer!(
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello"
        ))
        .causes(&[(BrokenHttp, Certain, "remove one of the two")]),
    Case::of("a response with a control character in a field")
        .url("http://app.example.test")
        .acts(answer!(b"HTTP/1.1 200 OK\r\nx-a: b\0c\r\n\r\n"))
        .causes(&[(BrokenHttp, Certain, "correct the origin's fields")]),
    Case::of("a chunk without a size")
        .url("http://app.example.test")
        .acts(answer!(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nhello\r\n"
        ))
        .causes(&[(BrokenHttp, Certain, "correct the program that writes")]),
    Case::of("a 101 to a request that asked for no upgrade")
        .url("http://app.example.test")
        .acts(answer!(
            b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
        ))
        .causes(&[(BrokenHttp, Certain, "configure the origin to switch")]),
    Case::of("a server of SSH at the dialled port")
        .url("http://app.example.test:2222")
        .acts(answer!(b"SSH-2.0-OpenSSH_9.2\r\n"))
        .causes(&[(OtherService, Certain, "dial the port")]),
    Case::of("an origin that speaks only HTTP/2, over plain http")
        .url("http://app.example.test:50051")
        .acts(&[Head, Send(SETTINGS)])
        .causes(&[(OtherService, Certain, "dial the port")]),
    Case::of("a PROXY header is sent to a server of plain http, which answers the header")
        .url("http://app.example.test")
        .connector(|it| it.proxy_protocol(ProxyProtocol::V1))
        .acts(&[Send(
            b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n",
        )])
        .causes(&[(
            ProxyHeaderNotExpected,
            Likely,
            "leave out .proxy_protocol(..)",
        )]),
    upload(Case::of("an origin crashes in the middle of a response"))
        .acts(&[
            Tls("http/1.1"),
            Head,
            Send(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello"),
            Reset,
        ])
        .causes(&[(OriginDown, Possible, "restore the origin")]),
];

//! What the client and the origin do in each row.

use h2::Reason;

use super::{
    client::Step::{self as Client, Read, ReadHead, ReadTrailers, Send, SendChunked, SendContent},
    origin::{
        Http1Step::{
            self as Origin, Close, Content, Head, Reset, ResetIfReused, SendBytewise, SendFields,
        },
        Http2Step as H2, Script,
    },
};

/// A client and an origin.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) client: &'static [Client],
    pub(super) origin: Script,
    /// The size of the upload that the origin must receive.
    pub(super) uploads: Option<usize>,
    /// hyper's server in front of the proxy loses the answer.
    pub(super) is_lost_by_hyper: bool,
}

const fn row(name: &'static str, client: &'static [Client], origin: &'static [Origin]) -> Row {
    Row {
        name,
        client,
        origin: Script::Http1(origin),
        uploads: None,
        is_lost_by_hyper: false,
    }
}

/// A row over HTTP/2 to the origin.
const fn h2(name: &'static str, client: &'static [Client], origin: &'static [H2]) -> Row {
    Row {
        name,
        client,
        origin: Script::Http2(origin),
        uploads: None,
        is_lost_by_hyper: false,
    }
}

impl Row {
    /// The origin must receive an upload of this size.
    const fn upload(mut self, size: usize) -> Self {
        self.uploads = Some(size);
        self
    }

    const fn lost_by_hyper(mut self) -> Self {
        self.is_lost_by_hyper = true;
        self
    }
}

const OK: Origin = Origin::Send("HTTP/1.1 200 OK\r\nx-origin: yes\r\ncontent-length: 2\r\n\r\nok");
const UNAUTHORIZED: Origin =
    Origin::Send("HTTP/1.1 401 Unauthorized\r\nx-origin: yes\r\ncontent-length: 2\r\n\r\nno");
const UNAUTHORIZED_AND_CLOSE: Origin = Origin::Send(
    "HTTP/1.1 401 Unauthorized\r\nx-origin: yes\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno",
);
const ACCEPTED: Origin =
    Origin::Send("HTTP/1.1 202 Accepted\r\nx-origin: yes\r\ncontent-length: 2\r\n\r\nok");
const GET: Client = Send("GET / HTTP/1.1\r\nhost: a.test\r\n\r\n");
const GET_WITH_TRAILERS: Client =
    Send("GET / HTTP/1.1\r\nhost: a.test\r\nte: trailers\r\nconnection: te\r\n\r\n");
const POST: Client = Send("POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 3\r\n\r\nabc");
const UPLOAD_5_MB: Client =
    Send("POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 5000000\r\n\r\n");
const UPLOAD_200_KB: Client =
    Send("POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 200000\r\n\r\n");
const UPLOAD_CHUNKED: Client =
    Send("POST / HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n");

pub(super) const ROWS: &[Row] = &[
    row("a GET", &[GET, Read(200)], &[Head, OK]),
    row(
        "two GETs on one connection",
        &[GET, Read(200), GET, Read(200)],
        &[Head, OK],
    ),
    row(
        "four pipelined GETs",
        &[
            GET,
            GET,
            GET,
            GET,
            Read(200),
            Read(200),
            Read(200),
            Read(200),
        ],
        &[Head, OK],
    ),
    row(
        "an origin that closes after each response without saying so",
        &[GET, Read(200), GET, Read(200)],
        &[Head, OK, Close],
    ),
    row(
        "an origin that resets a reused connection on the second GET",
        &[GET, Read(200), GET, Read(200)],
        &[Head, ResetIfReused, OK],
    ),
    row(
        "a PUT to an origin that resets reused connections",
        &[
            Send("PUT / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 3\r\n\r\nabc"),
            Read(200),
            Send("PUT / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 3\r\n\r\nabc"),
            Read(200),
        ],
        &[Head, Content, ResetIfReused, OK],
    ),
    row(
        "an upload of 5 MB",
        &[UPLOAD_5_MB, SendContent(5_000_000), Read(200)],
        &[Head, Content, OK],
    )
    .upload(5_000_000),
    row(
        "a chunked upload",
        &[UPLOAD_CHUNKED, SendChunked(200_000), Read(200)],
        &[Head, Content, OK],
    )
    .upload(200_000),
    row(
        "401 on the head of a 5 MB upload, which the origin reads",
        &[UPLOAD_5_MB, SendContent(5_000_000), Read(401)],
        &[Head, UNAUTHORIZED, Content],
    ),
    row(
        "401 on the head of a 200 KB upload, and a second request",
        &[
            UPLOAD_200_KB,
            SendContent(200_000),
            Read(401),
            UPLOAD_200_KB,
            SendContent(200_000),
            Read(401),
        ],
        &[Head, UNAUTHORIZED, Content],
    ),
    row(
        "401 on the head of a chunked upload, and a second request",
        &[
            UPLOAD_CHUNKED,
            SendChunked(200_000),
            Read(401),
            UPLOAD_CHUNKED,
            SendChunked(200_000),
            Read(401),
        ],
        &[Head, UNAUTHORIZED, Content],
    ),
    row(
        "401 and close on the head of a 5 MB upload, which the origin reads",
        &[UPLOAD_5_MB, SendContent(5_000_000), Read(401)],
        &[Head, UNAUTHORIZED_AND_CLOSE, Content, Close],
    ),
    row(
        "401 and close on the head of a 200 KB upload, which the origin does not read",
        &[UPLOAD_200_KB, SendContent(200_000), Read(401)],
        &[Head, UNAUTHORIZED_AND_CLOSE, Close],
    ),
    row(
        "401 and reset on the head of a 200 KB upload",
        &[UPLOAD_200_KB, SendContent(200_000), Read(401)],
        &[Head, UNAUTHORIZED_AND_CLOSE, Reset],
    ),
    row(
        "202 on the head of an upload, which the origin reads",
        &[
            Send("POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 100000\r\n\r\n"),
            SendContent(100_000),
            Read(202),
        ],
        &[Head, ACCEPTED, Content],
    )
    .upload(100_000),
    row(
        "202 before the client sends its upload",
        &[
            Send("POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 100000\r\n\r\n"),
            SendContent(1),
            Read(202),
            SendContent(99_999),
        ],
        &[Head, ACCEPTED, Content],
    )
    .upload(100_000),
    row(
        "417 to an expectation, and a second request",
        &[
            Send(
                "POST / HTTP/1.1\r\nhost: a.test\r\nexpect: 100-continue\r\n\
                 content-length: 3\r\n\r\n",
            ),
            SendContent(3),
            Read(417),
        ],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 417 Expectation Failed\r\nx-origin: yes\r\ncontent-length: 0\r\n\r\n",
            ),
            Content,
        ],
    ),
    row(
        "an HTTP/1.0 client that keeps its connection",
        &[
            Send("GET / HTTP/1.0\r\nhost: a.test\r\nconnection: keep-alive\r\n\r\n"),
            Read(200),
            Send("GET / HTTP/1.0\r\nhost: a.test\r\nconnection: keep-alive\r\n\r\n"),
            Read(200),
        ],
        &[Head, OK],
    ),
    row(
        "an HTTP/1.0 client without Host",
        &[Send("GET / HTTP/1.0\r\n\r\n"), Read(200)],
        &[Head, OK],
    ),
    row(
        "a chunked response for an HTTP/1.0 client",
        &[Send("GET / HTTP/1.0\r\nhost: a.test\r\n\r\n"), Read(200)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 200 OK\r\nx-origin: yes\r\ntransfer-encoding: chunked\r\n\r\n\
                 2\r\nok\r\n0\r\n\r\n",
            ),
        ],
    ),
    row(
        "a target in absolute form",
        &[
            Send("GET http://a.test/ HTTP/1.1\r\nhost: a.test\r\n\r\n"),
            Read(200),
        ],
        &[Head, OK],
    ),
    row(
        "empty lines before a request",
        &[
            Send("\r\n\r\nGET / HTTP/1.1\r\nhost: a.test\r\n\r\n"),
            Read(200),
        ],
        &[Head, OK],
    ),
    row(
        "a request head with lines that end in LF",
        &[Send("GET / HTTP/1.1\nhost: a.test\n\n"), Read(200)],
        &[Head, OK],
    ),
    row(
        "120 response fields",
        &[GET, Read(200)],
        &[Head, SendFields(120)],
    ),
    row(
        "250 response fields",
        &[GET, Read(200)],
        &[Head, SendFields(250)],
    ),
    row(
        "a response head with lines that end in LF",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send("HTTP/1.1 200 OK\nx-origin: yes\ncontent-length: 2\n\nok"),
        ],
    ),
    row(
        "whitespace before the colon of a response field",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 200 OK\r\nx-origin: yes\r\nx-a : 1\r\ncontent-length: 2\r\n\r\nok",
            ),
        ],
    ),
    row(
        "a folded response field",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 200 OK\r\nx-origin: yes\r\nx-a: 1\r\n 2\r\ncontent-length: 2\r\n\r\nok",
            ),
        ],
    ),
    row(
        "a status line without a reason",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send("HTTP/1.1 200\r\nx-origin: yes\r\ncontent-length: 2\r\n\r\nok"),
        ],
    ),
    row(
        "bytes beyond ASCII in a response field and the reason",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 200 Öl\r\nx-origin: yes\r\nx-a: ü\r\ncontent-length: 2\r\n\r\nok",
            ),
        ],
    ),
    row(
        "Content-Length twice with the same value",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 200 OK\r\nx-origin: yes\r\ncontent-length: 2\r\n\
                 content-length: 2\r\n\r\nok",
            ),
        ],
    ),
    row(
        "a response that ends with the connection",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send("HTTP/1.1 200 OK\r\nx-origin: yes\r\n\r\nok"),
            Close,
        ],
    ),
    row(
        "an HTTP/1.0 response",
        &[GET, Read(200), GET, Read(200)],
        &[
            Head,
            Origin::Send("HTTP/1.0 200 OK\r\nx-origin: yes\r\ncontent-length: 2\r\n\r\nok"),
            Close,
        ],
    ),
    row(
        "a response in packets of one byte",
        &[GET, Read(200)],
        &[
            Head,
            SendBytewise(
                "HTTP/1.1 200 OK\r\nx-origin: yes\r\ntransfer-encoding: chunked\r\n\r\n\
                 2\r\nok\r\n0\r\n\r\n",
            ),
        ],
    ),
    row(
        "interim responses",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
                 HTTP/1.1 200 OK\r\nx-origin: yes\r\ncontent-length: 2\r\n\r\nok",
            ),
        ],
    ),
    row(
        "204 with Content-Length: 0, and a second request",
        &[GET, Read(204), GET, Read(204)],
        &[
            Head,
            Origin::Send("HTTP/1.1 204 No Content\r\nx-origin: yes\r\ncontent-length: 0\r\n\r\n"),
        ],
    ),
    row(
        "304 with the length of the content that was not sent",
        &[GET, Read(304), GET, Read(304)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 304 Not Modified\r\nx-origin: yes\r\ncontent-length: 100\r\n\r\n",
            ),
        ],
    ),
    row(
        "the response to HEAD, and a second request",
        &[
            Send("HEAD / HTTP/1.1\r\nhost: a.test\r\n\r\n"),
            ReadHead(200),
            Send("HEAD / HTTP/1.1\r\nhost: a.test\r\n\r\n"),
            ReadHead(200),
        ],
        &[
            Head,
            Origin::Send("HTTP/1.1 200 OK\r\nx-origin: yes\r\ncontent-length: 100\r\n\r\n"),
        ],
    ),
    row(
        "trailers for a client that accepts them",
        &[GET_WITH_TRAILERS, ReadTrailers(200)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 200 OK\r\nx-origin: yes\r\ntrailer: x-sum\r\n\
                 transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n",
            ),
        ],
    ),
    row(
        "chunk extensions",
        &[GET, Read(200)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 200 OK\r\nx-origin: yes\r\ntransfer-encoding: chunked\r\n\r\n\
                 2;a=b\r\nok\r\n0;c\r\n\r\n",
            ),
        ],
    ),
    row(
        "426 with Upgrade",
        &[GET, Read(426)],
        &[
            Head,
            Origin::Send(
                "HTTP/1.1 426 Upgrade Required\r\nx-origin: yes\r\nupgrade: h2c\r\n\
                 connection: upgrade\r\ncontent-length: 0\r\n\r\n",
            ),
        ],
    ),
    row(
        "unknown statuses",
        &[GET, Read(599)],
        &[
            Head,
            Origin::Send("HTTP/1.1 599 Custom\r\nx-origin: yes\r\ncontent-length: 0\r\n\r\n"),
        ],
    ),
    row(
        "an unknown method",
        &[Send("PURGE /a HTTP/1.1\r\nhost: a.test\r\n\r\n"), Read(200)],
        &[Head, OK],
    ),
    row(
        "a path with unusual characters",
        &[
            Send("GET /a%2Fb/../c|d?x=[1]&y=%zz HTTP/1.1\r\nhost: a.test\r\n\r\n"),
            Read(200),
        ],
        &[Head, OK],
    ),
    h2("h2: a GET", &[GET, Read(200)], &[H2::Respond(200)]),
    h2(
        "h2: GETs after a GOAWAY with each response",
        &[GET, Read(200), GET, Read(200), GET, Read(200)],
        &[H2::GoAway, H2::Respond(200)],
    ),
    h2(
        "h2: POSTs after a GOAWAY with each response",
        &[POST, Read(200), POST, Read(200), POST, Read(200)],
        &[H2::Content, H2::Respond(200), H2::GoAway],
    ),
    h2(
        "h2: GETs while each response is followed by the end of the connection",
        &[GET, Read(200), GET, Read(200), GET, Read(200)],
        &[H2::Respond(200), H2::Close],
    ),
    h2(
        "h2: a POST whose first stream is refused",
        &[POST, Read(200)],
        &[
            H2::ResetFirstStream(Reason::REFUSED_STREAM),
            H2::Content,
            H2::Respond(200),
        ],
    ),
    h2(
        "h2: an upload of 5 MB",
        &[UPLOAD_5_MB, SendContent(5_000_000), Read(200)],
        &[H2::Content, H2::Respond(200)],
    )
    .upload(5_000_000),
    h2(
        "h2: 401 on the head of a 5 MB upload, which the origin reads",
        &[UPLOAD_5_MB, SendContent(5_000_000), Read(401)],
        &[H2::Respond(401), H2::Content],
    ),
    h2(
        "h2: 401 on the head of a 200 KB upload, and a second request",
        &[
            UPLOAD_200_KB,
            SendContent(200_000),
            Read(401),
            UPLOAD_200_KB,
            SendContent(200_000),
            Read(401),
        ],
        &[H2::Respond(401), H2::Content],
    ),
    h2(
        "h2: 401 on the head of a 5 MB upload, which the origin does not read",
        &[UPLOAD_5_MB, SendContent(5_000_000), Read(401)],
        &[H2::Respond(401)],
    ),
    h2(
        "h2: 202 on the head of an upload, which the origin reads",
        &[UPLOAD_200_KB, SendContent(200_000), Read(202)],
        &[H2::Respond(202), H2::Content],
    )
    .upload(200_000),
    h2(
        "h2: a response that ends after its upload",
        &[UPLOAD_200_KB, SendContent(200_000), Read(200)],
        &[H2::SendHead(200, &[]), H2::Content, H2::End],
    )
    .upload(200_000),
    h2(
        "h2: trailers for a client that accepts them",
        &[GET_WITH_TRAILERS, ReadTrailers(200)],
        &[
            H2::SendHead(200, &[("trailer", "x-sum")]),
            H2::EndWithTrailers,
        ],
    ),
    h2(
        "h2: trailers that the response does not announce",
        &[GET_WITH_TRAILERS, ReadTrailers(200)],
        &[H2::SendHead(200, &[]), H2::EndWithTrailers],
    )
    // hyper's server sends only trailers that the field Trailer announces.
    .lost_by_hyper(),
];

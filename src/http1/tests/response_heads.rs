//! Heads of responses, well-formed and malformed.
//!
//! The parser is called directly, without a stream, with a head that arrives at once or byte by
//! byte.

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, Version, header::CONNECTION};

use crate::http1::{
    Http1Error,
    head_builder::ResponseHead,
    head_cache::HeadCache,
    response_head::{HeadMemory, MAX_FIELDS, ResponseHeadReader, USUAL_FIELDS},
};

const MAX: usize = 1000;

fn read(bytes: &[u8]) -> Result<Option<ResponseHead>, Http1Error> {
    read_next(&mut ResponseHeadReader::default(), &mut bytes.into(), MAX)
}

/// Reads a head without any memory of an earlier one.
fn read_next(
    reader: &mut ResponseHeadReader,
    bytes: &mut BytesMut,
    max: usize,
) -> Result<Option<ResponseHead>, Http1Error> {
    let mut memory = HeadMemory {
        cache: &mut HeadCache::default(),
        map: &mut HeaderMap::new(),
    };
    reader.read(bytes, max, &mut memory)
}

fn complete(bytes: &[u8]) -> ResponseHead {
    read(bytes).unwrap().unwrap()
}

#[test]
fn a_head_is_read_whatever_its_pieces_are() {
    let bytes = b"\r\nHTTP/1.1 200 OK\r\nA: b\r\nempty:\r\nB:\t c d \r\na: e\r\n\r\nrest";
    for first in 0..bytes.len() {
        let mut reader = ResponseHeadReader::default();
        let mut buffer = BytesMut::from(&bytes[..first]);
        let early = read_next(&mut reader, &mut buffer, MAX).unwrap();
        buffer.extend_from_slice(&bytes[first..]);
        let head = match early {
            Some(head) => head,
            None => read_next(&mut reader, &mut buffer, MAX).unwrap().unwrap(),
        };
        assert_eq!(
            (head.status.as_u16(), head.version),
            (200, Version::HTTP_11)
        );
        assert_eq!(head.headers.len(), 4);
        let all: Vec<_> = head.headers.get_all("a").iter().collect();
        assert_eq!(all, ["b", "e"]);
        assert_eq!(
            (&head.headers["empty"], &head.headers["b"]),
            (
                &HeaderValue::from_static(""),
                &HeaderValue::from_static("c d")
            )
        );
        assert_eq!(buffer, "rest");
    }
}

#[test]
fn a_success_takes_the_map_of_its_request_and_no_field_of_it() {
    let request = || {
        HeaderMap::from_iter([("a", "1"), ("z", "2")].map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        }))
    };
    for (status, takes) in [
        (200, true),
        (206, true),
        (100, false),
        (304, false),
        (421, false),
    ] {
        let mut bytes = format!("HTTP/1.1 {status} \r\nA: b\r\n\r\n");
        let mut map = request();
        let mut memory = HeadMemory {
            cache: &mut HeadCache::default(),
            map: &mut map,
        };
        let mut reader = ResponseHeadReader::default();
        let head = reader.read(&mut bytes.as_bytes().into(), MAX, &mut memory);
        let headers = head.unwrap().unwrap().headers;
        assert_eq!(
            (headers.len(), &headers["a"]),
            (1, &HeaderValue::from_static("b"))
        );
        assert_eq!(map.is_empty(), takes, "{status}");
        assert!(takes || map == request());
        bytes.clear();
    }
}

#[test]
fn only_connection_lines_of_one_plain_option_are_left_out() {
    let head = complete(
        b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nA: b\r\nConnection: close, a\r\n\
          connection: close\r\nConnection: upgrade\r\n\r\n",
    );
    let lines: Vec<_> = head.headers.get_all(CONNECTION).iter().collect();
    assert_eq!(lines, ["close, a", "upgrade"]);
    let refusal = complete(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    assert_eq!(refusal.headers[CONNECTION], "close");
    assert!(refusal.plain_options.close);
    assert!(head.plain_options.keep_alive && head.plain_options.close);
    assert_eq!(head.headers.len(), 3);
}

#[test]
fn only_a_reason_that_is_not_canonical_is_kept() {
    let reason = |bytes: &str| complete(bytes.as_bytes()).reason;
    assert!(reason("HTTP/1.1 200 OK\r\n\r\n").is_none());
    assert_eq!(
        reason("HTTP/1.1 200 Fine\r\n\r\n").unwrap().as_bytes(),
        b"Fine"
    );
    let non_ascii = complete(b"HTTP/1.1 200 D\xe9j\xe0 \xe2\r\na: b\r\n\r\n").reason;
    assert_eq!(non_ascii.unwrap().as_bytes(), b"D\xe9j\xe0 \xe2");
    assert_eq!(reason("HTTP/1.1 299 \r\n\r\n").unwrap().as_bytes(), b"");
    assert_eq!(reason("HTTP/1.1 200\r\n\r\n").unwrap().as_bytes(), b"");
}

#[test]
fn a_malformed_head_is_refused() {
    let heads: [&[u8]; 21] = [
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"http/1.1 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"\x15\x03\x01",
        b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
        b"HTTP/1.1 200 OK\n\ta: b\n\n",
        b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na(b): c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\r\n\r\n",
        b"HTTP/1.1 200 O\0K\r\n\r\n",
        b"\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ];
    for head in heads {
        assert!(read(head).is_err(), "{}", head.escape_ascii());
    }
}

#[test]
fn a_head_may_be_as_large_as_its_limit_and_no_larger() {
    let head = |size: usize| {
        let fill = "x".repeat(size - 24);
        format!("HTTP/1.1 200 OK\r\na: {fill}\r\n\r\n")
    };
    assert_eq!(head(MAX).len(), MAX);
    assert!(read(head(MAX).as_bytes()).is_ok_and(|head| head.is_some()));
    let larger = head(MAX + 1);
    for end in [MAX + 1, larger.len()] {
        let outcome = read(&larger.as_bytes()[..end]);
        assert!(matches!(outcome, Err(Http1Error::HeadTooLarge)));
    }
}

#[test]
fn fields_are_limited_by_the_size_of_the_head_and_by_what_a_map_can_hold() {
    for (count, is_read) in [
        (USUAL_FIELDS, true),
        (USUAL_FIELDS + 1, true),
        (MAX_FIELDS, true),
        (MAX_FIELDS + 1, false),
        (40_000, false),
    ] {
        let fields: String = (0..count).map(|at| format!("{at}:\r\n")).collect();
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        let (mut reader, mut bytes) = (ResponseHeadReader::default(), head.as_bytes().into());
        let outcome = read_next(&mut reader, &mut bytes, 1 << 20);
        match outcome {
            Ok(head) if is_read => assert_eq!(head.unwrap().headers.len(), count),
            outcome => assert!(
                !is_read && matches!(outcome, Err(Http1Error::HeadTooLarge)),
                "{count}"
            ),
        }
    }
}

#[test]
fn lenient_syntax_means_the_same_as_the_strict_one() {
    let strict = complete(b"HTTP/1.1 200 Fine\r\na: b\r\nc: d e\r\nf:\r\n\r\n");
    for bytes in [
        &b"HTTP/1.1 200 Fine\na: b\nc: d e\nf:\n\n"[..],
        b"\nHTTP/1.1 200 Fine\r\na: b\nc: d e\r\nf:\r\n\n",
        b"HTTP/1.1 200 Fine\r\na : b\r\nc\t: d e\r\nf \t:\r\n\r\n",
        b"HTTP/1.1 200 Fine\r\na:\r\n b\r\nc: d\r\n e\r\nf:\r\n \r\n\r\n",
        b"HTTP/1.1 200 Fine\na: b\nc: d\n  e\nf:\n\t\n\n",
    ] {
        let head = complete(bytes);
        assert_eq!(head.headers, strict.headers, "{}", bytes.escape_ascii());
        assert_eq!(head.reason.unwrap().as_bytes(), b"Fine");
    }
}

/// Heads that differ in a byte or two, in an arbitrary order.
fn similar_heads() -> impl Iterator<Item = Vec<u8>> {
    const HEADS: [&[u8]; 4] = [
        b"HTTP/1.1 200 OK\r\na: b\r\nc: d\r\nconnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\nc:  e \r\nconnection: close\r\nb: f\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\na:\r\nc: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\na: b\r\n c\r\ncontent-length: 5\r\n\r\n",
    ];
    // A linear congruential generator is random enough.
    let mut seed = 0x9e37_79b9_u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize
    };
    (0..20_000).map(move |_| {
        let mut head = HEADS[random() % HEADS.len()].to_vec();
        for _ in 0..random() % 3 {
            let at = random() % head.len();
            head[at] = match random() % 2 {
                0 => random() as u8,
                _ => head[random() % head.len()],
            };
        }
        head
    })
}

#[test]
fn arbitrary_bytes_are_refused_or_incomplete() {
    for head in similar_heads() {
        let _ = read(&head);
    }
}

#[test]
fn a_head_reads_the_same_whatever_the_heads_before_it_were() {
    let mut cache = HeadCache::default();
    // The third time, the whole head is remembered.
    let repeated = |bytes| std::iter::repeat_n(bytes, 3);
    for bytes in similar_heads().flat_map(repeated) {
        let mut memory = HeadMemory {
            cache: &mut cache,
            map: &mut HeaderMap::new(),
        };
        let mut reader = ResponseHeadReader::default();
        let after_others = reader.read(&mut bytes.as_slice().into(), MAX, &mut memory);
        let alone = format!("{:?}", read(&bytes));
        assert_eq!(
            format!("{after_others:?}"),
            alone,
            "{}",
            bytes.escape_ascii()
        );
    }
}

//! HTTP/2 as raw bytes, for messages that no correct peer sends: frames, and fields as literals.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// A frame on the wire (RFC 9113 section 4.1).
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    pub(super) fn new(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Self {
        Self {
            kind,
            flags,
            stream,
            payload: payload.to_vec(),
        }
    }

    pub(super) async fn write(&self, io: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
        let length = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        io.write_all(&bytes).await?;
        io.flush().await
    }

    pub(super) async fn read(io: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Self> {
        let mut head = [0; 9];
        io.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        io.read_exact(&mut payload).await?;
        Ok(Self {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]),
            payload,
        })
    }

    /// The code of RST_STREAM or GOAWAY.
    pub(super) fn code(&self) -> u32 {
        let at = match self.kind {
            GOAWAY => 4,
            _ => 0,
        };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The status of a response whose block begins with it, as responses' do.
    pub(super) fn status(&self) -> u16 {
        const STATIC: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
        match self.payload[0] {
            index @ 0x88..=0x8e => STATIC[usize::from(index - 0x88)],
            _ => digits(self.payload[1], &self.payload[2..]),
        }
    }
}

/// Three digits as a string of HPACK (RFC 7541 section 5.2), which may be in its Huffman code.
fn digits(length: u8, bytes: &[u8]) -> u16 {
    if length & 0x80 == 0 {
        return std::str::from_utf8(&bytes[..3]).unwrap().parse().unwrap();
    }
    let mut four = [0; 4];
    let length = bytes.len().min(3);
    four[..length].copy_from_slice(&bytes[..length]);
    let bits = u32::from_be_bytes(four);
    let mut at = 0;
    let mut number = 0;
    for _ in 0..3 {
        let rest = bits << at;
        let (digit, width) = match rest >> 27 {
            short @ 0..=2 => (short, 5),
            // 3 to 9 are 011001 to 011111.
            _ => ((rest >> 26) - 0b01_1001 + 3, 6),
        };
        number = number * 10 + u16::try_from(digit).unwrap();
        at += width;
    }
    number
}

/// Fields as literals that are not indexed (RFC 7541 section 6.2.2), whatever bytes they have.
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        string(&mut block, name);
        string(&mut block, value);
    }
    block
}

fn string(block: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).unwrap());
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push(u8::try_from(length % 128).unwrap() | 0x80);
            length /= 128;
        }
        block.push(u8::try_from(length).unwrap());
    }
    block.extend(text.as_bytes());
}

#[test]
fn statuses_are_decoded_from_hpack() {
    let status = |payload: &[u8]| Frame::new(HEADERS, 0, 1, payload).status();
    assert_eq!(status(&[0x88]), 200);
    assert_eq!(status(&[0x8c]), 400);
    // 302 and 307 are examples in appendix C.6 of RFC 7541.
    assert_eq!(status(&[0x48, 0x82, 0x64, 0x02]), 302);
    assert_eq!(status(&[0x48, 0x83, 0x64, 0x0e, 0xff]), 307);
    assert_eq!(status(&[0x48, 3, b'5', b'0', b'2']), 502);
}

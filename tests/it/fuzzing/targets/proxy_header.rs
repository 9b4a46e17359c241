//! Any client: the PROXY header that the origin receives says the same.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use cdn_origin::{
    CdnOriginConnector,
    dial::ProxyProtocol,
    downstream::{ClientAddress, ClientTls},
};
use http::Uri;
use proxy_header::{ParseConfig, ProxyHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

use super::{in_memory, input::Input};

/// The type of a value with the requested host.
const AUTHORITY: u8 = 2;

/// The type of a value with the parameters of the client's TLS.
const TLS: u8 = 0x20;

/// What the client sends after the header.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

/// The input is a byte of settings, source and destination, and values, each with its type and
/// length.
///
/// Returns `Some` if the header has values.
pub fn run(bytes: &[u8]) -> Option<()> {
    let mut input = Input(bytes);
    let settings = input.byte();
    let source = address(&mut input, settings & 1 != 0);
    let mut client = ClientAddress::new(source);
    let mut destination = None;
    if settings & 2 != 0 {
        let address = address(&mut input, settings & 4 != 0);
        client = client.destination(address);
        destination = Some(address);
    }
    let mut values = BTreeMap::new();
    while !input.is_empty() {
        let kind = input.byte();
        let length = usize::from(input.number() % 600);
        let value = input.bytes(length);
        if let Some(changed) = with_tlv(client.clone(), kind, value) {
            client = changed;
            let value = match kind {
                AUTHORITY => String::from_utf8_lossy(value).into_owned().into_bytes(),
                _ => value.to_vec(),
            };
            values.insert(kind, value);
        }
    }
    let is_binary = settings & 8 != 0;
    let protocol = match is_binary {
        true => ProxyProtocol::V2,
        false => ProxyProtocol::V1,
    };
    let sent = sent(protocol, client);
    assert!(sent.len() < 16 * 1024, "{} bytes", sent.len());
    let (header, length) = ProxyHeader::parse(&sent, ParseConfig::default()).expect("a header");
    assert_eq!(&sent[length..], REQUEST);
    let found = header.proxied_address().expect("addresses");
    let canonical = |address: SocketAddr| (address.ip().to_canonical(), address.port());
    assert_eq!(canonical(found.source), canonical(source));
    match destination {
        Some(destination) => assert_eq!(canonical(found.destination), canonical(destination)),
        None => assert!(found.destination.ip().is_unspecified()),
    }
    if !is_binary {
        return None;
    }
    // A block of 12 or 36 bytes of addresses follows the first 16 (section 2.2).
    let addresses = match sent[13] >> 4 {
        1 => 12,
        _ => 36,
    };
    let mut found = tlvs(&sent[16 + addresses..length]);
    // The parts of TLS parameters have types of their own.
    assert_eq!(found.remove(&TLS).is_some(), values.remove(&TLS).is_some());
    assert_eq!(found, values);
    (!values.is_empty()).then_some(())
}

/// The values of a binary header behind its addresses (section 2.2 of the specification).
fn tlvs(mut rest: &[u8]) -> BTreeMap<u8, Vec<u8>> {
    let mut values = BTreeMap::new();
    while let [kind, high, low, after @ ..] = rest {
        let (value, next) = after.split_at(u16::from_be_bytes([*high, *low]).into());
        assert!(
            values.insert(*kind, value.to_vec()).is_none(),
            "a type appears twice"
        );
        rest = next;
    }
    assert!(rest.is_empty());
    values
}

fn address(input: &mut Input<'_>, is_v6: bool) -> SocketAddr {
    let ip = match is_v6 {
        true => {
            let mut octets = [0; 16];
            octets.fill_with(|| input.byte());
            IpAddr::from(octets)
        }
        false => {
            let mut octets = [0; 4];
            octets.fill_with(|| input.byte());
            IpAddr::from(octets)
        }
    };
    SocketAddr::new(ip, input.number())
}

fn with_tlv(client: ClientAddress, kind: u8, value: &[u8]) -> Option<ClientAddress> {
    let text = String::from_utf8_lossy(value);
    let changed = match kind {
        1 => client.alpn(value),
        AUTHORITY => client.authority(text),
        5 => client.unique_id(value),
        TLS => {
            let (name, cipher) = text.split_once(';').unwrap_or((&text, ""));
            let tls = ClientTls::new("TLSv1.3").cipher(cipher);
            client.tls(tls.verified_common_name(name))
        }
        kind => client.custom(kind, value),
    };
    changed.ok()
}

/// All that the origin receives.
fn sent(protocol: ProxyProtocol, client: ClientAddress) -> Vec<u8> {
    let received = Arc::new(Mutex::new(Vec::new()));
    let kept = received.clone();
    let transport = in_memory::transport(move |_, mut stream| {
        let kept = kept.clone();
        async move {
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes).await;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
        }
    });
    in_memory::run(async move {
        let connector = CdnOriginConnector::builder("http://www.example.test")
            .proxy_protocol(protocol)
            .transport(transport)
            .build()
            .expect("a connector")
            .with_client(client);
        let mut stream = connector.oneshot(Uri::default()).await.expect("a stream");
        stream.write_all(REQUEST).await.expect("an open stream");
        stream.shutdown().await.expect("an open stream");
    });
    let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut received)
}

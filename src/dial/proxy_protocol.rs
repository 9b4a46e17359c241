//! `ProxyProtocol`: the header with the client's address.

use std::{io, net::SocketAddr, time::Duration};

use proxy_header::{ProxiedAddress, ProxyHeader, SslInfo, Tlv};
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    downstream::{ClientAddress, ClientTls, ProxyTlv, TlvContent},
    error::{Facts, Stage},
};

use super::{DialFailure, DialedIo};

/// Sends the client's address to the origin with the [PROXY protocol].
///
/// The header is the first data on the connection, before TLS. The default of a connector is no
/// header. The time to write it counts towards
/// [`Timeouts::dial`](crate::connector::Timeouts::dial).
///
/// The origin must expect the header: nginx with `listen ... proxy_protocol`, HAProxy with
/// `accept-proxy`. It should accept the header from this peer only, because the header is not
/// authenticated.
///
/// [PROXY protocol]: https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
///
/// ```
/// use cdn_origin::{CdnOriginConnector, dial::ProxyProtocol};
///
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .proxy_protocol(ProxyProtocol::V2)
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProxyProtocol {
    /// Version 1: one line of text (section 2.1 of the specification).
    ///
    /// For example `PROXY TCP4 203.0.113.7 198.51.100.1 40001 443`, or `PROXY UNKNOWN` if the
    /// client is not known.
    V1,
    /// Version 2: binary, with TLVs (section 2.2 of the specification).
    ///
    /// The command is `LOCAL` if the client is not known.
    V2,
}

impl ProxyProtocol {
    /// Writes the header within the time that is left.
    pub(crate) async fn send_header(
        self,
        client: Option<&ClientAddress>,
        io: &mut DialedIo,
        left: Duration,
        facts: &mut Facts,
    ) -> Result<(), DialFailure> {
        let header = self.header(client);
        let write = async {
            io.write_all(&header).await?;
            io.flush().await
        };
        match timeout(left, write).await {
            Ok(Ok(())) => {
                facts.proxy_header = true;
                Ok(())
            }
            Ok(Err(error)) => Err(DialFailure::connecting(io::Error::into(error))),
            Err(_elapsed) => {
                facts.deadline = Some(left);
                Err(DialFailure::timed_out(Stage::Dial))
            }
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "both addresses are of one family, values are bounded, and version 1 is given none"
    )]
    fn header(self, client: Option<&ClientAddress>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut header = client.map_or_else(ProxyHeader::with_local, |client| {
            let (source, destination): (SocketAddr, SocketAddr) = client.ends();
            ProxyHeader::with_address(ProxiedAddress::stream(source, destination))
        });
        match self {
            Self::V1 => header.encode_v1(&mut bytes),
            Self::V2 => {
                let tlvs = client.map(ClientAddress::tlvs).unwrap_or_default();
                for tlv in tlvs {
                    header.append_tlv(encoded(tlv));
                }
                header.encode_v2(&mut bytes)
            }
        }
        .expect("an address of one family makes a header");
        bytes
    }
}

fn encoded(tlv: &ProxyTlv) -> Tlv<'_> {
    match tlv.content() {
        TlvContent::Alpn(protocol) => Tlv::Alpn(protocol.into()),
        TlvContent::Authority(name) => Tlv::Authority(name.into()),
        TlvContent::UniqueId(id) => Tlv::UniqueId(id.into()),
        TlvContent::Tls(tls) => Tlv::Ssl(encoded_tls(tls)),
        TlvContent::Custom(kind, value) => Tlv::Custom(*kind, value.into()),
    }
}

/// `verify` is zero only where a certificate was presented and verified (section 2.2.6).
fn encoded_tls(tls: &ClientTls) -> SslInfo<'_> {
    let verified = tls.common_name.is_some();
    let mut info = SslInfo::new(true, verified, verified, u32::from(!verified));
    info.append_tlv(Tlv::SslVersion((&tls.version).into()));
    if let Some(name) = &tls.common_name {
        info.append_tlv(Tlv::SslCn(name.into()));
    }
    if let Some(cipher) = &tls.cipher {
        info.append_tlv(Tlv::SslCipher(cipher.into()));
    }
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(source: &str) -> ClientAddress {
        let source: SocketAddr = source.parse().unwrap();
        ClientAddress::new(source)
    }

    fn text(client: Option<&ClientAddress>) -> String {
        String::from_utf8(ProxyProtocol::V1.header(client)).unwrap()
    }

    #[test]
    fn version_1_is_a_line() {
        let listener: SocketAddr = "198.51.100.1:443".parse().unwrap();
        let downstream = client("203.0.113.7:40001").destination(listener);
        assert_eq!(
            text(Some(&downstream)),
            "PROXY TCP4 203.0.113.7 198.51.100.1 40001 443\r\n"
        );
        assert_eq!(text(None), "PROXY UNKNOWN\r\n");
    }

    #[test]
    fn an_unknown_destination_is_zeros_of_the_downstreams_family() {
        let four = client("203.0.113.7:40001");
        assert_eq!(
            text(Some(&four)),
            "PROXY TCP4 203.0.113.7 0.0.0.0 40001 0\r\n"
        );
        let six = client("[2001:db8::7]:40001");
        assert_eq!(text(Some(&six)), "PROXY TCP6 2001:db8::7 :: 40001 0\r\n");
    }

    #[test]
    fn a_mapped_address_is_that_of_ipv4_and_mixed_families_are_sent_as_ipv6() {
        let mapped = client("[::ffff:203.0.113.7]:1");
        assert_eq!(
            text(Some(&mapped)),
            "PROXY TCP4 203.0.113.7 0.0.0.0 1 0\r\n"
        );
        let listener: SocketAddr = "[2001:db8::1]:443".parse().unwrap();
        assert_eq!(
            text(Some(&mapped.destination(listener))),
            "PROXY TCP6 ::ffff:203.0.113.7 2001:db8::1 1 443\r\n"
        );
    }

    /// Section 2.2 of the specification, byte by byte.
    #[test]
    fn version_2_is_encoded_as_specified() {
        let listener: SocketAddr = "198.51.100.1:443".parse().unwrap();
        let tls = ClientTls::new("TLSv1.3").verified_common_name("me");
        let downstream = client("203.0.113.7:40001")
            .destination(listener)
            .custom(0xEA, [7])
            .unwrap()
            .tls(tls)
            .unwrap()
            .unique_id("id")
            .unwrap()
            .alpn("http/1.1")
            .unwrap()
            .alpn("h2")
            .unwrap()
            .authority("a.example")
            .unwrap();

        let header = ProxyProtocol::V2.header(Some(&downstream));

        let mut expected = Vec::from(*b"\r\n\r\n\0\r\nQUIT\n\x21\x11");
        expected.extend([0, 12 + 5 + 12 + 5 + 23 + 4]);
        expected.extend([203, 0, 113, 7, 198, 51, 100, 1, 0x9C, 0x41, 0x01, 0xBB]);
        expected.extend(b"\x01\0\x02h2\x02\0\x09a.example\x05\0\x02id");
        expected.extend(b"\x20\0\x14\x07\0\0\0\0\x21\0\x07TLSv1.3\x22\0\x02me");
        expected.extend(b"\xEA\0\x01\x07");
        assert_eq!(header, expected);
        assert_eq!(
            ProxyProtocol::V2.header(None),
            b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
        );
    }

    #[test]
    fn the_longest_header_is_below_16_kibibytes() {
        let long = "x".repeat(255);
        let tls = ClientTls::new(&long)
            .cipher(&long)
            .verified_common_name(&long);
        let mut downstream = client("[2001:db8::7]:40001")
            .tls(tls)
            .unwrap()
            .alpn(long.as_str())
            .unwrap()
            .authority(&long)
            .unwrap()
            .unique_id([1; 128])
            .unwrap();
        for kind in 0xE0..=0xF7 {
            downstream = downstream.custom(kind, [0; 512]).unwrap();
        }
        let header = ProxyProtocol::V2.header(Some(&downstream));
        assert!(header.len() < 16 * 1024, "{}", header.len());
    }
}

//! The code that diagnoses and probes print. `src/probe/printed_code.rs` writes this file.

#![allow(dead_code, reason = "the code only has to compile")]

use std::error::Error;

use cdn_origin::{
    Alpn, CdnOriginConnector, ForwardedLayer, HostRewriteLayer, Roots, TlsVersion, VerifyPolicy,
    connector::CdnOriginBuilder,
    dial::ProxyProtocol,
    origin::Scheme,
    tls::{ClientIdentity, TlsParameters},
};
#[cfg(feature = "ech")]
use cdn_origin::tls::Ech;

fn builder() -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://www.example.com")
}

fn fix_0() -> Result<(), Box<dyn Error>> {
    let pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse()?;
    let _policy = VerifyPolicy::native_roots().and_pin(pin);
    Ok(())
}

fn fix_1() -> Result<(), Box<dyn Error>> {
    let _value = CdnOriginConnector::builder("https://www.example.com:8443");
    Ok(())
}

fn fix_2() -> Result<(), Box<dyn Error>> {
    let (chain, key) = ("", "");
    let _built = builder()
.client_identity(ClientIdentity::pem(chain, key))
        .build()?;
    Ok(())
}

fn fix_3() -> Result<(), Box<dyn Error>> {
    let _layer = ForwardedLayer::new().client_scheme(Scheme::Https);
    Ok(())
}

#[cfg(feature = "ech")]
fn fix_4() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.ech(Ech::config_list(""))
        .build()?;
    Ok(())
}

fn fix_5() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.expected_name("www.example.com")
        .build()?;
    Ok(())
}

fn fix_6() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.expected_name("192.0.2.1")
        .build()?;
    Ok(())
}

fn fix_7() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.expected_name("www.example.com")
        .build()?;
    Ok(())
}

fn fix_8() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.host("www.example.com:8443")
        .build()?;
    Ok(())
}

fn fix_9() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.host("www.example.com:8443")
        .build()?;
    Ok(())
}

fn fix_10() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.host("..")
        .build()?;
    Ok(())
}

fn fix_11() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.host("www.example.com:8443")
        .build()?;
    Ok(())
}

fn fix_12() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.host("www.example.com:8443")
        .build()?;
    Ok(())
}

fn fix_13() -> Result<(), Box<dyn Error>> {
    let _value = HostRewriteLayer::to("www.example.com:8443");
    Ok(())
}

fn fix_14() -> Result<(), Box<dyn Error>> {
    let _value = HostRewriteLayer::to("www.example.com:8443");
    Ok(())
}

fn fix_15() -> Result<(), Box<dyn Error>> {
    let _value = HostRewriteLayer::to("..");
    Ok(())
}

fn fix_16() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.host("..")
        .build()?;
    Ok(())
}

fn fix_17() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.omit_sni()
        .build()?;
    Ok(())
}

fn fix_18() -> Result<(), Box<dyn Error>> {
    let _value = HostRewriteLayer::preserve();
    Ok(())
}

fn fix_19() -> Result<(), Box<dyn Error>> {
    let pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse()?;
    let _built = builder()
.verify(VerifyPolicy::pinned(pin))
        .build()?;
    Ok(())
}

fn fix_20() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.proxy_protocol(ProxyProtocol::V2)
        .build()?;
    Ok(())
}

fn fix_21() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.sni("www.example.com")
        .build()?;
    Ok(())
}

fn fix_22() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.sni("www.example.com").expected_name("origin.example")
        .build()?;
    Ok(())
}

fn fix_23() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.sni("www.example.com").expected_name("origin.example").host("www.example.com")
        .build()?;
    Ok(())
}

fn fix_24() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.sni("www.example.com")
        .build()?;
    Ok(())
}

fn fix_25() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.sni("www.example.com")
        .build()?;
    Ok(())
}

fn fix_26() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.sni("www.example.com")
        .build()?;
    Ok(())
}

fn fix_27() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.sni("..")
        .build()?;
    Ok(())
}

fn fix_28() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.verify(VerifyPolicy::roots(Roots::native().and(Roots::pem(""))))
        .build()?;
    Ok(())
}

fn fix_29() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.verify(VerifyPolicy::roots(Roots::pem("")))
        .build()?;
    Ok(())
}

fn fix_30() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.tls_parameters(TlsParameters::default().key_exchange_groups(["x25519", "secp256r1", "secp384r1"]))
        .build()?;
    Ok(())
}

fn fix_31() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.tls_parameters(TlsParameters::default().key_exchange_groups(["secp256r1", "secp384r1", "x25519"]))
        .build()?;
    Ok(())
}

fn fix_32() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.alpn(Alpn::Http1)
        .build()?;
    Ok(())
}

fn fix_33() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.alpn(Alpn::Http2)
        .build()?;
    Ok(())
}

fn fix_34() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.alpn(Alpn::Http2OrHttp1)
        .build()?;
    Ok(())
}

fn fix_35() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.tls_versions(..=TlsVersion::V1_2)
        .build()?;
    Ok(())
}

fn fix_36() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.tls_versions(TlsVersion::V1_2..)
        .build()?;
    Ok(())
}

fn fix_37() -> Result<(), Box<dyn Error>> {
    let _built = builder()
.tls_versions(TlsVersion::V1_3..)
        .build()?;
    Ok(())
}

fn finding_0() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    .alpn(Alpn::Http1)
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_1() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    .alpn(Alpn::Http2)
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_2() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    // .verify(..) as before
    // .client_scheme(Scheme::Https) on the ForwardedLayer, if clients use https
    .build()?;
    Ok(())
}

fn finding_3() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_4() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    .tls_parameters(TlsParameters::default().key_exchange_groups(["x25519", "secp256r1", "secp384r1"]))
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_5() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    .tls_parameters(TlsParameters::default().key_exchange_groups(["secp256r1", "secp384r1", "x25519"]))
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_6() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    .host("www.example.com")
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_7() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    // .verify(..) as before
    // without .proxy_protocol(..)
    .build()?;
    Ok(())
}

fn finding_8() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    // .verify(..) as before
    .proxy_protocol(ProxyProtocol::V2)
    .build()?;
    Ok(())
}

fn finding_9() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .sni("www.example.com")
    .expected_name("www.example.com")
    .host("d1234567890.cloudfront.net")
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_10() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .omit_sni()
    .expected_name("www.example.com")
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_11() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .sni("www.example.com")
    .expected_name("origin.example")
    .host("d1234567890.cloudfront.net")
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_12() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .sni("www.example.com")
    .expected_name("www.example.com")
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_13() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("http://www.example.com")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    .build()?;
    Ok(())
}

fn finding_14() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    .tls_versions(..=TlsVersion::V1_2)
    // .verify(..) as before
    .build()?;
    Ok(())
}

fn finding_15() -> Result<(), Box<dyn Error>> {
    let _built = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    .dial("192.0.2.1:8443")
    .expected_name("www.example.com")
    .tls_versions(TlsVersion::V1_3..)
    // .verify(..) as before
    .build()?;
    Ok(())
}

use cdn_origin::{CdnOriginConnector, connector::CdnOriginBuilder};

/// An origin whose four names differ.
pub fn builder() -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .sni("www.example.com")
        .expected_name("origin.example.com")
        .host("shop.example.com")
}

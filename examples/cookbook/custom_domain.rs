use cdn_origin::{CdnOriginConnector, connector::CdnOriginBuilder};

/// Dials the distribution. SNI, the expected name and Host are the name of the site.
pub fn origin() -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://d1234567890.cloudfront.net").sni("www.example.com")
}

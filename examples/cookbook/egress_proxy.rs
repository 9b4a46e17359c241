use cdn_origin::{CdnOriginConnector, connector::CdnOriginBuilder};
use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, proxy::Tunnel};

/// Reaches the origin through an HTTP proxy, by CONNECT. TLS is with the origin.
pub fn origin(egress: Uri) -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://www.example.com")
        .transport(Tunnel::new(egress, HttpConnector::new()))
}

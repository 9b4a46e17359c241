use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy, connector::CdnOriginBuilder};

/// The certificate has an internal name, and the company's authority has issued it.
pub fn origin(company_ca: &[u8]) -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://www.example.com")
        .expected_name("origin.internal.example")
        .verify(VerifyPolicy::roots(Roots::pem(company_ca)))
}

use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy, connector::CdnOriginBuilder};

/// Trusts the present key and the next one, whatever authority has signed their certificates.
pub fn origin(present: SpkiPin, next: SpkiPin) -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://origin.example.com")
        .verify(VerifyPolicy::pinned(present).and_pin(next))
}

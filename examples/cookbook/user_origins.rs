use cdn_origin::{BuildError, CdnOriginConnector, dial::EgressGuard};

/// The origin is a URL that a user has entered: it may not lead into the private network.
pub fn connector(url: &str) -> Result<CdnOriginConnector, BuildError> {
    CdnOriginConnector::builder(url)
        .egress_guard(EgressGuard::deny_private().deny_name("metadata.google.internal"))
        .build()
}

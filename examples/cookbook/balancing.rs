use std::time::Duration;

use cdn_origin::{
    BuildError, CdnOriginConnector,
    group::{HealthCheck, Member, OriginGroup},
};

/// The large origin gets twice the share. One that fails its health checks gets no requests.
pub fn group(
    large: CdnOriginConnector,
    small: CdnOriginConnector,
) -> Result<OriginGroup, BuildError> {
    let check = HealthCheck::get("/healthz").interval(Duration::from_secs(5));
    OriginGroup::builder()
        .tier([Member::new(large).weight(2), Member::new(small).weight(1)])
        .health_check(check)
        .build()
}

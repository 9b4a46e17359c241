use cdn_origin::{
    BuildError, CdnOriginConnector,
    group::{Failover, OriginGroup},
};
use http::StatusCode;

/// The backup gets requests that the primary failed, and all of them while the primary is out.
pub fn group(
    primary: CdnOriginConnector,
    backup: CdnOriginConnector,
) -> Result<OriginGroup, BuildError> {
    OriginGroup::builder()
        .tier([primary])
        .tier([backup])
        .failover(Failover::default().statuses([StatusCode::BAD_GATEWAY]))
        .build()
}

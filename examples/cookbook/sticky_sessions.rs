use cdn_origin::{
    BuildError, CdnOriginConnector,
    group::{Balance, OriginGroup},
};

/// Requests with the same session cookie go to the same origin, for as long as it is in.
pub fn group(
    origins: impl IntoIterator<Item = CdnOriginConnector>,
) -> Result<OriginGroup, BuildError> {
    OriginGroup::builder()
        .tier(origins)
        .balance(Balance::by_cookie("session"))
        .build()
}

//! `UnknownHost`: the response if no tenant is found (`find_tenant.rs`).

use http::StatusCode;

/// The response to a request whose host has no tenant, if there is no default tenant.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy, tenants::{UnknownHost, VirtualHosts}};
///
/// let template = OriginProxy::new(CdnOriginConnector::any_origin().build()?);
/// let hosts = VirtualHosts::new(template).unknown(UnknownHost::NotFound);
/// # drop(hosts);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum UnknownHost {
    /// 421 (Misdirected Request, [RFC 9110 section 15.5.20]). A client may try again on another
    /// connection.
    ///
    /// [RFC 9110 section 15.5.20]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20
    #[default]
    Misdirected,
    /// 404 (Not Found).
    NotFound,
}

impl UnknownHost {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }
}

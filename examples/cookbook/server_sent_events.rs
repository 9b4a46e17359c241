use std::time::Duration;

use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Limits};

/// Events may be five minutes apart. Each is passed on as it arrives.
pub fn proxy(connector: CdnOriginConnector) -> OriginProxy {
    let silence = Duration::from_secs(300);
    OriginProxy::new(connector).limits(Limits::default().body_idle_timeout(silence))
}

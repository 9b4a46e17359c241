//! Makes a proxy to another origin with the settings of an existing one.

use std::sync::Arc;

use crate::{
    connector::{AppliedProfile, CdnOriginConnector},
    pool::{ConnectionBudget, OriginPool},
};

use super::OriginProxy;

/// The connector that a proxy was made with.
pub(crate) fn connector_of(proxy: &OriginProxy) -> &CdnOriginConnector {
    proxy.pool.connector()
}

/// A proxy to the origin of this connector, with the settings of `template`. Its connections count
/// in the budget.
pub(crate) fn proxy_from_template(
    template: &OriginProxy,
    connector: CdnOriginConnector,
    budget: Option<Arc<ConnectionBudget>>,
) -> OriginProxy {
    let profile = connector.applied_profile();
    let pool = template.pool.settings().clone();
    let pool = match profile.and_then(AppliedProfile::idle_timeout) {
        Some(idle) => pool.idle_timeout_at_most(idle),
        None => pool,
    };
    OriginProxy {
        settings: template.settings.for_connector(&connector).into(),
        pool: OriginPool::within(connector, pool, budget),
    }
}

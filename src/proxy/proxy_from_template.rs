//! Makes a proxy to another origin with the settings of an existing one.

use std::sync::Arc;

use crate::{
    connector::{AppliedProfile, CdnOriginConnector},
    pool::{ConnectionBudget, OriginPool, PoolSettings},
};

use super::{Limits, OriginProxy};

/// The connector that a proxy was made with.
pub(crate) fn connector_of(proxy: &OriginProxy) -> &CdnOriginConnector {
    proxy.pool.connector()
}

/// A proxy to the origin of this connector, with the settings of `template` where none are given.
/// Its connections count in the budget.
pub(crate) fn proxy_from_template(
    template: &OriginProxy,
    connector: CdnOriginConnector,
    limits: Option<&Limits>,
    pool: Option<&PoolSettings>,
    budget: Option<Arc<ConnectionBudget>>,
) -> OriginProxy {
    let profile = connector.applied_profile();
    let mut settings = template.settings.for_connector(&connector);
    if let Some(limits) = limits {
        settings.set_limits(limits.clone(), profile);
    }
    let pool = match (pool, profile.and_then(AppliedProfile::idle_timeout)) {
        (Some(pool), _) => pool.clone(),
        (None, Some(idle)) => template.pool.settings().clone().idle_timeout_at_most(idle),
        (None, None) => template.pool.settings().clone(),
    };
    OriginProxy {
        settings: settings.into(),
        pool: OriginPool::within(connector, pool, budget),
    }
}

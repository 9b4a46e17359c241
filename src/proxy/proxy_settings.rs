//! The settings of a proxy, shared by its clones and requests.

use std::sync::{Arc, Once};

use crate::{
    connector::{AppliedProfile, CdnOriginConnector},
    diagnosis::HostSource,
    forwarded::ForwardedLayer,
    host_rewrite::HostRewriteLayer,
    origin::Origin,
    pool::PoolSettings,
    response_rewrite::ResponseRewriteLayer,
};

use super::{
    Limits, Upgrades, Via,
    buffered_body::BufferMemory,
    edge_limits::EdgeLimits,
    error_response::{DiagnosisDisclosure, ProxyIdentity},
    failure_log::FailureLog,
    overload::RequestQueue,
    path_maps::PathMaps,
    request_hooks::RequestHooks,
    response_hooks::ResponseHooks,
};

/// The settings of an [`OriginProxy`](super::OriginProxy).
#[derive(Clone, Debug)]
pub(super) struct ProxySettings {
    /// Absent if the connector has no fixed origin: requests have no destination then.
    pub(super) origin: Option<Arc<Origin>>,
    pub(super) host_rewrite: HostRewriteLayer,
    /// Whether the builder or a layer decides the Host.
    pub(super) host_source: HostSource,
    pub(super) forwarded: ForwardedLayer,
    /// Absent where responses pass unchanged.
    pub(super) response_rewrite: Option<ResponseRewriteLayer>,
    pub(super) upgrades: Upgrades,
    /// Warned once that the addresses of clients are unknown.
    pub(super) no_address: Arc<Once>,
    /// Warned once that clients may use https without the proxy's knowledge.
    pub(super) no_scheme: Arc<Once>,
    pub(super) via: Via,
    pub(super) identity: ProxyIdentity,
    pub(super) limits: Limits,
    /// Absent if the dialled edge has no profile.
    pub(super) edge_limits: Option<EdgeLimits>,
    pub(super) queue: RequestQueue,
    pub(super) buffer_memory: BufferMemory,
    pub(super) path_maps: PathMaps,
    pub(super) request_hooks: RequestHooks,
    pub(super) response_hooks: ResponseHooks,
    pub(super) disclosure: DiagnosisDisclosure,
    pub(super) failure_log: Arc<FailureLog>,
}

impl ProxySettings {
    /// The defaults for this connector.
    pub(super) fn new(connector: &CdnOriginConnector) -> Self {
        let profile = connector.applied_profile();
        let origin = connector.shared_origin().cloned();
        let host_rewrite = match &origin {
            Some(origin) => HostRewriteLayer::to_authority(origin.host().clone()),
            None => HostRewriteLayer::preserve(),
        };
        let limits = Limits::default();
        let failure_log = FailureLog::of(origin.as_deref());
        let mut settings = Self {
            origin,
            host_rewrite,
            host_source: HostSource::Builder,
            forwarded: ForwardedLayer::new(),
            response_rewrite: None,
            upgrades: Upgrades::default(),
            no_address: Arc::new(Once::new()),
            no_scheme: Arc::new(Once::new()),
            via: Via::default(),
            identity: ProxyIdentity::default(),
            queue: RequestQueue::of(&limits),
            buffer_memory: BufferMemory::new(),
            limits,
            edge_limits: profile.map(EdgeLimits::of),
            path_maps: PathMaps::default(),
            request_hooks: RequestHooks::default(),
            response_hooks: ResponseHooks::default(),
            disclosure: DiagnosisDisclosure::default(),
            failure_log: Arc::new(failure_log),
        };
        settings.set_forwarded(ForwardedLayer::new(), profile);
        // Without an origin too: each tenant's is added to the template's layer.
        settings.set_response_rewrite(ResponseRewriteLayer::new());
        settings
    }

    /// These settings for the connector of another origin.
    pub(super) fn for_connector(&self, connector: &CdnOriginConnector) -> Self {
        let mut settings = Self::new(connector);
        if self.host_source == HostSource::Layer {
            settings.set_host_rewrite(self.host_rewrite.clone());
        }
        settings.set_forwarded(self.forwarded.clone(), connector.applied_profile());
        match &self.response_rewrite {
            Some(layer) => settings.set_response_rewrite(layer.clone()),
            None => settings.response_rewrite = None,
        }
        settings.set_limits(self.limits.clone(), connector.applied_profile());
        Self {
            upgrades: self.upgrades.clone(),
            no_address: self.no_address.clone(),
            no_scheme: self.no_scheme.clone(),
            via: self.via.clone(),
            identity: self.identity.clone(),
            path_maps: self.path_maps.clone(),
            request_hooks: self.request_hooks.clone(),
            response_hooks: self.response_hooks.clone(),
            disclosure: self.disclosure,
            ..settings
        }
    }

    /// A layer replaces the Host of the builder.
    pub(super) fn set_host_rewrite(&mut self, layer: HostRewriteLayer) {
        self.host_rewrite = layer;
        self.host_source = HostSource::Layer;
    }

    /// The settings of a pool for this connector: its profile raises the default idle timeout.
    pub(super) fn pool_settings(
        connector: &CdnOriginConnector,
        settings: PoolSettings,
    ) -> PoolSettings {
        let profile = connector.applied_profile();
        match profile.and_then(AppliedProfile::idle_timeout) {
            Some(time) => settings.idle_timeout_unless_set(time),
            None => settings,
        }
    }

    /// The profile bounds `X-Forwarded-For` where the layer does not.
    pub(super) fn set_forwarded(
        &mut self,
        layer: ForwardedLayer,
        profile: Option<&AppliedProfile>,
    ) {
        self.forwarded = match profile.and_then(AppliedProfile::forwarded_for_limit) {
            Some(bytes) => layer.max_chain_unless_set(bytes),
            None => layer,
        };
    }

    pub(super) fn set_response_rewrite(&mut self, layer: ResponseRewriteLayer) {
        self.response_rewrite = match &self.origin {
            _ if layer.is_off() => None,
            Some(origin) => Some(layer.origin(origin)),
            None => Some(layer),
        };
    }

    /// A configured limit for heads replaces that of the profile.
    pub(super) fn set_limits(&mut self, limits: Limits, profile: Option<&AppliedProfile>) {
        let edge = profile.map(EdgeLimits::of);
        self.edge_limits = match limits.max_request_head {
            Some(_) => edge.map(EdgeLimits::without_head_limit),
            None => edge,
        };
        self.queue = RequestQueue::of(&limits);
        self.limits = limits;
    }

    pub(super) fn set_via(&mut self, via: Via) {
        self.identity = ProxyIdentity::of(&via);
        self.via = via;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_profile_raises_the_idle_timeout_unless_it_is_set() {
        let idle_time = |url: &str, settings: PoolSettings| {
            let connector = CdnOriginConnector::builder(url).build().unwrap();
            let pool = ProxySettings::pool_settings(&connector, settings);
            pool.idle_time().as_secs()
        };
        let url = &format!("http://{}", "shop.example.cdn.cloudflare.net");
        let settings = PoolSettings::default;
        assert_eq!(idle_time(url, settings()), 320);
        assert_eq!(idle_time(url, settings().max_idle(32)), 320);
        let chosen = settings().idle_timeout(Duration::from_secs(20));
        assert_eq!(idle_time(url, chosen), 20);
        assert_eq!(idle_time("http://origin.example", settings()), 45);
    }
}

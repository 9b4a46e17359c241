//! `MetricsObserver`: counts requests and connections through the `metrics` facade.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Once, OnceLock, PoisonError, RwLock},
    time::SystemTime,
};

use ::metrics::{Label, Unit};

use crate::{
    OriginProxy,
    error::{Error, Facts},
    group::{MemberState, OriginGroup},
    observe::{ClosedConnection, ExchangeInfo, Observer},
    origin::Origin,
    tenants::VirtualHosts,
};

use super::{
    gauges::Gauges,
    names::{
        CONFIG_SUCCESS_TIME, CONFIG_SUCCESSFUL, LABEL, MEMBER_STATE, MEMBERS, METRICS, MetricKind,
        MetricUnit,
    },
    origin_metrics::OriginMetrics,
    samples::{Sample, Samples},
};

/// The default maximum of origins with labels of their own.
const MAX_ORIGINS: usize = 256;

/// Counts requests and connections through the `metrics` facade.
///
/// Labels have few values: the origin's address and [label], the method (`_OTHER` for an unknown
/// one), the status, and stable labels of this crate. Origins beyond the first
/// [256](Self::max_origins) share the address `other`, and have no label. A warning is logged when
/// that begins. Requests without an origin, such as those for an unknown tenant, are counted there
/// too.
///
/// One observer may watch several connectors; one that watches a single origin is a little faster.
/// Clones count together.
///
/// ```
/// use axum::{Router, routing::get};
/// use cdn_origin::{CdnOriginConnector, OriginProxy, metrics::MetricsObserver};
///
/// /// `render` is that of the recorder, such as `PrometheusHandle::render`.
/// fn app(
///     connector: CdnOriginConnector,
///     render: impl Fn() -> String + Clone + Send + Sync + 'static,
/// ) -> Router {
///     let metrics = MetricsObserver::new();
///     let proxy = OriginProxy::new(connector.with_observer(metrics.clone()));
///     let sampled = proxy.clone();
///     let scrape = move || async move {
///         metrics.sample(&sampled); // the gauges, as they are now
///         render()
///     };
///     Router::new()
///         .route("/metrics", get(scrape))
///         .fallback_service(proxy)
/// }
/// ```
///
/// [label]: crate::connector::CdnOriginBuilder::label
#[derive(Clone)]
pub struct MetricsObserver {
    origins: Arc<Origins>,
    max_origins: usize,
}

struct Origins {
    /// The first origin, which needs no look-up. Most observers have no other.
    ///
    /// Set by the first event of any origin, and never changed.
    first: OnceLock<OriginMetrics>,
    /// It only grows, up to the maximum without the first.
    further: RwLock<FurtherOrigins>,
    /// Shared by all origins beyond the maximum.
    others: OnceLock<OriginMetrics>,
    samples: Samples,
    hasher: RandomState,
    has_warned: Once,
}

/// The origins after the first, by the hash of what tells them apart.
#[derive(Default)]
struct FurtherOrigins {
    by_hash: HashMap<u64, Vec<Arc<OriginMetrics>>>,
    count: usize,
}

impl MetricsObserver {
    /// Describes all metrics to the recorder, which must be installed before.
    ///
    /// ```no_run
    /// use cdn_origin::{CdnOriginConnector, metrics::MetricsObserver};
    ///
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// // Install a recorder first, such as that of metrics-exporter-prometheus.
    /// let metrics = MetricsObserver::new();
    /// let connector = CdnOriginConnector::builder("https://origin.example")
    ///     .build()?
    ///     .with_observer(metrics.clone());
    /// # drop(connector);
    /// # Ok(())
    /// # }
    /// ```
    #[expect(
        clippy::new_without_default,
        reason = "it has an effect: it describes the metrics to the recorder"
    )]
    #[must_use]
    pub fn new() -> Self {
        for metric in METRICS {
            let unit = match metric.unit {
                MetricUnit::Bytes => Unit::Bytes,
                MetricUnit::Count => Unit::Count,
                MetricUnit::Seconds => Unit::Seconds,
            };
            match metric.kind {
                MetricKind::Counter => {
                    ::metrics::describe_counter!(metric.name, unit, metric.help);
                }
                MetricKind::Gauge => ::metrics::describe_gauge!(metric.name, unit, metric.help),
                MetricKind::Histogram => {
                    ::metrics::describe_histogram!(metric.name, unit, metric.help);
                }
            }
        }
        Self {
            origins: Arc::new(Origins {
                first: OnceLock::new(),
                further: RwLock::default(),
                others: OnceLock::new(),
                samples: Samples::default(),
                hasher: RandomState::new(),
                has_warned: Once::new(),
            }),
            max_origins: MAX_ORIGINS,
        }
    }

    /// Sets the maximum number of origins with an address and a label of their own. The default is
    /// 256; zero counts as one.
    ///
    /// The limit bounds the number of time series, which a recorder may keep after the origin was
    /// removed. In Prometheus, an origin has about 25 series and five histograms, and one more
    /// histogram for each further combination of method, status and error. A histogram has three
    /// series more than buckets. With 14 buckets, that is about 110 series for each origin.
    ///
    /// ```
    /// # fn metrics() -> cdn_origin::metrics::MetricsObserver {
    /// cdn_origin::metrics::MetricsObserver::new().max_origins(2000)
    /// # }
    /// ```
    #[must_use]
    pub fn max_origins(mut self, count: usize) -> Self {
        self.max_origins = count.max(1);
        self
    }

    /// Sets the gauges of a proxy, of its pool and of its limits, such as
    /// `http.client.open_connections`. Call it before each scrape, or on a timer: it costs two
    /// short locks.
    ///
    /// If two proxies have origins of the same address and [label], the gauges show the one that
    /// was sampled last. For the tenants of a service, call [`sample_hosts`](Self::sample_hosts).
    ///
    /// [label]: crate::connector::CdnOriginBuilder::label
    ///
    /// ```
    /// # use cdn_origin::{OriginProxy, metrics::MetricsObserver};
    /// # fn scrape(metrics: &MetricsObserver, proxy: &OriginProxy) {
    /// metrics.sample(proxy);
    /// # }
    /// ```
    pub fn sample(&self, proxy: &OriginProxy) {
        let gauges = Gauges::of(proxy);
        self.with(proxy.origin(), |metrics| metrics.sample(&gauges));
    }

    /// [Samples](Self::sample) the proxies of all members, and sets three more gauges:
    /// `cdn_origin.members`, how many of them are in which state, and, for each origin, how many of
    /// its members are ejected or down: `cdn_origin.ejected_origins`, `cdn_origin.down_origins`.
    ///
    /// Members are counted by the [label] of their origin, over all groups that were sampled. So
    /// groups are told apart if their members have a label. At most
    /// [`max_origins`](Self::max_origins) labels are counted on their own.
    ///
    /// The gauges of members that share address and label, such as those of
    /// [`MemberSource::dns`](crate::group::MemberSource::dns), are added up. Those of members that
    /// were removed return to zero.
    ///
    /// ```
    /// # use cdn_origin::{group::OriginGroup, metrics::MetricsObserver};
    /// # fn scrape(metrics: &MetricsObserver, group: &OriginGroup) {
    /// metrics.sample_group(group);
    /// # }
    /// ```
    ///
    /// [label]: crate::connector::CdnOriginBuilder::label
    pub fn sample_group(&self, group: &OriginGroup) {
        self.set(Sample::of_group(group));
    }

    /// [Samples](Self::sample) the proxies of all tenants, and all groups as
    /// [`sample_group`](Self::sample_group) does.
    ///
    /// The gauges of tenants that share address and label are added up. Those of tenants that were
    /// removed, replaced or dropped as idle return to zero when their last requests have ended.
    ///
    /// ```
    /// # use cdn_origin::{metrics::MetricsObserver, tenants::VirtualHosts};
    /// # fn scrape(metrics: &MetricsObserver, hosts: &VirtualHosts) {
    /// metrics.sample_hosts(hosts);
    /// # }
    /// ```
    pub fn sample_hosts(&self, hosts: &VirtualHosts) {
        self.set(Sample::of_hosts(hosts));
    }

    fn set(&self, mut sample: Sample) {
        let samples = &self.origins.samples;
        if samples.complete(&mut sample, self.max_origins).lost_labels {
            self.warn_once();
        }
        for (label, counts) in sample.states {
            for (state, count) in MemberState::ALL.iter().zip(counts) {
                let label = label.clone().map(|label| Label::new(LABEL, label));
                let state = Label::from_static_parts(MEMBER_STATE, state.as_str());
                let labels: Vec<_> = label.into_iter().chain([state]).collect();
                ::metrics::gauge!(MEMBERS.name, labels).set(count as f64);
            }
        }
        let mut of_others: Option<Gauges> = None;
        for (origin, gauges) in sample.gauges {
            let origin = origin.as_ref().map(|origin| &*origin.0);
            self.with(origin, |metrics| match metrics.are_of_others() {
                true => of_others = Some(of_others.unwrap_or_default().plus(gauges)),
                false => metrics.sample(&gauges),
            });
        }
        if let Some(gauges) = of_others {
            self.others().sample(&gauges);
        }
    }

    /// Notes that the application has applied its configuration file: at the start, and after each
    /// reload.
    ///
    /// Sets `cdn_origin.config.last_reload_successful` to 1, and the time of the last success.
    ///
    /// ```
    /// use cdn_origin::{config::ConfigError, metrics::MetricsObserver};
    ///
    /// fn note(reloaded: &Result<(), ConfigError>, metrics: &MetricsObserver) {
    ///     match reloaded {
    ///         Ok(()) => metrics.config_applied(),
    ///         Err(_) => metrics.config_refused(),
    ///     }
    /// }
    /// ```
    pub fn config_applied(&self) {
        ::metrics::gauge!(CONFIG_SUCCESSFUL.name).set(1.0);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = now.map_or(0.0, |time| time.as_secs_f64());
        ::metrics::gauge!(CONFIG_SUCCESS_TIME.name).set(seconds);
    }

    /// Notes that the application could not apply its configuration file. What runs stays.
    ///
    /// Sets `cdn_origin.config.last_reload_successful` to 0 until the file is applied, and counts a
    /// failure in `cdn_origin.reload_failures`. See [`config_applied`](Self::config_applied).
    pub fn config_refused(&self) {
        ::metrics::gauge!(CONFIG_SUCCESSFUL.name).set(0.0);
        self.with(None, OriginMetrics::reload_failed);
    }

    /// Calls `count` with the metrics of this origin.
    fn with(&self, origin: Option<&Origin>, count: impl FnOnce(&OriginMetrics)) {
        let Some(origin) = origin else {
            return count(self.others());
        };
        let first = self.origins.first.get_or_init(|| OriginMetrics::of(origin));
        if first.is_of(origin) {
            return count(first);
        }
        match self.further(origin) {
            Some(metrics) => count(&metrics),
            None => {
                self.warn_once();
                count(self.others());
            }
        }
    }

    /// The metrics of an origin after the first; `None` beyond the limit.
    fn further(&self, origin: &Origin) -> Option<Arc<OriginMetrics>> {
        let Origins {
            further, hasher, ..
        } = &*self.origins;
        let hash = hasher.hash_one((origin.dial(), origin.label()));
        let known = further.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.find(hash, origin) {
            return Some(found);
        }
        drop(known);
        let mut known = further.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.find(hash, origin) {
            return Some(found);
        }
        if known.count + 1 >= self.max_origins {
            return None;
        }
        let added = Arc::new(OriginMetrics::of(origin));
        known.count += 1;
        known.by_hash.entry(hash).or_default().push(added.clone());
        Some(added)
    }

    /// Logs that origins lose their labels. The origin is left out: which one is the first beyond
    /// the limit is chance.
    fn warn_once(&self) {
        self.origins.has_warned.call_once(|| {
            tracing::warn!(
                limit = self.max_origins,
                "metrics: further origins share the address `other`, without a label: raise \
                 `MetricsObserver::max_origins`"
            );
        });
    }

    fn others(&self) -> &OriginMetrics {
        self.origins.others.get_or_init(OriginMetrics::of_others)
    }
}

impl FurtherOrigins {
    fn find(&self, hash: u64, origin: &Origin) -> Option<Arc<OriginMetrics>> {
        let mut same_hash = self.by_hash.get(&hash)?.iter();
        same_hash.find(|it| it.is_of(origin)).cloned()
    }
}

impl Observer for MetricsObserver {
    fn request_completed(&self, exchange: &ExchangeInfo) {
        self.with(exchange.origin(), |metrics| metrics.completed(exchange));
    }

    fn connected(&self, facts: &Facts) {
        self.with(facts.origin(), |metrics| metrics.connected(facts));
    }

    fn connect_failed(&self, error: &Error) {
        let origin = error.facts().origin();
        self.with(origin, |metrics| metrics.failed_connect(error));
    }

    fn closed(&self, connection: &ClosedConnection) {
        self.with(connection.origin.as_deref(), |metrics| {
            metrics.closed(connection)
        });
    }

    fn reloaded(&self, origin: Option<&Origin>) {
        self.with(origin, OriginMetrics::reloaded);
    }

    fn reload_failed(&self, origin: Option<&Origin>, _: &(dyn StdError + 'static)) {
        self.with(origin, OriginMetrics::reload_failed);
    }

    fn ejected(&self, origin: &Origin) {
        self.with(Some(origin), OriginMetrics::ejected);
    }
}

impl fmt::Debug for MetricsObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsObserver").finish_non_exhaustive()
    }
}

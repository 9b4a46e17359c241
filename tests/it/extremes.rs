//! Every duration, size and count of the public API, at zero, at one and at its maximum.
//!
//! Each value works as documented, or `build()` refuses it and names the setter.

use std::{fmt::Debug, net::SocketAddr, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    BuildError, CdnOriginConnector, ForwardedLayer, OriginProxy, VerifyPolicy,
    connector::{AdviceSettings, Sessions, Timeouts},
    dial::{Dns, DnsCache, HappyEyeballs, Lookup, Resolve, Resolved, Resolving, SocketOptions},
    group::{Ejection, Failover, HealthCheck},
    pool::{PoolSettings, RetryBudget},
    proxy::{Limits, Upgrades},
    tls::{Roots, TlsParameters, danger},
};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

use crate::{
    groups::failover,
    support::{Authority, Edge, refused_address},
};

const NAME: &str = "www.example.test";
const NANO: Duration = Duration::from_nanos(1);
const DURATIONS: [Duration; 3] = [Duration::ZERO, NANO, Duration::MAX];
const SIZES: [usize; 3] = [0, 1, usize::MAX];
const COUNTS: [u32; 3] = [0, 1, u32::MAX];

/// What a value does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Expected {
    /// Requests succeed.
    Works,
    /// `build()` fails, and names the setter.
    Refused,
    /// The first request gets this status.
    Fails(StatusCode),
    /// The time is so short that a request gets this status, or is just fast enough.
    MayTimeOut(StatusCode),
}

use Expected::{Fails, MayTimeOut, Refused, Works};

/// All settings of a proxy.
#[derive(Clone, Default)]
struct Setup {
    timeouts: Timeouts,
    sockets: SocketOptions,
    eyeballs: HappyEyeballs,
    cache: DnsCache,
    ttl: Option<Duration>,
    advice: AdviceSettings,
    sessions: Sessions,
    parameters: TlsParameters,
    grace: Option<Duration>,
    pool: PoolSettings,
    limits: Limits,
    upgrades: Upgrades,
    forwarded: ForwardedLayer,
}

/// A value of a setter, and what it does.
struct Case {
    setter: &'static str,
    value: String,
    expected: Expected,
    setup: Setup,
    over_tls_only: bool,
}

/// The cases of one setter.
fn cases<T: Copy + Debug, const N: usize>(
    setter: &'static str,
    values: [T; N],
    expected: [Expected; N],
    set: impl Fn(&mut Setup, T),
) -> Vec<Case> {
    let cases = values.into_iter().zip(expected).map(|(value, expected)| {
        let mut setup = Setup::default();
        set(&mut setup, value);
        Case {
            setter,
            value: format!("{value:?}"),
            expected,
            setup,
            over_tls_only: false,
        }
    });
    cases.collect()
}

/// The same, for setters that a plain `http` origin does not use.
fn tls_cases<T: Copy + Debug, const N: usize>(
    setter: &'static str,
    values: [T; N],
    expected: [Expected; N],
    set: impl Fn(&mut Setup, T),
) -> Vec<Case> {
    let mut cases = cases(setter, values, expected, set);
    for case in &mut cases {
        case.over_tls_only = true;
    }
    cases
}

macro_rules! set {
    ($part:ident.$setter:ident) => {
        |setup: &mut Setup, value| setup.$part = setup.$part.clone().$setter(value)
    };
}

/// What a connector is built with.
fn connector_cases() -> Vec<Case> {
    let slow = MayTimeOut(StatusCode::GATEWAY_TIMEOUT);
    let timeout = [Refused, slow, Works];
    [
        cases("Timeouts::dial", DURATIONS, timeout, set!(timeouts.dial)),
        cases(
            "Timeouts::connect",
            DURATIONS,
            timeout,
            set!(timeouts.connect),
        ),
        tls_cases(
            "Timeouts::tls_handshake",
            DURATIONS,
            timeout,
            set!(timeouts.tls_handshake),
        ),
        cases(
            "SocketOptions::user_timeout",
            DURATIONS,
            [Refused, Works, Works],
            set!(sockets.user_timeout),
        ),
        cases(
            "SocketOptions::send_buffer",
            SIZES,
            [Refused, Works, Works],
            set!(sockets.send_buffer),
        ),
        cases(
            "SocketOptions::receive_buffer",
            SIZES,
            [Refused, Works, Works],
            set!(sockets.receive_buffer),
        ),
        cases(
            "SocketOptions::dscp",
            [0, 63, 64, u8::MAX],
            [Works, Works, Refused, Refused],
            set!(sockets.dscp),
        ),
        cases(
            "SocketOptions::keepalive",
            DURATIONS,
            [Works; 3],
            |setup, value| {
                setup.sockets = setup.sockets.clone().keepalive(value, value, 3);
            },
        ),
        cases(
            "SocketOptions::keepalive",
            COUNTS,
            [Works; 3],
            |setup, value| {
                let second = Duration::from_secs(1);
                setup.sockets = setup.sockets.clone().keepalive(second, second, value);
            },
        ),
        cases(
            "HappyEyeballs::attempt_delay",
            DURATIONS,
            [Works; 3],
            set!(eyeballs.attempt_delay),
        ),
        cases(
            "HappyEyeballs::resolution_delay",
            DURATIONS,
            [Works; 3],
            set!(eyeballs.resolution_delay),
        ),
        cases(
            "HappyEyeballs::first_family_count",
            SIZES,
            [Works; 3],
            set!(eyeballs.first_family_count),
        ),
        cases("DnsCache::ttl", DURATIONS, [Works; 3], |setup, value| {
            setup.cache = DnsCache::default().ttl(value..=value);
        }),
        cases("DnsCache::ttl", [()], [Refused], |setup, ()| {
            setup.cache = DnsCache::default().ttl(Duration::MAX..=Duration::ZERO);
        }),
        cases(
            "DnsCache::without_ttl",
            DURATIONS,
            [Works; 3],
            set!(cache.without_ttl),
        ),
        cases(
            "DnsCache::failures",
            DURATIONS,
            [Works; 3],
            set!(cache.failures),
        ),
        cases("DnsCache::stale", DURATIONS, [Works; 3], set!(cache.stale)),
        cases("Resolved::ttl", DURATIONS, [Works; 3], |setup, value| {
            setup.cache = DnsCache::default().ttl(Duration::ZERO..=Duration::MAX);
            setup.ttl = Some(value);
        }),
        cases(
            "AdviceSettings::expiry_notice",
            DURATIONS,
            [Works; 3],
            set!(advice.expiry_notice),
        ),
        tls_cases(
            "Sessions::capacity",
            SIZES,
            [Refused, Works, Refused],
            set!(sessions.capacity),
        ),
        tls_cases(
            "TlsParameters::max_record_size",
            [0, 31, 32, 16_389, 16_390, usize::MAX],
            [Refused, Refused, Works, Works, Refused, Refused],
            set!(parameters.max_record_size),
        ),
        tls_cases(
            "danger::accept_expired",
            DURATIONS,
            [Works; 3],
            |setup, value| {
                setup.grace = Some(value);
            },
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn pool_cases() -> Vec<Case> {
    [
        cases(
            "PoolSettings::max_connections",
            SIZES,
            [Works; 3],
            set!(pool.max_connections),
        ),
        cases(
            "PoolSettings::max_tunnels",
            SIZES,
            [Works; 3],
            set!(pool.max_tunnels),
        ),
        cases(
            "PoolSettings::max_idle",
            SIZES,
            [Works; 3],
            set!(pool.max_idle),
        ),
        cases(
            "PoolSettings::min_idle",
            SIZES,
            [Works; 3],
            set!(pool.min_idle),
        ),
        cases(
            "PoolSettings::idle_timeout",
            DURATIONS,
            [Works; 3],
            set!(pool.idle_timeout),
        ),
        cases(
            "PoolSettings::max_age",
            DURATIONS,
            [Works; 3],
            set!(pool.max_age),
        ),
        cases(
            "PoolSettings::max_uses",
            [0, 1, u64::MAX],
            [Works; 3],
            set!(pool.max_uses),
        ),
        cases(
            "PoolSettings::follow_dns",
            DURATIONS,
            [Works; 3],
            set!(pool.follow_dns),
        ),
        cases(
            "PoolSettings::max_queued",
            SIZES,
            [Works; 3],
            set!(pool.max_queued),
        ),
        cases(
            "PoolSettings::queue_timeout",
            DURATIONS,
            [Works; 3],
            set!(pool.queue_timeout),
        ),
        cases(
            "PoolSettings::max_response_head",
            COUNTS,
            [Works; 3],
            set!(pool.max_response_head),
        ),
        cases(
            "PoolSettings::max_replay",
            SIZES,
            [Works; 3],
            set!(pool.max_replay),
        ),
        cases(
            "RetryBudget::percent",
            COUNTS,
            [Works; 3],
            |setup, value| {
                setup.pool = PoolSettings::default().retry_budget(RetryBudget::percent(value));
            },
        ),
        cases(
            "RetryBudget::at_least",
            SIZES,
            [Works; 3],
            |setup, value| {
                let budget = RetryBudget::none().at_least(value);
                setup.pool = PoolSettings::default().retry_budget(budget);
            },
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn proxy_cases() -> Vec<Case> {
    let late = MayTimeOut(StatusCode::GATEWAY_TIMEOUT);
    let body_late = MayTimeOut(StatusCode::REQUEST_TIMEOUT);
    let (large, many) = (
        Fails(StatusCode::PAYLOAD_TOO_LARGE),
        Fails(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
    );
    [
        cases(
            "Limits::response_timeout",
            DURATIONS,
            [late, late, Works],
            set!(limits.response_timeout),
        ),
        cases(
            "Limits::request_timeout",
            DURATIONS,
            [late, late, Works],
            set!(limits.request_timeout),
        ),
        cases(
            "Limits::body_idle_timeout",
            DURATIONS,
            [body_late, body_late, Works],
            set!(limits.body_idle_timeout),
        ),
        cases(
            "Limits::unread_timeout",
            DURATIONS,
            [late, late, Works],
            set!(limits.unread_timeout),
        ),
        cases(
            "Limits::queue_timeout",
            DURATIONS,
            [Works; 3],
            |setup, value| {
                setup.limits = Limits::default().max_concurrency(1).queue_timeout(value);
            },
        ),
        cases(
            "Limits::max_concurrency",
            SIZES,
            [Works; 3],
            set!(limits.max_concurrency),
        ),
        cases("Limits::max_queued", SIZES, [Works; 3], |setup, value| {
            setup.limits = Limits::default().max_concurrency(1).max_queued(value);
        }),
        cases(
            "Limits::max_request_body",
            [0, 1, u64::MAX],
            [large, large, Works],
            set!(limits.max_request_body),
        ),
        cases(
            "Limits::max_request_head",
            SIZES,
            [many, many, Works],
            set!(limits.max_request_head),
        ),
        cases(
            "Limits::max_request_fields",
            SIZES,
            [many, Works, Works],
            set!(limits.max_request_fields),
        ),
        cases(
            "Upgrades::idle_timeout",
            DURATIONS,
            [Works; 3],
            set!(upgrades.idle_timeout),
        ),
        cases(
            "ForwardedLayer::max_chain",
            SIZES,
            [Works; 3],
            set!(forwarded.max_chain),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns one address for every name, with a TTL.
struct Fixed(SocketAddr, Option<Duration>);

impl Resolve for Fixed {
    fn resolve(&self, _: &Lookup) -> Resolving {
        let resolved = Resolved::new([self.0]);
        let resolved = match self.1 {
            Some(ttl) => resolved.ttl(ttl),
            None => resolved,
        };
        Box::pin(async move { Ok(resolved) })
    }
}

/// The origins that the cases are tried on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scheme {
    Http,
    Https,
}

impl Setup {
    fn proxy(
        self,
        scheme: Scheme,
        address: SocketAddr,
        authority: &Authority,
    ) -> Result<OriginProxy, BuildError> {
        let url = match scheme {
            Scheme::Http => format!("http://{NAME}"),
            Scheme::Https => format!("https://{NAME}"),
        };
        let dns = Dns::default().resolver(Fixed(address, self.ttl));
        let builder = CdnOriginConnector::builder(url)
            .timeouts(self.timeouts)
            .socket_options(self.sockets)
            .happy_eyeballs(self.eyeballs)
            .dns(dns.cache(self.cache))
            .advice(self.advice);
        let policy = VerifyPolicy::roots(Roots::pem(authority.root_pem()));
        let builder = match scheme {
            Scheme::Http => builder,
            Scheme::Https => builder
                .sessions(self.sessions)
                .tls_parameters(self.parameters)
                .verify(match self.grace {
                    Some(grace) => danger::accept_expired(policy, grace),
                    None => policy,
                }),
        };
        Ok(OriginProxy::new(builder.build()?)
            .pool(self.pool)
            .limits(self.limits)
            .upgrades(self.upgrades)
            .forwarded(self.forwarded))
    }
}

/// The status of a request with content, and whether its response was whole.
async fn post(proxy: &OriginProxy) -> (StatusCode, bool) {
    let request = Request::post("/").header("host", "client.test");
    let request = request.body(Full::<Bytes>::from("content")).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    let status = response.status();
    (status, response.into_body().collect().await.is_ok())
}

/// What is wrong with the outcome of a case, if something is.
async fn fault(case: Case, scheme: Scheme, edge: &Edge, authority: &Authority) -> Option<String> {
    let about = format!("{}({}) over {scheme:?}", case.setter, case.value);
    let proxy = match case.setup.proxy(scheme, edge.address(), authority) {
        Ok(proxy) => proxy,
        Err(error) => {
            let named = error.problems()[0].setter() == case.setter;
            let is_right = case.expected == Refused && named;
            return (!is_right).then(|| format!("{about}: {error}"));
        }
    };
    // The second may find the first one's connection, and leftovers of its settings.
    let requests = async { [post(&proxy).await, post(&proxy).await] };
    let Ok(outcomes) = tokio::time::timeout(Duration::from_secs(20), requests).await else {
        return Some(format!("{about} hangs"));
    };
    let is_right = |outcome: (StatusCode, bool)| match case.expected {
        Refused => false,
        Works => outcome == (StatusCode::OK, true),
        Fails(status) => outcome.0 == status,
        MayTimeOut(status) => [StatusCode::OK, status].contains(&outcome.0),
    };
    (!outcomes.into_iter().all(is_right)).then(|| format!("{about}: {outcomes:?}"))
}

#[tokio::test]
async fn every_setting_works_at_its_extremes_or_is_a_build_error() {
    let authority = Authority::new();
    let edge = || Edge::builder(&authority).serves(NAME);
    let mut faults = Vec::new();
    for (edge, scheme) in [
        (edge().plain_http().start().await, Scheme::Http),
        (edge().alpn(&["http/1.1"]).start().await, Scheme::Https),
        (edge().alpn(&["h2"]).start().await, Scheme::Https),
    ] {
        for case in [connector_cases(), pool_cases(), proxy_cases()]
            .into_iter()
            .flatten()
        {
            if scheme == Scheme::Https || !case.over_tls_only {
                faults.extend(fault(case, scheme, &edge, &authority).await);
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test]
async fn a_prewarmed_pool_works_at_the_extremes_of_its_sizes() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).plain_http().start().await;
    for count in SIZES {
        let setup = Setup {
            pool: PoolSettings::default().max_connections(3).min_idle(count),
            ..Setup::default()
        };
        let proxy = setup
            .proxy(Scheme::Http, edge.address(), &authority)
            .unwrap();
        proxy.prewarm().await.unwrap();
        // At least one is opened, so that names and certificates are tried.
        assert_eq!(proxy.snapshot().pool.idle, count.clamp(1, 3));
        assert_eq!(post(&proxy).await, (StatusCode::OK, true));
    }
}

#[tokio::test]
async fn an_ejection_works_at_its_extremes() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).plain_http().start().await;
    let proxy = |address: SocketAddr| {
        let connector = CdnOriginConnector::builder(format!("http://{address}"));
        OriginProxy::new(connector.build().unwrap())
    };
    let times = DURATIONS.into_iter().flat_map(|time| {
        let ejection = Ejection::default();
        [
            ejection.time(time),
            ejection.slow_start(time),
            ejection.longest(time),
            ejection.time(time).longest(time),
        ]
    });
    let counts = COUNTS.into_iter().flat_map(|count| {
        let ejection = Ejection::default();
        [
            ejection.failures(count),
            ejection.trials(count),
            ejection.max_share(count),
        ]
    });
    for ejection in times.chain(counts) {
        let refused = refused_address();
        let group = failover(proxy(refused.address()), proxy(edge.address()));
        let group = group.ejection(ejection).build().unwrap();
        for _ in 0..7 {
            let request = Request::get("/").header("host", "client.test");
            let request = request.body(Full::<Bytes>::default()).unwrap();
            let Ok(response) = group.clone().oneshot(request).await;
            assert_eq!(response.status(), StatusCode::OK, "{ejection:?}");
        }
    }
}

#[tokio::test]
async fn a_failover_and_health_checks_work_at_their_extremes() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).plain_http().start().await;
    let proxy = |address: SocketAddr| {
        let connector = CdnOriginConnector::builder(format!("http://{address}"));
        OriginProxy::new(connector.build().unwrap())
    };
    for time in DURATIONS {
        let refused = refused_address();
        let group = failover(proxy(refused.address()), proxy(edge.address()))
            .failover(Failover::default().within(time))
            .health_check(HealthCheck::get("/").interval(time).timeout(time));
        let group = group.build().unwrap();
        for _ in 0..7 {
            let request = Request::get("/").header("host", "client.test");
            let request = request.body(Full::<Bytes>::default()).unwrap();
            let Ok(response) = group.clone().oneshot(request).await;
            // Without time for another attempt, the first one's failure is the response.
            let expected = match time.is_zero() || time == NANO {
                true => [StatusCode::OK, StatusCode::BAD_GATEWAY],
                false => [StatusCode::OK; 2],
            };
            assert!(expected.contains(&response.status()), "{time:?}");
        }
        let is_checked = || group.snapshot().iter().all(|it| it.last_check.is_some());
        while !is_checked() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_ends_at_the_extremes_of_its_limits() {
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(refused.address())
        .build()
        .unwrap();
    let probe = || cdn_origin::probe(&connector);
    let limits = |value| {
        [
            probe().pause(value),
            probe().timeout(value),
            probe().attempt_timeout(value),
        ]
    };
    let probes = DURATIONS.into_iter().flat_map(limits);
    for probe in probes.chain(SIZES.map(|count| probe().max_attempts(count))) {
        let about = format!("{probe:?}");
        let hour = Duration::from_secs(3600);
        let findings = tokio::time::timeout(hour, probe.into_future()).await;
        let findings = findings.unwrap_or_else(|_| panic!("{about} goes on"));
        assert!(!findings.unwrap().attempts().is_empty(), "{about}");
    }
}

//! The names of metrics, their units and labels, in the table and as Prometheus gets them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, Roots, VerifyPolicy,
    group::{Ejection, HealthCheck, Member, OriginGroup},
    metrics::MetricsObserver,
    observe::Observer,
    proxy::Limits,
    tenants::{Tenant, VirtualHosts},
};
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tower::ServiceExt;

use super::{prometheus::Scrape, request, send};
use crate::{
    closing_origin::{ClosingOrigin, End, Speaks},
    support::{Authority, refused_address},
    tls_facts::Log,
};

const OPEN_TELEMETRY: &str = include_str!("otel_names.txt");
const GUIDE: &str = include_str!("../../../src/guide/observability.md");

/// A row of the guide's table, which a test of the crate compares with its list.
struct Declared {
    name: &'static str,
    kind: &'static str,
    unit: &'static str,
    labels: Vec<&'static str>,
}

/// The metrics that the guide lists.
fn declared() -> Vec<Declared> {
    let rows = GUIDE.lines().filter_map(|line| {
        let [name, kind, labels] = *line.strip_prefix("| `")?.split(" | ").collect::<Vec<_>>()
        else {
            return None;
        };
        let (kind, unit) = kind.split_once(", ").unwrap_or((kind, ""));
        let is_metric = matches!(kind, "counter" | "gauge" | "histogram");
        let mut all = vec!["cdn_origin.label"];
        if !labels.starts_with("only") {
            all.extend(["server.address", "server.port"]);
        }
        all.extend(labels.split('`').skip(1).step_by(2));
        is_metric.then(|| Declared {
            name: name.trim_end_matches('`'),
            kind,
            unit,
            labels: all,
        })
    });
    rows.collect()
}

/// A recorder that names metrics as Prometheus recommends.
pub(crate) fn recorder() -> (PrometheusRecorder, PrometheusHandle) {
    let builder = PrometheusBuilder::new().with_recommended_naming(true);
    let builder = builder.set_buckets(&[0.01, 0.1, 1.0, 10.0]).unwrap();
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    (recorder, handle)
}

/// The second words of the lines that begin with this word.
fn open_telemetry(kind: &str) -> BTreeSet<&'static str> {
    let lines = OPEN_TELEMETRY.lines();
    let lines = lines.filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

#[test]
fn names_and_units_are_those_of_open_telemetry_where_it_has_them() {
    let (metrics, attributes) = (open_telemetry("metric"), open_telemetry("attribute"));
    for metric in declared() {
        let is_own = metric.name.starts_with("cdn_origin.");
        assert_ne!(is_own, metrics.contains(metric.name), "{}", metric.name);
        for label in &metric.labels {
            let is_own = label.starts_with("cdn_origin.");
            assert_ne!(is_own, attributes.contains(label), "{label}");
        }
        if is_own {
            continue;
        }
        let kind = match metric.kind {
            "gauge" => "updowncounter",
            kind => kind,
        };
        let unit = match metric.unit {
            "s" => " s",
            "bytes" => " By",
            _ => " {",
        };
        let line = format!("metric {} {kind}{unit}", metric.name);
        assert!(
            OPEN_TELEMETRY.lines().any(|it| it.starts_with(&line)),
            "{line}"
        );
    }
    for name in metrics {
        assert!(
            declared().iter().any(|metric| metric.name == name),
            "{name}"
        );
    }
}

/// The rules of `promtool check metrics`, and some of this crate.
fn lint(scrape: &Scrape) -> Vec<String> {
    let mut found = Vec::new();
    for (name, kind) in &scrape.types {
        let mut complain = |what: &str| found.push(format!("{name}: {what}"));
        let is_valid =
            |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
        if !name.chars().all(is_valid) || !name.starts_with(|char: char| char.is_ascii_lowercase())
        {
            complain("lower case, digits and underscores");
        }
        match scrape.help.get(name) {
            None => complain("no help text"),
            Some(help) if !help.ends_with('.') => complain("help is a sentence"),
            Some(_) => {}
        }
        if (kind == "counter") != name.ends_with("_total") {
            complain("counters, and only they, end in _total");
        }
        for part in ["_count", "_sum", "_bucket", "_info", kind] {
            if name.ends_with(part) {
                complain("the suffix belongs to another kind");
            }
        }
        for unit in ["_milliseconds", "_ms", "_minutes", "_kilobytes", "_percent"] {
            if name.contains(unit) {
                complain("not a base unit");
            }
        }
        if name.contains("duration") && !name.ends_with("_seconds") {
            complain("the unit is missing");
        }
    }
    for sample in &scrape.samples {
        for label in sample.labels.keys() {
            if label == "job" || label == "instance" || label.starts_with("__") {
                found.push(format!("{}: label {label} is reserved", sample.name));
            }
        }
    }
    found
}

#[test]
fn the_lint_finds_what_is_wrong() {
    let text = "# TYPE Bad_ms counter\nBad_ms{job=\"a\"} 1\n# HELP good_seconds A time.\n\
                # TYPE good_seconds gauge\ngood_seconds 1\n";
    let found = lint(&Scrape::parse(text));
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.iter().all(|it| it.starts_with("Bad_ms")));
}

#[tokio::test]
async fn a_scrape_passes_the_lint_and_has_declared_labels_only() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let connector = origin.connector().with_observer(observer.clone());
    let proxy = OriginProxy::new(connector);
    for method in [Method::GET, Method::GET, Method::TRACE] {
        let response = send(&proxy, request(method)).await;
        response.into_body().collect().await.unwrap();
    }
    observer.sample(&proxy);
    proxy.retire_connections();
    while proxy.snapshot().pool.open > 0 {
        tokio::task::yield_now().await;
    }
    let text = handle.render();
    let scrape = Scrape::parse(&text);
    assert_eq!(lint(&scrape), Vec::<String>::new());
    let prometheus = |name: &str| name.replace('.', "_");
    for sample in &scrape.samples {
        let name = &sample.name;
        let declared = declared();
        let metric = declared
            .iter()
            .filter(|metric| name.starts_with(&prometheus(metric.name)))
            .max_by_key(|metric| metric.name.len())
            .unwrap_or_else(|| panic!("{name} is not in the table"));
        for label in sample.labels.keys().filter(|label| *label != "le") {
            let known = metric.labels.iter().any(|it| prometheus(it) == *label);
            assert!(known, "{name} has the label {label}");
        }
    }
    let requests = scrape.by("cdn_origin_requests_total", "cdn_origin_outcome");
    assert_eq!(requests["complete"], 2);
    assert_eq!(requests["refused"], 1);
    let reused = [("cdn_origin_connection", "reused")];
    assert_eq!(scrape.sum("cdn_origin_requests_total", &reused), 1.0);
    let connects = scrape.by("cdn_origin_connects_total", "cdn_origin_stage");
    assert_eq!(connects["connected"], 1);
    let closed = scrape.by("cdn_origin_closed_connections_total", "cdn_origin_reason");
    assert_eq!(closed["retired"], 1);
    let expiry = scrape.sum("cdn_origin_tls_certificate_not_after_seconds", &[]);
    assert!(expiry > 1.7e9, "{expiry}");
    let idle = [("http_connection_state", "idle")];
    assert_eq!(scrape.sum("http_client_open_connections", &idle), 1.0);
}

#[tokio::test]
async fn labels_tell_apart_proxies_to_one_address() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let mut proxies = Vec::new();
    for label in ["shop", "blog"] {
        let connector = origin.connector().to_builder().label(label).build();
        let connector = connector.unwrap().with_observer(observer.clone());
        let proxy = OriginProxy::new(connector);
        let response = send(&proxy, request(Method::GET)).await;
        response.into_body().collect().await.unwrap();
        proxies.push(proxy);
    }
    proxies.iter().for_each(|proxy| observer.sample(proxy));
    let scrape = Scrape::parse(&handle.render());
    for metric in [
        "cdn_origin_requests_total",
        "cdn_origin_connects_total",
        "http_client_open_connections",
    ] {
        let by_label = scrape.by(metric, "cdn_origin_label");
        let expected = [("blog".to_owned(), 1), ("shop".to_owned(), 1)];
        assert_eq!(by_label, BTreeMap::from(expected), "{metric}");
    }
}

#[tokio::test]
async fn members_of_a_group_are_counted_by_their_state() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let member = |name: &str| {
        let connector = CdnOriginConnector::builder("http://origin.example").label("shop");
        Member::new(connector.build().unwrap()).name(name)
    };
    let group = OriginGroup::builder().tier([member("a"), member("b")]);
    observer.sample_group(&group.build().unwrap());
    let scrape = Scrape::parse(&handle.render());
    assert_eq!(lint(&scrape), Vec::<String>::new());
    let by_state = scrape.by("cdn_origin_members", "cdn_origin_state");
    let expected = [
        ("down", 0),
        ("ejected", 0),
        ("returning", 0),
        ("serving", 2),
    ];
    let expected = expected.map(|(state, count)| (state.to_owned(), count));
    assert_eq!(by_state, BTreeMap::from(expected));
    let labelled = [("cdn_origin_label", "shop")];
    assert_eq!(scrape.sum("cdn_origin_members", &labelled), 2.0);
    assert!(scrape.types.contains_key("http_client_active_requests"));
}

/// As those from DNS do, they share the origin.
#[tokio::test]
async fn ejected_members_of_one_origin_are_added_up() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let connector = connector.build().unwrap().with_observer(observer.clone());
    let member = |name: &str| Member::new(connector.clone()).name(name);
    let group = OriginGroup::builder()
        .tier([member("a"), member("b")])
        .ejection(Ejection::default().failures(1).max_share(100))
        .build()
        .unwrap();
    let ejected = || {
        observer.sample_group(&group);
        Scrape::parse(&handle.render()).sum("cdn_origin_ejected_origins", &[])
    };
    assert_eq!(ejected(), 0.0);
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(_) = group.clone().oneshot(request).await;
    assert_eq!(ejected(), 2.0);
    group.remove("a").unwrap().await;
    assert_eq!(ejected(), 1.0);
}

#[tokio::test]
async fn a_member_that_is_down_is_told_by_its_address() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let group = OriginGroup::builder()
        .tier([
            Member::new(connector.build().unwrap()).name("a"),
            Member::new(origin.connector()).name("b"),
        ])
        .health_check(HealthCheck::get("/"))
        .build()
        .unwrap();
    while group.snapshot().iter().any(|it| it.last_check.is_none()) {
        tokio::task::yield_now().await;
    }
    let down = |labels: &[(&str, &str)]| {
        observer.sample_group(&group);
        Scrape::parse(&handle.render()).sum("cdn_origin_down_origins", labels)
    };
    let port = refused.address().port().to_string();
    assert_eq!(down(&[("server_port", &port)]), 1.0);
    assert_eq!(down(&[]), 1.0);
    group.remove("a").unwrap().await;
    assert_eq!(down(&[]), 0.0);
}

#[tokio::test]
async fn members_that_share_their_labels_are_added_up_and_return_to_zero() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let member = |name: &str, label: &str| {
        let connector = origin.connector().to_builder().label(label);
        Member::new(connector.build().unwrap()).name(name)
    };
    let members = [
        member("a", "shop"),
        member("b", "shop"),
        member("c", "blog"),
    ];
    let group = OriginGroup::builder().tier(members).build().unwrap();
    group.prewarm().await.unwrap();
    let other = OriginGroup::builder().tier([member("a", "other")]);
    let other = other.build().unwrap();
    let sample = || {
        for group in [&group, &other] {
            observer.sample_group(group);
        }
        Scrape::parse(&handle.render())
    };
    let of = |scrape: &Scrape, metric: &str, label: &str| {
        scrape.sum(metric, &[("cdn_origin_label", label)])
    };
    for (left, shop, blog) in [
        (None, 2.0, 1.0),
        (Some("b"), 1.0, 1.0),
        (Some("c"), 1.0, 0.0),
    ] {
        if let Some(drained) = left.and_then(|name| group.remove(name)) {
            drained.await;
        }
        let scrape = sample();
        for metric in ["cdn_origin_members", "http_client_open_connections"] {
            assert_eq!(of(&scrape, metric, "shop"), shop, "{metric} {left:?}");
            assert_eq!(of(&scrape, metric, "blog"), blog, "{metric} {left:?}");
        }
        assert_eq!(of(&scrape, "cdn_origin_members", "other"), 1.0);
        assert_eq!(
            of(&scrape, "cdn_origin_pool_capacity", "shop"),
            shop * (256.0 + 4096.0)
        );
    }
    group.replace(0, vec![member("c", "blog")]).await;
    let scrape = sample();
    assert_eq!(of(&scrape, "cdn_origin_members", "shop"), 0.0);
    assert_eq!(of(&scrape, "cdn_origin_members", "blog"), 1.0);
    assert_eq!(of(&scrape, "http_client_open_connections", "shop"), 0.0);
    drop(group);
    observer.sample_group(&other);
    let scrape = Scrape::parse(&handle.render());
    assert_eq!(of(&scrape, "cdn_origin_members", "blog"), 0.0);
    assert_eq!(of(&scrape, "cdn_origin_members", "other"), 1.0);
}

/// A tenant is dropped because another one is used, is replaced, and is removed.
#[tokio::test]
async fn tenants_that_are_gone_return_to_zero_and_those_of_one_origin_are_added_up() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let dial = origin.connector().origin().unwrap().dial().clone();
    let template = CdnOriginConnector::any_origin().build().unwrap();
    let hosts = VirtualHosts::new(OriginProxy::new(template)).max_active(2);
    let insert = |host: &str, label: &str| {
        let tenant = Tenant::new("http://origin.test").dial(dial.clone());
        hosts.insert(host, tenant.label(label)).unwrap();
    };
    let open = |label: &str| {
        observer.sample_hosts(&hosts);
        let scrape = Scrape::parse(&handle.render());
        let labels = [("cdn_origin_label", label)];
        let capacity = scrape.sum("cdn_origin_pool_capacity", &labels);
        (
            scrape.sum("http_client_open_connections", &labels),
            capacity / (256.0 + 4096.0),
        )
    };
    let get = async |host: &str| {
        let request = Request::get("/").header("host", host);
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let Ok(response) = hosts.clone().oneshot(request).await;
        response.into_body().collect().await.unwrap();
    };
    for (host, label) in [("a.test", "shop"), ("b.test", "shop"), ("c.test", "blog")] {
        insert(host, label);
    }
    get("a.test").await;
    assert_eq!((open("shop"), open("blog")), ((1.0, 1.0), (0.0, 0.0)));
    get("b.test").await;
    assert_eq!(open("shop"), (2.0, 2.0));
    get("c.test").await;
    assert_eq!((open("shop"), open("blog")), ((1.0, 1.0), (1.0, 1.0)));
    insert("c.test", "blog");
    assert_eq!(open("blog"), (0.0, 0.0));
    hosts.remove("b.test");
    assert_eq!(open("shop"), (0.0, 0.0));
}

/// The bodies of their requests still arrive.
#[tokio::test]
async fn a_former_member_has_connections_and_no_capacity() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let member = |name: &str| {
        let connector = origin.connector().to_builder().label("shop");
        Member::new(connector.build().unwrap()).name(name)
    };
    let group = OriginGroup::builder().tier([member("a")]);
    let group = group.build().unwrap();
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(held) = group.clone().oneshot(request).await;
    drop(group.put(0, member("b")).unwrap());
    drop(group.remove("a"));
    observer.sample_group(&group);
    let scrape = Scrape::parse(&handle.render());
    let sum = |metric| scrape.sum(metric, &[("cdn_origin_label", "shop")]);
    assert_eq!(sum("http_client_open_connections"), 1.0);
    assert_eq!(sum("cdn_origin_pool_capacity"), 256.0 + 4096.0);
    drop(held);
}

#[tokio::test]
async fn a_response_of_the_proxy_itself_and_one_of_the_origin_are_counted_apart() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let connector = origin.connector().with_observer(MetricsObserver::new());
    let proxy = OriginProxy::new(connector);
    for max_forwards in ["0", "1"] {
        let mut request = request(Method::OPTIONS);
        let value = max_forwards.parse().unwrap();
        request.headers_mut().insert("max-forwards", value);
        let response = send(&proxy, request).await;
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap();
    }
    let scrape = Scrape::parse(&handle.render());
    let by_connection = scrape.by("cdn_origin_requests_total", "cdn_origin_connection");
    let expected = ["fresh", "none"].map(|connection| (connection.to_owned(), 1));
    assert_eq!(by_connection, BTreeMap::from(expected));
    let count = "http_client_request_duration_seconds_count";
    let of_origin = [("http_response_status_code", "200")];
    assert_eq!(scrape.sum(count, &of_origin), 1.0);
    assert_eq!(scrape.sum(count, &[]), 2.0);
}

#[test]
fn labels_of_members_are_bounded_like_those_of_origins() {
    let (log, _subscriber) = Log::start();
    let (recorder, handle) = recorder();
    let _guard = ::metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new().max_origins(2);
    let mut groups: Vec<_> = ["a", "b", "c", "d"]
        .into_iter()
        .map(|label| {
            let url = format!("http://{label}.example");
            let connector = CdnOriginConnector::builder(url).label(label);
            let member = Member::new(connector.build().unwrap());
            OriginGroup::builder().tier([member]).build().unwrap()
        })
        .collect();
    let sample = |groups: &[OriginGroup]| {
        groups.iter().for_each(|group| observer.sample_group(group));
        let scrape = Scrape::parse(&handle.render());
        let by_label = scrape.by("cdn_origin_members", "cdn_origin_label");
        (by_label, scrape.sum("cdn_origin_members", &[]))
    };
    let labelled = |count| BTreeMap::from(["a", "b"].map(|label| (label.to_owned(), count)));
    for _ in 0..2 {
        assert_eq!(sample(&groups), (labelled(1), 4.0));
    }
    groups.pop();
    assert_eq!(sample(&groups), (labelled(1), 3.0));
    let warnings = log.text().matches("MetricsObserver::max_origins").count();
    assert_eq!(warnings, 1, "{}", log.text());
}

#[tokio::test]
async fn the_queue_of_the_limits_and_its_capacity_are_gauges() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let origin = ClosingOrigin::start(Speaks::Http, End::Silent);
    let connector = origin.connector().with_observer(observer.clone());
    let limits = Limits::default().max_concurrency(1).max_queued(7);
    let proxy = OriginProxy::new(connector).limits(limits);
    // One is admitted and gets no response, one waits.
    let mut requests = [(); 2].map(|()| Box::pin(send(&proxy, request(Method::GET))));
    for request in &mut requests {
        assert!(futures_util::poll!(request.as_mut()).is_pending());
    }
    observer.sample(&proxy);
    let scrape = Scrape::parse(&handle.render());
    assert_eq!(lint(&scrape), Vec::<String>::new());
    for state in ["queued", "running", "awaiting"] {
        let name = format!("cdn_origin_limits_{state}_requests");
        assert_eq!(scrape.sum(&name, &[]), 1.0, "{name}");
    }
    for (metric, limit, expected) in [
        ("cdn_origin_limits_capacity", "max_concurrency", 1.0),
        ("cdn_origin_limits_capacity", "max_queued", 7.0),
        (
            "cdn_origin_limits_capacity",
            "adaptive_concurrency",
            f64::INFINITY,
        ),
        ("cdn_origin_pool_capacity", "max_connections", 256.0),
        ("cdn_origin_pool_capacity", "max_queued", 4096.0),
    ] {
        let labels = [("cdn_origin_limit", limit)];
        assert_eq!(scrape.sum(metric, &labels), expected, "{limit}");
    }
    drop(requests);
    observer.sample(&proxy);
    let scrape = Scrape::parse(&handle.render());
    assert_eq!(scrape.sum("cdn_origin_limits_queued_requests", &[]), 0.0);
}

#[test]
fn a_reload_that_fails_is_counted_and_one_that_changes_nothing_is_not() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let authority = Authority::new();
    let roots = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(roots.path(), authority.root_pem()).unwrap();
    let connector = CdnOriginConnector::builder("https://a.example")
        .verify(VerifyPolicy::roots(Roots::pem_file(roots.path())))
        .build()
        .unwrap()
        .with_observer(observer.clone());
    assert!(!connector.reload_if_changed().unwrap());
    std::fs::write(roots.path(), "no certificate").unwrap();
    assert!(connector.reload_if_changed().is_err());
    let policy = || VerifyPolicy::roots(Roots::pem("no certificate"));
    assert!(connector.reload(|change| change.verify(policy())).is_err());
    observer.config_refused();
    let scrape = Scrape::parse(&handle.render());
    let by_address = scrape.by("cdn_origin_reload_failures_total", "server_address");
    let expected = [("a.example", 2), ("other", 1)];
    let expected = expected.map(|(address, count)| (address.to_owned(), count));
    assert_eq!(by_address, BTreeMap::from(expected));
    assert!(!scrape.types.contains_key("cdn_origin_reloads_total"));
}

/// So that an alert lasts until the file is repaired.
#[test]
fn the_outcome_of_the_last_reload_of_the_file_stays() {
    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = MetricsObserver::new();
    let gauge = |name: &str| {
        let scrape = Scrape::parse(&handle.render());
        scrape.sum(&format!("cdn_origin_config_last_reload_{name}"), &[])
    };
    observer.config_applied();
    let applied_at = gauge("success_timestamp_seconds");
    assert_eq!(gauge("successful"), 1.0);
    assert!(applied_at > 1.7e9, "{applied_at}");
    observer.config_refused();
    assert_eq!(gauge("successful"), 0.0);
    assert_eq!(gauge("success_timestamp_seconds"), applied_at);
    observer.config_applied();
    assert_eq!(gauge("successful"), 1.0);
}

#[test]
fn origins_beyond_the_limit_share_an_address_and_one_warning_names_the_call() {
    let (log, _subscriber) = Log::start();
    let (recorder, handle) = recorder();
    let _guard = ::metrics::set_default_local_recorder(&recorder);
    let metrics = MetricsObserver::new().max_origins(2);
    for name in ["a", "b", "c", "d", "a", "b", "c", "d"] {
        let connector = CdnOriginConnector::builder(format!("http://{name}.example"));
        let connector = connector.build().unwrap();
        metrics.reloaded(connector.origin());
    }
    let scrape = Scrape::parse(&handle.render());
    let by_address = scrape.by("cdn_origin_reloads_total", "server_address");
    let expected = [("a.example", 2), ("b.example", 2), ("other", 4)];
    let expected = expected.map(|(address, count)| (address.to_owned(), count));
    assert_eq!(by_address, BTreeMap::from(expected));
    let warnings = log.text().matches("MetricsObserver::max_origins").count();
    assert_eq!(warnings, 1, "{}", log.text());
}

//! The spans of requests and connects.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
};

use cdn_origin::{CdnOriginConnector, OriginProxy, dial::Dns};
use http::Method;
use http_body_util::BodyExt;
use tracing::{
    Event, Instrument, Level, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    filter::LevelFilter,
    layer::{Context, Layer, SubscriberExt},
    registry::LookupSpan,
};

use super::{request, send};
use crate::{
    architecture::{Source, sources},
    closing_origin::{ClosingOrigin, End, Speaks},
    resolve::ScriptedResolver,
    support::refused_address,
};

/// A span that has closed.
#[derive(Clone, Debug, Default)]
struct Closed {
    name: &'static str,
    target: &'static str,
    /// In lower case.
    level: String,
    /// The names of its fields, with a value or without.
    declared: Vec<&'static str>,
    parent: Option<&'static str>,
    fields: BTreeMap<String, String>,
}

/// Collects the spans that close.
#[derive(Clone, Default)]
struct Spans {
    closed: Arc<Mutex<Vec<Closed>>>,
    /// The span of each warning.
    warnings: Arc<Mutex<Vec<Option<&'static str>>>>,
}

#[derive(Default)]
struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        let value = value.trim_matches('"').to_owned();
        self.0.insert(field.name().to_owned(), value);
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, cx: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        cx.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, cx: Context<'_, S>) {
        let span = cx.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        if *event.metadata().level() == Level::WARN {
            let span = cx.event_span(event).map(|span| span.name());
            self.warnings.lock().unwrap().push(span);
        }
    }

    fn on_close(&self, id: span::Id, cx: Context<'_, S>) {
        let span = cx.span(&id).unwrap();
        let fields = span.extensions_mut().remove::<Fields>().unwrap();
        let metadata = span.metadata();
        self.closed.lock().unwrap().push(Closed {
            name: span.name(),
            target: metadata.target(),
            level: metadata.level().to_string().to_lowercase(),
            declared: metadata.fields().iter().map(|it| it.name()).collect(),
            parent: span.parent().map(|parent| parent.name()),
            fields: fields.0,
        });
    }
}

impl Spans {
    fn start(level: LevelFilter) -> (Self, tracing::subscriber::DefaultGuard) {
        let spans = Self::default();
        let subscriber = tracing_subscriber::registry()
            .with(level)
            .with(spans.clone());
        let guard = crate::tls_facts::subscribe(subscriber);
        // Other tests may have met the spans before, without a subscriber.
        tracing::callsite::rebuild_interest_cache();
        (spans, guard)
    }

    fn closed(&self) -> Vec<Closed> {
        self.closed.lock().unwrap().clone()
    }

    fn warnings(&self) -> Vec<Option<&'static str>> {
        self.warnings.lock().unwrap().clone()
    }

    fn only(&self, name: &str) -> Closed {
        let closed = self.closed();
        let mut found = closed.into_iter().filter(|span| span.name == name);
        let only = found.next().unwrap_or_else(|| panic!("no span {name}"));
        assert!(found.next().is_none(), "{name}");
        only
    }
}

#[tokio::test]
async fn a_request_has_a_span_below_its_callers_and_its_connect_one_below_that() {
    let (spans, _guard) = Spans::start(LevelFilter::DEBUG);
    let origin = ClosingOrigin::start(Speaks::HttpsHttp2, End::Fin);
    let connector = origin.by_name().dial(origin.address()).build().unwrap();
    let proxy = OriginProxy::new(connector);
    let server = tracing::info_span!("server");
    let response = send(&proxy, request(Method::GET)).instrument(server).await;
    response.into_body().collect().await.unwrap();

    let request = spans.only("request");
    assert_eq!(request.parent, Some("server"));
    let address = origin.address();
    for (field, value) in [
        ("otel.kind", "client"),
        ("otel.name", "GET"),
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("network.protocol.version", "2"),
        ("server.address", &*address.ip().to_string()),
        ("server.port", &*address.port().to_string()),
        ("network.peer.address", &*address.ip().to_string()),
        ("network.peer.port", &*address.port().to_string()),
        ("cdn_origin.outcome", "complete"),
    ] {
        assert_eq!(
            request.fields.get(field).map(|it| &**it),
            Some(value),
            "{field}"
        );
    }
    assert!(!request.fields.contains_key("error.type"));

    let connect = spans.only("connect");
    assert_eq!(connect.parent, Some("request"));
    assert_eq!(connect.fields["tls.protocol.version"], "1.3");
    assert_eq!(connect.fields["tls.resumed"], "false");
    for stage in ["dial", "handshake"] {
        assert_eq!(spans.only(stage).parent, Some("connect"), "{stage}");
    }
    let text = format!("{:?}", spans.closed());
    assert!(
        !text.contains("secret") && !text.contains("/page"),
        "{text}"
    );
}

/// A client that invents methods must not create names of spans.
#[tokio::test]
async fn a_method_that_open_telemetry_does_not_know_is_no_name() {
    let (spans, _guard) = Spans::start(LevelFilter::INFO);
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let proxy = OriginProxy::new(connector.build().unwrap());
    let method = Method::from_bytes(b"INVENTED").unwrap();
    let response = send(&proxy, request(method)).await;
    response.into_body().collect().await.unwrap();
    let request = spans.only("request");
    assert_eq!(request.fields["otel.name"], "HTTP");
    assert_eq!(request.fields["http.request.method"], "_OTHER");
}

#[tokio::test]
async fn a_reused_connection_has_no_connect_and_an_error_has_its_type() {
    let (spans, _guard) = Spans::start(LevelFilter::INFO);
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let proxy = OriginProxy::new(origin.connector());
    for _ in 0..2 {
        let response = send(&proxy, request(Method::GET)).await;
        response.into_body().collect().await.unwrap();
    }
    drop(send(&proxy, request(Method::TRACE)).await);
    let names: Vec<_> = spans.closed().iter().map(|span| span.name).collect();
    assert_eq!(names, ["connect", "request", "request", "request"]);
    let refused = spans.closed().pop().unwrap();
    assert_eq!(refused.fields["error.type"], "request_method_refused");
    assert_eq!(refused.fields["cdn_origin.outcome"], "refused");
}

#[tokio::test]
async fn a_span_has_the_trace_of_its_request_and_warnings_are_within_it() {
    let (spans, _guard) = Spans::start(LevelFilter::INFO);
    let refused = refused_address();
    let url = format!("http://{}", refused.address());
    let connector = CdnOriginConnector::builder(url).label("shop");
    let connector = connector.build().unwrap();
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let value = format!("00-{trace}-b7ad6b7169203331-01");
    for (field, expected) in [(&*value, Some(trace)), ("00-secret-1-01", None)] {
        let mut request = request(Method::GET);
        request
            .headers_mut()
            .insert("traceparent", field.parse().unwrap());
        let proxy = OriginProxy::new(connector.clone());
        drop(send(&proxy, request).await);
        let closed = spans.closed();
        let span = closed.iter().rfind(|span| span.name == "request").unwrap();
        let found = span.fields.get("cdn_origin.trace_id");
        assert_eq!(found.map(String::as_str), expected);
        assert_eq!(span.fields["cdn_origin.label"], "shop");
    }
    let warnings = spans.warnings();
    let is_within = |span: &Option<&str>| *span == Some("request");
    assert!(
        warnings.len() >= 2 && warnings.iter().all(is_within),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn below_info_there_are_no_spans() {
    let (spans, _guard) = Spans::start(LevelFilter::WARN);
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let proxy = OriginProxy::new(origin.connector());
    let response = send(&proxy, request(Method::GET)).await;
    response.into_body().collect().await.unwrap();
    assert!(spans.closed().is_empty());
}

/// The names of fields that are neither OpenTelemetry's nor begin with the crate's prefix:
/// `tracing-opentelemetry` takes them for itself.
const OF_THE_BRIDGE: [&str; 2] = ["otel.kind", "otel.name"];

#[tokio::test]
async fn every_field_of_every_span_has_a_name_of_open_telemetry_or_of_the_crate() {
    let (spans, _guard) = Spans::start(LevelFilter::DEBUG);
    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let dns = Dns::default().resolver(ScriptedResolver::addresses([origin.address()]));
    let connector = origin.by_name().dns(dns).build().unwrap();
    let proxy = OriginProxy::new(connector);
    let response = send(&proxy, request(Method::GET)).await;
    response.into_body().collect().await.unwrap();

    let known = include_str!("otel_names.txt");
    let page = include_str!("../../../src/guide/observability.md");
    let mut names = BTreeSet::new();
    for span in spans.closed() {
        assert_eq!(span.target, "cdn_origin::spans", "{}", span.name);
        let row = format!("| `{}` | {} |", span.name, span.level);
        assert!(page.contains(&row), "{row}");
        names.insert(span.name);
        for field in span.declared {
            let is_own = field.starts_with("cdn_origin.") || OF_THE_BRIDGE.contains(&field);
            let line = format!("attribute {field}");
            assert_ne!(is_own, known.lines().any(|it| it == line), "{field}");
            assert!(page.contains(&format!("`{field}`")), "{field}");
        }
    }
    // Each span of the source was seen, but for those of a group's task and of its checks.
    let of_requests = |it: &&Source| it.file != "group/group_task.rs";
    let sources = sources().iter().filter(of_requests);
    let written: usize = sources.map(|it| it.text.matches("span!(").count()).sum();
    let of_checks = 1;
    assert_eq!(names.len(), written - of_checks, "{names:?}");
    // Values of OpenTelemetry are those of registries.
    let connect = spans.only("connect");
    assert!(connect.fields["tls.cipher"].starts_with("TLS_"));
}

//! Host rewriting: which host a request has, and in which place.

use std::convert::Infallible;
use std::fmt::Debug;
use std::io;
use std::task::Poll;

use cdn_origin::error::{ErrorKind, Fault, RequestProblem, Stage};
use cdn_origin::name::HostAuthority;
use cdn_origin::{Error, HostRewriteLayer};
use http::header::HOST;
use http::{HeaderValue, Method, Request, Uri, Version};
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;

const CLIENT: &str = "Client.example:8080";

/// The forms of a request target (RFC 9112 section 3.2).
#[derive(Clone, Copy, Debug)]
enum Form {
    Absolute,
    Asterisk,
    Authority,
    Origin,
}

fn request(version: Version, form: Form, host: Option<&str>) -> Request<()> {
    let (method, uri) = match form {
        Form::Absolute => (Method::GET, "http://Client.example:8080/path?query"),
        Form::Asterisk => (Method::OPTIONS, "*"),
        Form::Authority => (Method::CONNECT, CLIENT),
        Form::Origin => (Method::GET, "/path?query"),
    };
    let request = Request::builder().method(method).uri(uri).version(version);
    let request = match host {
        Some(host) => request.header(HOST, host),
        None => request,
    };
    request.body(()).unwrap()
}

fn with_fields(version: Version, uri: &str, hosts: &[&[u8]]) -> Request<()> {
    let mut request = Request::builder()
        .uri(uri)
        .version(version)
        .body(())
        .unwrap();
    for host in hosts {
        let host = HeaderValue::from_bytes(host).unwrap();
        request.headers_mut().append(HOST, host);
    }
    request
}

/// The request behind the layer: its URI, and its Host field if there is one.
async fn behind<L>(layer: L, request: Request<()>) -> Result<String, BoxError>
where
    L: Layer<tower::util::BoxCloneService<Request<()>, Request<()>, Infallible>>,
    L::Service: Service<Request<()>, Response = Request<()>, Error = BoxError>,
{
    let inner = service_fn(|request: Request<()>| async { Ok::<_, Infallible>(request) });
    let service = layer.layer(tower::util::BoxCloneService::new(inner));
    service
        .oneshot(request)
        .await
        .map(|request| displayed(&request))
}

/// Also checks that the host is in one place only.
fn displayed(request: &Request<()>) -> String {
    let fields: Vec<_> = request.headers().get_all(HOST).iter().collect();
    let places = fields.len() + usize::from(request.uri().authority().is_some());
    assert_eq!(places, 1, "{request:?}");
    let in_field = fields.first().map(|value| value.to_str().unwrap());
    match in_field {
        Some(host) => format!("{} Host: {host}", request.uri()),
        None => request.uri().to_string(),
    }
}

fn to() -> HostRewriteLayer {
    HostRewriteLayer::to("to.example").unwrap()
}

/// A layer that prefixes the client's host with the method.
fn below() -> HostRewriteLayer {
    HostRewriteLayer::from_fn(|parts, client| {
        let method = parts.method.as_str().to_ascii_lowercase();
        format!("{method}.{client}").parse().unwrap()
    })
}

const OLD: Version = Version::HTTP_10;
const ONE: Version = Version::HTTP_11;
const TWO: Version = Version::HTTP_2;

/// Target, version, and the results of `to`, `preserve` and `from_fn`.
type Row = (Form, Version, Option<&'static str>, [&'static str; 3]);

#[rustfmt::skip]
const TABLE: [Row; 21] = [
    (Form::Origin, OLD, Some(CLIENT), ["/path?query Host: to.example", "/path?query Host: Client.example:8080", "/path?query Host: get.Client.example:8080"]),
    (Form::Origin, ONE, Some(CLIENT), ["/path?query Host: to.example", "/path?query Host: Client.example:8080", "/path?query Host: get.Client.example:8080"]),
    (Form::Origin, TWO, Some(CLIENT), ["https://to.example/path?query", "https://Client.example:8080/path?query", "https://get.Client.example:8080/path?query"]),
    (Form::Absolute, OLD, None, ["http://to.example/path?query", "http://Client.example:8080/path?query", "http://get.Client.example:8080/path?query"]),
    (Form::Absolute, ONE, None, ["http://to.example/path?query", "http://Client.example:8080/path?query", "http://get.Client.example:8080/path?query"]),
    (Form::Absolute, TWO, None, ["http://to.example/path?query", "http://Client.example:8080/path?query", "http://get.Client.example:8080/path?query"]),
    (Form::Absolute, OLD, Some(CLIENT), ["http://to.example/path?query", "http://Client.example:8080/path?query", "http://get.Client.example:8080/path?query"]),
    (Form::Absolute, ONE, Some(CLIENT), ["http://to.example/path?query", "http://Client.example:8080/path?query", "http://get.Client.example:8080/path?query"]),
    (Form::Absolute, TWO, Some("client.EXAMPLE:8080"), ["http://to.example/path?query", "http://Client.example:8080/path?query", "http://get.Client.example:8080/path?query"]),
    // RFC 9112 section 3.2.2: the target takes precedence over Host.
    (Form::Absolute, OLD, Some("other.example"), ["http://to.example/path?query", "http://Client.example:8080/path?query", "http://get.Client.example:8080/path?query"]),
    (Form::Absolute, ONE, Some("other.example"), ["http://to.example/path?query", "http://Client.example:8080/path?query", "http://get.Client.example:8080/path?query"]),
    // CONNECT needs a port.
    (Form::Authority, OLD, None, ["to.example:8080", "Client.example:8080", "connect.Client.example:8080"]),
    (Form::Authority, ONE, None, ["to.example:8080", "Client.example:8080", "connect.Client.example:8080"]),
    (Form::Authority, TWO, None, ["to.example:8080", "Client.example:8080", "connect.Client.example:8080"]),
    (Form::Authority, OLD, Some(CLIENT), ["to.example:8080", "Client.example:8080", "connect.Client.example:8080"]),
    (Form::Authority, ONE, Some(CLIENT), ["to.example:8080", "Client.example:8080", "connect.Client.example:8080"]),
    (Form::Authority, TWO, Some(CLIENT), ["to.example:8080", "Client.example:8080", "connect.Client.example:8080"]),
    (Form::Authority, ONE, Some("other.example"), ["to.example:8080", "Client.example:8080", "connect.Client.example:8080"]),
    (Form::Asterisk, OLD, Some(CLIENT), ["* Host: to.example", "* Host: Client.example:8080", "* Host: options.Client.example:8080"]),
    (Form::Asterisk, ONE, Some(CLIENT), ["* Host: to.example", "* Host: Client.example:8080", "* Host: options.Client.example:8080"]),
    // The `http` crate displays the path `*` without a slash; the client sends it as `:path`.
    (Form::Asterisk, TWO, Some(CLIENT), ["https://to.example*", "https://Client.example:8080*", "https://options.Client.example:8080*"]),
];

#[tokio::test]
async fn the_host_is_written_according_to_version_and_form() {
    for (form, version, host, expected) in TABLE {
        for (layer, expected) in [to(), HostRewriteLayer::preserve(), below()]
            .iter()
            .zip(expected)
        {
            let request = request(version, form, host);
            let seen = behind(layer.clone(), request).await.unwrap();
            assert_eq!(seen, expected, "{version:?} {form:?} {host:?} {layer:?}");
        }
    }
}

#[tokio::test]
async fn the_layer_is_idempotent() {
    let constant = HostRewriteLayer::from_fn(|_, _| "by.example:1".parse().unwrap());
    for (form, version, host, _) in TABLE {
        for layer in [to(), HostRewriteLayer::preserve(), constant.clone()] {
            let once = behind(layer.clone(), request(version, form, host)).await;
            let twice = ServiceBuilder::new()
                .layer(layer.clone())
                .layer(layer)
                .into_inner();
            let twice = behind(twice, request(version, form, host)).await;
            assert_eq!(once.unwrap(), twice.unwrap(), "{version:?} {form:?}");
        }
    }
}

#[tokio::test]
async fn everything_else_in_the_request_is_unchanged() {
    let request = Request::post("/a%2Fb//c/?x=%zz")
        .header(HOST, "client.example")
        .header("x-forwarded-host", "kept.example")
        .extension("kept")
        .body(())
        .unwrap();
    let inner = service_fn(|request: Request<()>| async { Ok::<_, Infallible>(request) });
    let request = to().layer(inner).oneshot(request).await.unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.version(), Version::HTTP_11);
    assert_eq!(request.uri(), "/a%2Fb//c/?x=%zz");
    assert_eq!(request.headers()["x-forwarded-host"], "kept.example");
    assert_eq!(request.headers().len(), 2);
    assert_eq!(request.extensions().get(), Some(&"kept"));
}

#[tokio::test]
async fn only_an_http_1_0_request_may_omit_the_host() {
    let nameless = |version, form| request(version, form, None);
    let seen = behind(to(), nameless(OLD, Form::Origin)).await.unwrap();
    assert_eq!(seen, "/path?query Host: to.example");
    let seen = behind(to(), nameless(OLD, Form::Asterisk)).await.unwrap();
    assert_eq!(seen, "* Host: to.example");
    for layer in [HostRewriteLayer::preserve(), below()] {
        let error = behind(layer, nameless(OLD, Form::Origin))
            .await
            .unwrap_err();
        assert_refused(&error, ErrorKind::Request(RequestProblem::HostMissing));
    }
    for version in [ONE, TWO] {
        for form in [Form::Origin, Form::Asterisk] {
            for layer in [to(), HostRewriteLayer::preserve(), below()] {
                let error = behind(layer, nameless(version, form)).await.unwrap_err();
                assert_refused(&error, ErrorKind::Request(RequestProblem::HostMissing));
            }
        }
    }
}

#[track_caller]
fn assert_refused(error: &BoxError, kind: ErrorKind) {
    let error = error.downcast_ref::<Error>().expect("an error of ours");
    assert_eq!(error.kind(), kind);
    assert_eq!(error.stage(), Stage::Prepare);
    assert_eq!(error.fault(), Fault::Client);
    assert!(error.kind() != ErrorKind::TimedOut);
}

/// All texts of an error.
fn texts_of(error: &BoxError) -> String {
    let error = error.downcast_ref::<Error>().expect("an error of ours");
    format!("{error}\n{error:?}\n{error:#?}\n{}", error.report())
}

#[tokio::test]
async fn invalid_hosts_are_refused_and_not_shown() {
    let invalid: [&[u8]; 22] = [
        b"",
        b"sek ret",
        b"sekret\tb",
        b"sekret,b",
        b"sekret, b",
        b"user:sekret@b",
        b"sekret@b",
        b"sekret:0",
        b"sekret:65536",
        b"sekret:+80",
        b"sekret:http",
        b"sekret:80:80",
        b"sekret/",
        b"http://sekret",
        b"sekret?",
        b"sekret#",
        b"sekret%41",
        b"sekret\"",
        b"[sekret]",
        b"[::1",
        b"sekret\xff",
        "sekret\u{fc}".as_bytes(),
    ];
    for host in invalid {
        for version in [OLD, ONE, TWO] {
            for layer in [to(), HostRewriteLayer::preserve(), below()] {
                let request = with_fields(version, "/", &[host]);
                let error = behind(layer, request).await.unwrap_err();
                assert_refused(&error, ErrorKind::Request(RequestProblem::HostInvalid));
                assert!(!texts_of(&error).contains("sek"), "{}", texts_of(&error));
            }
        }
    }
}

#[tokio::test]
async fn errors_describe_the_host_in_one_line() {
    let table: [(Request<()>, ErrorKind, &str); 6] = [
        (
            with_fields(ONE, "/", &[]),
            ErrorKind::Request(RequestProblem::HostMissing),
            "request cannot be sent: it has neither a Host field nor an absolute URI",
        ),
        (
            with_fields(ONE, "/", &[b"a", b"a"]),
            ErrorKind::Request(RequestProblem::HostRepeated),
            "request cannot be sent: Host field is repeated",
        ),
        (
            with_fields(ONE, "http://a/", &[b"a", b"a"]),
            ErrorKind::Request(RequestProblem::HostRepeated),
            "request cannot be sent: Host field is repeated",
        ),
        (
            with_fields(ONE, "http://a/", &[b"a b"]),
            ErrorKind::Request(RequestProblem::HostInvalid),
            "request cannot be sent: Host is not a host with an optional port",
        ),
        (
            with_fields(ONE, "http://user:sekret@a/", &[]),
            ErrorKind::Request(RequestProblem::HostInvalid),
            "request cannot be sent: Host is not a host with an optional port",
        ),
        (
            with_fields(TWO, "https://a/", &[b"b"]),
            ErrorKind::Request(RequestProblem::HostConflict),
            "request cannot be sent: Host and :authority name different hosts",
        ),
    ];
    for (request, kind, text) in table {
        let error = behind(to(), request).await.unwrap_err();
        assert_refused(&error, kind);
        assert_eq!(error.to_string(), text);
        assert!(error.source().is_none());
        assert!(!texts_of(&error).contains("sekret"), "{}", texts_of(&error));
    }
}

#[tokio::test]
async fn another_port_is_another_host_in_http_2() {
    for (authority, host, conflict) in [
        ("https://a:443/", "a:443", false),
        ("https://A/", "a", false),
        ("https://a:443/", "a", false),
        ("http://a/", "a:80", false),
        ("http://a/", "a:443", true),
        ("https://a/", "a:8443", true),
        ("https://a/", "a.", true),
    ] {
        let request = with_fields(TWO, authority, &[host.as_bytes()]);
        let seen = behind(to(), request).await;
        assert_eq!(seen.is_err(), conflict, "{authority} {host}");
    }
}

#[test]
fn a_fixed_host_is_validated_by_the_constructor() {
    let error = HostRewriteLayer::to("a b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Host \"a b\": the character ' ' at byte 1 is not allowed"
    );
    let name: HostAuthority = "a:80".parse().unwrap();
    assert!(HostRewriteLayer::to(name).is_ok());
    assert!(HostRewriteLayer::to(String::from("a")).is_ok());
}

#[test]
fn layers_implement_debug() {
    let shown = |layer: HostRewriteLayer| format!("{layer:?}");
    assert_eq!(shown(to()), "HostRewriteLayer { rule: Fixed(to.example) }");
    assert_eq!(
        shown(HostRewriteLayer::preserve()),
        "HostRewriteLayer { rule: Preserve }"
    );
    assert_eq!(shown(below()), "HostRewriteLayer { rule: Function(..) }");
}

#[tokio::test]
async fn the_service_is_ready_when_the_inner_service_is() {
    let (mut service, mut handle) = mock::spawn_layer::<Request<()>, (), _>(to());
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));

    let response = service.call(request(ONE, Form::Origin, Some(CLIENT)));
    let (seen, answer) = handle.next_request().await.unwrap();
    assert_eq!(seen.headers()[HOST], "to.example");
    answer.send_response(());
    response.await.unwrap();
}

#[tokio::test]
async fn a_refused_request_never_reaches_the_inner_service() {
    let (mut service, mut handle) = mock::spawn_layer::<Request<()>, (), _>(to());
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));
    let error = service
        .call(request(ONE, Form::Origin, None))
        .await
        .unwrap_err();
    assert_refused(&error, ErrorKind::Request(RequestProblem::HostMissing));
    drop(service);
    assert!(handle.next_request().await.is_none());
}

#[tokio::test]
async fn errors_of_the_inner_service_are_returned_unchanged() {
    let (mut service, mut handle) = mock::spawn_layer::<Request<()>, (), _>(to());
    handle.send_error(io::Error::from(io::ErrorKind::BrokenPipe));
    let Poll::Ready(Err(error)) = service.poll_ready() else {
        panic!("an inner service that has failed is not ready");
    };
    assert!(error.downcast_ref::<Error>().is_none(), "{error:?}");

    let failing = service_fn(|_: Request<()>| async {
        Err::<(), _>(io::Error::from(io::ErrorKind::BrokenPipe))
    });
    let request = request(ONE, Form::Origin, Some(CLIENT));
    let error = to().layer(failing).oneshot(request).await.unwrap_err();
    let error = error.downcast_ref::<io::Error>().map(io::Error::kind);
    assert_eq!(error, Some(io::ErrorKind::BrokenPipe));
}

#[tokio::test]
async fn the_inner_service_may_have_a_boxed_error() {
    let inner = ServiceBuilder::new()
        .buffer::<Request<()>>(1)
        .service(service_fn(|request: Request<()>| async {
            Ok::<_, BoxError>(request)
        }));
    let service = ServiceBuilder::new()
        .layer(to())
        .layer(HostRewriteLayer::preserve());
    let request = request(TWO, Form::Origin, Some(CLIENT));
    let seen = service.service(inner).oneshot(request).await.unwrap();
    assert_eq!(displayed(&seen), "https://to.example/path?query");
}

/// A repeatable stream of numbers (Marsaglia's xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("the bound is a usize")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A field value of up to 12 bytes, most of which occur in names.
    fn value(&mut self) -> HeaderValue {
        const ALPHABET: &[u8] = b"aaZ09-_.~:::[]@%/?# ,\t\"\\\x80\xc3\xbc\xff";
        let length = self.below(13);
        let bytes: Vec<u8> = (0..length).map(|_| *self.pick(ALPHABET)).collect();
        HeaderValue::from_bytes(&bytes).expect("bytes of field values")
    }
}

#[tokio::test]
async fn random_fields_are_rewritten_or_refused_but_never_forwarded() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let layers = [to(), HostRewriteLayer::preserve()];
    let mut passed = 0;
    for _ in 0..10_000 {
        let version = *random.pick(&[OLD, ONE, TWO]);
        let uri = random.pick(&["/", "*", "http://a/", "https://a:1/?q", "a:1"]);
        let mut request = with_fields(version, uri, &[]);
        for _ in 0..random.below(3) {
            request.headers_mut().append(HOST, random.value());
        }
        let sent = format!("{request:?}");
        let names_uri = request.uri().authority().is_some();
        match behind(random.pick(&layers).clone(), request).await {
            Ok(seen) => {
                passed += 1;
                name_holds(&seen, names_uri || version == TWO, &sent);
            }
            Err(error) => {
                let error = error.downcast_ref::<Error>().expect("an error of ours");
                assert_eq!(error.stage(), Stage::Prepare, "{sent}");
                assert_eq!(error.fault(), Fault::Client, "{sent}");
            }
        }
    }
    assert!(
        passed > 500,
        "a stream that is refused throughout proves nothing"
    );
}

/// Asserts that the rewritten host is valid and in the right place.
#[track_caller]
fn name_holds(seen: &str, in_uri: bool, sent: &str) {
    let name = match seen.split_once(" Host: ") {
        Some((_, name)) => {
            assert!(!in_uri, "{sent} became {seen}");
            name.to_owned()
        }
        None => {
            assert!(in_uri, "{sent} became {seen}");
            // The `http` crate cannot parse the path `*` after an authority.
            let uri: Uri = seen.trim_end_matches('*').parse().unwrap();
            uri.authority().map(ToString::to_string).unwrap_or_default()
        }
    };
    assert!(
        name.parse::<HostAuthority>().is_ok(),
        "{sent} became {seen}"
    );
}

/// The layer leaves a host in one place. The proxy behind it does not take that for a missing Host.
#[tokio::test]
async fn the_layer_in_front_of_the_proxy_keeps_absolute_forms() {
    let proxy = crate::memory::seeing(|request| {
        assert_eq!(request.headers()["host"], "origin.example");
    });
    for (field, status) in [(Some("client.test"), 200), (None, 400)] {
        let layered = to().layer(proxy.clone());
        let request = Request::get("http://client.test/");
        let request = field
            .into_iter()
            .fold(request, |request, host| request.header("host", host));
        let response = layered.oneshot(
            request
                .body(http_body_util::Empty::<bytes::Bytes>::new())
                .unwrap(),
        );
        assert_eq!(response.await.unwrap().status(), status, "{field:?}");
    }
}

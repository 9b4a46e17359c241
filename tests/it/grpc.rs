//! gRPC through the proxy: clients and the origin speak HTTP/2, and what gRPC says in trailers arrives.

use std::{
    convert::Infallible,
    future::{Future, pending},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::Router;
use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, VerifyPolicy,
    pool::PoolSettings,
    proxy::{Limits, problem_details},
    tls::Roots,
};
use futures_util::{Stream, StreamExt, stream};
use http::uri::PathAndQuery;
use http_body::Body as _;
use http_body_util::Empty;
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_rustls::TlsAcceptor;
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    client,
    server::{self, NamedService},
    transport::{Channel, Endpoint, Server},
};
use tonic_prost::ProstCodec;
use tower::{Service, ServiceExt, service_fn};

use crate::{
    origin::{self, Origin},
    support::{Authority, Site, refused_address},
};

/// More than a window of HTTP/2.
const LARGE: usize = 8 * 1024 * 1024;

type Messages = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

/// A service without generated code: every message is a string.
#[derive(Clone)]
struct Echo {
    /// Told when a stream without end is given up.
    left: mpsc::UnboundedSender<()>,
}

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mut grpc = server::Grpc::new(ProstCodec::<String, String>::default())
            .max_decoding_message_size(2 * LARGE)
            .max_encoding_message_size(2 * LARGE);
        let left = self.left.clone();
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/test.Echo/Once" => grpc.unary(service_fn(once), request).await,
                "/test.Echo/Many" => grpc.server_streaming(service_fn(many), request).await,
                "/test.Echo/Collect" => grpc.client_streaming(service_fn(collect), request).await,
                "/test.Echo/Talk" => grpc.streaming(service_fn(talk), request).await,
                "/test.Echo/Endless" => {
                    let endless =
                        service_fn(move |request| endless(request, Leaving(left.clone())));
                    grpc.server_streaming(endless, request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

async fn once(request: Request<String>) -> Result<Response<String>, Status> {
    if request.get_ref() == "fail" {
        let mut status = Status::with_details(Code::NotFound, "nothing here: é", "why".into());
        status
            .metadata_mut()
            .insert("x-why", "because".parse().unwrap());
        return Err(status);
    }
    let timeout = request.metadata().get("grpc-timeout").cloned();
    let mut response = Response::new(request.into_inner());
    if let Some(timeout) = timeout {
        response.metadata_mut().insert("x-timeout", timeout);
    }
    Ok(response)
}

/// As many messages as asked for, and then a failure.
async fn many(request: Request<String>) -> Result<Response<Messages>, Status> {
    let count: usize = request.get_ref().parse().unwrap();
    let messages = stream::iter(0..count).map(|number| Ok(number.to_string()));
    let failure = stream::once(async { Err(Status::data_loss("the rest is lost")) });
    Ok(Response::new(messages.chain(failure).boxed()))
}

async fn collect(request: Request<Streaming<String>>) -> Result<Response<String>, Status> {
    let mut messages = request.into_inner();
    let mut all = String::new();
    while let Some(message) = messages.message().await? {
        all += &message;
    }
    Ok(Response::new(all))
}

async fn talk(request: Request<Streaming<String>>) -> Result<Response<Messages>, Status> {
    let answers = request
        .into_inner()
        .map(|message| message.map(|text| format!("re: {text}")));
    Ok(Response::new(answers.boxed()))
}

/// Says once that it begins, and then nothing.
async fn endless(_: Request<String>, leaving: Leaving) -> Result<Response<Messages>, Status> {
    let first = stream::once(async { Ok(String::from("begun")) });
    let silence = stream::poll_fn(move |_| {
        let _kept = &leaving;
        Poll::Pending
    });
    Ok(Response::new(first.chain(silence).boxed()))
}

/// Tells when it is dropped.
struct Leaving(mpsc::UnboundedSender<()>);

impl Drop for Leaving {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A client's channel to a site with a proxy to tonic's own server.
struct Scene {
    _site: Site,
    channel: Channel,
    left: mpsc::UnboundedReceiver<()>,
    server: JoinHandle<()>,
}

impl Scene {
    async fn with(dress: impl FnOnce(OriginProxy) -> OriginProxy) -> Self {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(origin::server_config(&authority, b"h2"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let incoming = stream::unfold((listener, acceptor), |(listener, acceptor)| async {
            let (stream, _) = listener.accept().await.unwrap();
            let tls = acceptor.accept(stream).await;
            Some((tls, (listener, acceptor)))
        });
        let (leaving, left) = mpsc::unbounded_channel();
        let server = Server::builder()
            .add_service(Echo { left: leaving })
            .serve_with_incoming(incoming);
        let server = tokio::spawn(async move { server.await.unwrap() });
        let (site, channel) = through_a_proxy(address, &authority, dress).await;
        Self {
            _site: site,
            channel,
            left,
            server,
        }
    }

    /// The scene, to be kept for as long as the client is used, and a client.
    async fn with_client() -> (Self, client::Grpc<Channel>) {
        Self::with_client_of(|proxy| proxy).await
    }

    async fn with_client_of(
        dress: impl FnOnce(OriginProxy) -> OriginProxy,
    ) -> (Self, client::Grpc<Channel>) {
        let scene = Self::with(dress).await;
        let grpc = ready(scene.channel.clone()).await;
        (scene, grpc)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn through_a_proxy(
    address: SocketAddr,
    authority: &Authority,
    dress: impl FnOnce(OriginProxy) -> OriginProxy,
) -> (Site, Channel) {
    let connector = CdnOriginConnector::builder(format!("https://{}", origin::NAME))
        .dial(address)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .build()
        .unwrap();
    let proxy = dress(OriginProxy::new(connector));
    let site = Site::serve(Router::new().fallback_service(proxy)).await;
    let endpoint = Endpoint::from_shared(format!("http://{}", site.address())).unwrap();
    let channel = endpoint.connect().await.unwrap();
    (site, channel)
}

async fn ready(channel: Channel) -> client::Grpc<Channel> {
    let mut grpc = client::Grpc::new(channel)
        .max_decoding_message_size(2 * LARGE)
        .max_encoding_message_size(2 * LARGE);
    grpc.ready().await.unwrap();
    grpc
}

fn codec() -> ProstCodec<String, String> {
    ProstCodec::default()
}

fn method(path: &'static str) -> PathAndQuery {
    PathAndQuery::from_static(path)
}

fn message(text: &str) -> Request<String> {
    Request::new(text.to_owned())
}

#[tokio::test]
async fn a_unary_call_and_its_deadline_arrive() {
    let (_scene, mut grpc) = Scene::with_client().await;
    let mut request = message("hello");
    request.set_timeout(Duration::from_secs(30));
    let response = grpc
        .unary(request, method("/test.Echo/Once"), codec())
        .await
        .unwrap();
    assert_eq!(response.metadata().get("x-timeout").unwrap(), "30000000u");
    assert_eq!(response.into_inner(), "hello");
}

#[tokio::test]
async fn a_failure_in_trailers_alone_arrives_with_its_details() {
    let (_scene, mut grpc) = Scene::with_client().await;
    let failed = grpc
        .unary(message("fail"), method("/test.Echo/Once"), codec())
        .await;
    let status = failed.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(status.message(), "nothing here: é");
    assert_eq!(status.details(), b"why");
    assert_eq!(status.metadata().get("x-why").unwrap(), "because");

    grpc.ready().await.unwrap();
    let unknown = grpc
        .unary(message(""), method("/test.Echo/Unknown"), codec())
        .await;
    assert_eq!(unknown.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn messages_larger_than_a_window_pass_both_ways() {
    let (_scene, mut grpc) = Scene::with_client().await;
    let large = "x".repeat(LARGE);
    let response = grpc
        .unary(message(&large), method("/test.Echo/Once"), codec())
        .await;
    assert!(response.unwrap().into_inner() == large);
}

#[tokio::test]
async fn a_stream_of_the_server_and_the_failure_at_its_end_arrive() {
    let (_scene, mut grpc) = Scene::with_client().await;
    let response = grpc.server_streaming(message("1000"), method("/test.Echo/Many"), codec());
    let mut messages = response.await.unwrap().into_inner();
    for number in 0..1000 {
        assert_eq!(messages.message().await.unwrap(), Some(number.to_string()));
    }
    let status = messages.message().await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::DataLoss, "the rest is lost")
    );
}

#[tokio::test]
async fn a_stream_of_the_client_arrives() {
    let (_scene, mut grpc) = Scene::with_client().await;
    let numbers = stream::iter((0..1000).map(|number| number.to_string()));
    let request = Request::new(numbers);
    let response = grpc
        .client_streaming(request, method("/test.Echo/Collect"), codec())
        .await;
    let all: String = (0..1000).map(|number| number.to_string()).collect();
    assert_eq!(response.unwrap().into_inner(), all);
}

#[tokio::test]
async fn a_talk_in_which_each_waits_for_the_other_goes_on_for_as_long_as_they_like() {
    let (_scene, grpc) = Scene::with_client().await;
    talk_in_turn(grpc).await;
}

#[tokio::test]
async fn a_proxy_that_buffers_requests_passes_each_message_of_a_call_at_once() {
    let buffering = Limits::default().buffer_requests(64 * 1024);
    let (_scene, grpc) = Scene::with_client_of(|proxy| proxy.limits(buffering)).await;
    talk_in_turn(grpc).await;
}

#[tokio::test]
async fn calls_that_arrive_before_the_first_connection_wait_for_no_other_call() {
    let one_upload = PoolSettings::default().max_uploads(1);
    let scene = Scene::with(|proxy| proxy.pool(one_upload)).await;
    let talks = (0..8).map(|_| {
        let channel = scene.channel.clone();
        async move {
            let mut grpc = ready(channel).await;
            let (sender, mut receiver) = mpsc::channel::<String>(1);
            let questions = stream::poll_fn(move |cx| receiver.poll_recv(cx));
            let talk = grpc.streaming(Request::new(questions), method("/test.Echo/Talk"), codec());
            (talk.await.map(Response::into_inner), sender)
        }
    });
    for (answers, sender) in futures_util::future::join_all(talks).await {
        let mut answers = answers.unwrap();
        sender.send("hello".into()).await.unwrap();
        let answer = answers.message().await.unwrap();
        assert_eq!(answer.as_deref(), Some("re: hello"));
    }
}

async fn talk_in_turn(mut grpc: client::Grpc<Channel>) {
    let (sender, mut receiver) = mpsc::channel(1);
    let questions = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let response = grpc.streaming(Request::new(questions), method("/test.Echo/Talk"), codec());
    let mut answers = response.await.unwrap().into_inner();
    for number in 0..100 {
        sender.send(number.to_string()).await.unwrap();
        let answer = answers.message().await.unwrap();
        assert_eq!(answer, Some(format!("re: {number}")));
    }
    drop(sender);
    assert_eq!(answers.message().await.unwrap(), None);
    assert!(answers.trailers().await.unwrap().is_some());
}

#[tokio::test]
async fn a_call_that_the_client_gives_up_ends_at_the_origin() {
    let (mut scene, mut grpc) = Scene::with_client().await;
    let response = grpc.server_streaming(message(""), method("/test.Echo/Endless"), codec());
    let mut messages = response.await.unwrap().into_inner();
    assert_eq!(messages.message().await.unwrap().as_deref(), Some("begun"));
    drop(messages);
    assert_eq!(scene.left.recv().await, Some(()));
}

#[tokio::test]
async fn a_grpc_client_receives_unavailable_if_the_origin_is_unreachable() {
    let refused = refused_address();
    let (_site, channel) =
        through_a_proxy(refused.address(), &Authority::new(), |proxy| proxy).await;
    let mut grpc = ready(channel).await;
    let failed = grpc
        .unary(message("hello"), method("/test.Echo/Once"), codec())
        .await;
    let status = failed.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "502 Bad Gateway");
    assert!(status.metadata().contains_key("proxy-status"), "{status}");
}

#[tokio::test]
async fn problem_details_do_not_make_a_failed_call_a_malformed_response() {
    let refused = refused_address();
    let dress = |proxy: OriginProxy| proxy.map_response(problem_details);
    let (_site, channel) = through_a_proxy(refused.address(), &Authority::new(), dress).await;
    let mut grpc = ready(channel).await;
    let failed = grpc
        .unary(message("hello"), method("/test.Echo/Once"), codec())
        .await;
    let status = failed.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert_eq!(status.message(), "502 Bad Gateway");
}

#[tokio::test]
async fn a_failure_is_a_trailers_only_response_for_calls_alone() {
    let origin = Origin::http2(100, |_, _| pending()).await;
    let slow = OriginProxy::new(origin.connector())
        .limits(Limits::default().response_timeout(Duration::from_millis(20)));
    let refused = refused_address();
    let down = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let down = OriginProxy::new(down.build().unwrap());
    let drained = down.clone().pool(PoolSettings::default());
    drained.drain().await;
    let call = |content_type: &str| {
        let request = http::Request::post("/test.Echo/Once").header("host", "client.test");
        let request = request.header("content-type", content_type);
        request.body(Empty::<Bytes>::new()).unwrap()
    };
    for (proxy, code) in [(slow, "4"), (down.clone(), "14"), (drained, "14")] {
        let Ok(answer) = proxy.oneshot(call("application/grpc+proto")).await;
        assert_eq!(answer.status(), http::StatusCode::OK);
        assert_eq!(answer.headers()["grpc-status"], code);
        assert_eq!(answer.headers()["content-type"], "application/grpc+proto");
        assert!(answer.headers().contains_key("proxy-status"));
        assert!(answer.extensions().get::<Error>().is_some());
        assert!(answer.body().is_end_stream());
    }
    let Ok(answer) = down.oneshot(call("application/json")).await;
    assert_eq!(answer.status(), http::StatusCode::BAD_GATEWAY);
    assert!(!answer.headers().contains_key("grpc-status"));
}

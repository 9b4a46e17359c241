//! Requests that were accepted before a drain begins are served, whatever they wait for.

use std::{convert::Infallible, pin::pin, task::Poll};

use bytes::Bytes;
use cdn_origin::{
    Error, ErrorKind, OriginProxy,
    error::RequestProblem,
    proxy::{Limits, ProxyBody},
    tenants::VirtualHosts,
};
use futures_util::poll;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Channel, Empty, channel::Sender};
use tower::{Service, ServiceExt};

use crate::{
    groups::{GATE, Site, failover},
    memory::{read_head, read_to_end, to_connections, write_text},
};

fn request(
    method: Method,
) -> (
    Request<Channel<Bytes, Infallible>>,
    Sender<Bytes, Infallible>,
) {
    let (sender, body) = Channel::new(4);
    let request = Request::builder().method(method).uri("/");
    let request = request.header("host", "client.test").body(body);
    (request.unwrap(), sender)
}

/// A proxy to an origin that answers 204.
fn proxy() -> OriginProxy {
    let proxy = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        write_text(&mut stream, "HTTP/1.1 204 No Content\r\n\r\n").await;
        read_to_end(&mut stream).await;
    });
    proxy.limits(Limits::default().buffer_requests(1024))
}

fn kind(response: &Response<ProxyBody>) -> Option<ErrorKind> {
    response.extensions().get::<Error>().map(Error::kind)
}

#[tokio::test]
async fn a_request_whose_body_still_arrives_when_the_drain_begins_is_served() {
    // A POST is buffered. The first frame of a GET is awaited.
    for method in [Method::POST, Method::GET] {
        let proxy = proxy();
        let (request, mut sender) = request(method.clone());
        let mut response = pin!(proxy.clone().oneshot(request));
        assert!(poll!(&mut response).is_pending());

        let mut drained = pin!(proxy.drain());
        assert!(poll!(&mut drained).is_pending(), "{method}");
        let late = Request::get("/").header("host", "client.test");
        let late = late.body(Empty::<Bytes>::new()).unwrap();
        let Ok(late) = proxy.clone().oneshot(late).await;
        assert_eq!(kind(&late), Some(ErrorKind::Draining));

        sender
            .send_data(Bytes::from_static(b"content"))
            .await
            .unwrap();
        drop(sender);
        let Ok(response) = response.await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT, "{method}");
        drop(response);
        drained.await;
    }
}

/// Asserts that a request is refused before its body has arrived.
async fn refuses_at_once<S>(service: S, method: Method, expected: ErrorKind)
where
    S: Service<
            Request<Channel<Bytes, Infallible>>,
            Response = Response<ProxyBody>,
            Error = Infallible,
        >,
{
    let (request, _sender) = request(method);
    let mut response = pin!(service.oneshot(request));
    let Poll::Ready(Ok(response)) = poll!(&mut response) else {
        panic!("the body is awaited");
    };
    assert_eq!(kind(&response), Some(expected));
}

#[tokio::test]
async fn a_request_after_the_drain_has_begun_is_refused_before_its_body_arrives() {
    let primary = Site::new("primary");
    let group = failover(primary.connector(), Site::new("backup").connector());
    let group = group.each(|proxy| proxy.limits(Limits::default().buffer_requests(1024)));
    let group = group.build().unwrap();
    let proxy = proxy();
    proxy.drain().await;
    group.drain().await;
    for method in [Method::POST, Method::GET] {
        refuses_at_once(proxy.clone(), method.clone(), ErrorKind::Draining).await;
        refuses_at_once(group.clone(), method, ErrorKind::Draining).await;
    }
}

#[tokio::test]
async fn a_request_that_is_refused_by_its_head_is_refused_before_its_body_arrives() {
    let refused = ErrorKind::Request(RequestProblem::MethodRefused);
    refuses_at_once(proxy(), Method::TRACE, refused).await;
    let refused = ErrorKind::Request(RequestProblem::HeadTooLarge);
    let no_fields = Limits::default().max_request_fields(0);
    let limited = proxy().limits(no_fields.clone().buffer_requests(1024));
    refuses_at_once(limited, Method::POST, refused).await;
    // The first frame of a GET is awaited by default.
    refuses_at_once(proxy().limits(no_fields), Method::GET, refused).await;
    let hosts = VirtualHosts::new(proxy());
    let unknown = ErrorKind::Request(RequestProblem::HostUnknown);
    refuses_at_once(hosts, Method::GET, unknown).await;
}

#[tokio::test]
async fn a_buffered_request_of_a_group_is_served_although_the_group_drains() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let limits = || Limits::default().buffer_requests(1024);
    let group = failover(primary.connector(), backup.connector());
    let group = group.each(move |proxy| proxy.limits(limits()));
    let group = group.build().unwrap();
    let (request, mut sender) = request(Method::POST);
    let mut response = pin!(group.clone().oneshot(request));
    assert!(poll!(&mut response).is_pending());

    let mut drained = pin!(group.drain());
    assert!(poll!(&mut drained).is_pending());
    sender
        .send_data(Bytes::from_static(b"content"))
        .await
        .unwrap();
    drop(sender);
    let Ok(response) = response.await;
    assert_eq!(response.status(), StatusCode::OK);
    drop(response);
    drained.await;
}

#[tokio::test]
async fn a_request_that_a_draining_group_has_accepted_fails_over() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let closed = primary.0.gate.acquire_many(GATE as u32);
    let closed = closed.await.unwrap();
    let group = failover(primary.connector(), backup.connector());
    let group = group.build().unwrap();
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let response = tokio::spawn(group.clone().oneshot(request));
    while primary.requests() == 0 {
        tokio::task::yield_now().await;
    }

    let drained = tokio::spawn(group.drain());
    primary.kill();
    let Ok(response) = response.await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    drop(response);
    drained.await.unwrap();
    drop(closed);
}

//! What the facts of a request say is about that request, not about the one that opened its connection.

use std::time::Duration;

use bytes::Bytes;
use cdn_origin::{
    Error, ErrorKind, OriginProxy,
    connector::ConnectionInfo,
    diagnosis::CauseId,
    error::{Elapsed, Facts},
    proxy::{Limits, ProxyBody},
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

use crate::closing_origin::{ClosingOrigin, End, Speaks};

async fn respond(proxy: &OriginProxy, method: Method) -> Response<ProxyBody> {
    let request = Request::builder()
        .method(method)
        .header("host", "client.test")
        .body(Full::<Bytes>::default())
        .unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

/// The facts of a request that was answered. Its response is read to the end.
async fn facts(proxy: &OriginProxy) -> Facts {
    let response = respond(proxy, Method::GET).await;
    assert_eq!(response.status(), StatusCode::OK);
    let info: &ConnectionInfo = response.extensions().get().unwrap();
    let facts = info.facts().clone();
    response.into_body().collect().await.unwrap();
    facts
}

/// The facts of a POST that got no answer.
async fn failure(proxy: &OriginProxy) -> Error {
    let response = respond(proxy, Method::POST).await;
    response.extensions().get::<Error>().unwrap().clone()
}

/// Nothing was done for the request to have a connection.
fn found_it_open(facts: &Facts) {
    assert_eq!(facts.elapsed(), Elapsed::default());
    assert!(facts.attempts().is_empty());
    assert!(facts.resolutions().is_empty());
    assert!(facts.peer().is_some());
}

#[tokio::test]
async fn only_the_request_that_opened_a_connection_has_the_times_of_its_handshake() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let proxy = OriginProxy::new(origin.connector());
        let first = facts(&proxy).await;
        assert!(!first.is_reused());
        assert!(first.elapsed().dial.is_some());
        let is_tls = speaks != Speaks::Http;
        assert_eq!(first.elapsed().handshake.is_some(), is_tls);
        for _ in 0..2 {
            let later = facts(&proxy).await;
            assert!(later.is_reused(), "{speaks:?}");
            found_it_open(&later);
            assert_eq!(later.peer(), first.peer());
            assert_eq!(later.tls_session(), first.tls_session());
            assert_eq!(later.certificates().len(), first.certificates().len());
        }
    }
}

#[tokio::test]
async fn a_request_on_a_prewarmed_connection_waited_for_no_handshake_and_reused_nothing() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let proxy = OriginProxy::new(origin.connector());
        proxy.prewarm().await.unwrap();
        let first = facts(&proxy).await;
        assert!(!first.is_reused(), "{speaks:?}");
        found_it_open(&first);
        assert!(facts(&proxy).await.is_reused(), "{speaks:?}");
    }
}

#[tokio::test]
async fn an_error_on_an_idle_connection_says_how_long_it_was_idle() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::ResetBySecondRequest);
        let proxy = OriginProxy::new(origin.connector());
        facts(&proxy).await;
        let error = failure(&proxy).await;
        assert!(error.facts().is_reused());
        assert!(error.facts().idle().is_some(), "{speaks:?}");
        found_it_open(error.facts());
        let likeliest = error.diagnosis().causes()[0].id();
        assert_eq!(likeliest, CauseId::IdleClosed, "{speaks:?}");
        let report = error.report().to_string();
        assert!(
            report.contains("other requests before; idle for"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn a_timeout_on_an_idle_connection_says_so_too_and_one_on_a_new_connection_does_not() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::SilentFromSecondRequest);
        let limits = Limits::default().response_timeout(Duration::from_millis(50));
        let proxy = OriginProxy::new(origin.connector());
        facts(&proxy).await;
        let error = failure(&proxy.clone().limits(limits.clone())).await;
        assert!(
            error.kind() == ErrorKind::TimedOut && error.facts().is_reused(),
            "{speaks:?}"
        );
        assert!(error.facts().idle().is_some(), "{speaks:?}");

        let silent = ClosingOrigin::start(speaks, End::Silent);
        let proxy = OriginProxy::new(silent.connector()).limits(limits);
        let error = failure(&proxy).await;
        assert!(
            error.kind() == ErrorKind::TimedOut && !error.facts().is_reused(),
            "{speaks:?}"
        );
        assert_eq!(error.facts().idle(), None, "{speaks:?}");
        assert!(error.facts().elapsed().dial.is_some());
    }
}

//! Connections that this machine cannot open: the cause is here, and not at the origin.

use std::{
    convert::Infallible,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    dial::{Dns, Resolve, SocketOptions},
    error::Stage,
    group::{Ejection, HealthCheck, Member, MemberState, OriginGroup},
};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tower::ServiceExt;

use crate::{
    failing::{check, error},
    tls_facts::Log,
};

/// "Too many open files" of the process, and of the system.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

const LIMIT: &str = "raise the limit of open files (`ulimit -n`, LimitNOFILE of systemd), or lower \
                     PoolSettings::max_connections(..)";
const ADDRESS: &str =
    "correct SocketOptions::local_address(..), or lower PoolSettings::max_connections(..)";
const PERMISSION: &str =
    "permit it in the firewall, in the service's sandbox, or by the mode of the Unix socket";

/// Its transport fails with this code of the system.
fn failing_with(code: i32) -> CdnOriginBuilder {
    let transport = tower::service_fn(move |_: Uri| async move {
        Err::<TokioIo<DuplexStream>, _>(io::Error::from_raw_os_error(code))
    });
    CdnOriginConnector::builder("http://origin.example").transport(transport)
}

#[tokio::test]
async fn a_machine_without_descriptors_is_told_from_an_origin_that_is_down() {
    for code in [EMFILE, ENFILE] {
        let error = error(failing_with(code)).await;
        assert_eq!((error.kind(), error.stage()), (ErrorKind::Io, Stage::Dial));
        check(&error, CauseId::LocalSystem, Certainty::Certain, LIMIT);
    }
}

/// `getaddrinfo` opens files and sockets, too.
#[tokio::test]
async fn a_look_up_that_fails_for_want_of_descriptors_is_no_missing_name() {
    use cdn_origin::dial::{Lookup, ResolveError, Resolving};
    struct Exhausted;
    impl Resolve for Exhausted {
        fn resolve(&self, _: &Lookup) -> Resolving {
            let error = io::Error::from_raw_os_error(EMFILE);
            Box::pin(async { Err(ResolveError::failed(error)) })
        }
    }
    let builder = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolver(Exhausted));
    let error = error(builder).await;
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
    check(&error, CauseId::LocalSystem, Certainty::Certain, LIMIT);
}

#[tokio::test]
async fn a_local_address_of_another_machine_is_named_with_its_call() {
    let elsewhere = [192, 0, 2, 1];
    let options = SocketOptions::default().local_address(elsewhere);
    let builder = CdnOriginConnector::builder("http://127.0.0.1:9").socket_options(options);
    let error = error(builder).await;
    check(&error, CauseId::LocalSystem, Certainty::Likely, ADDRESS);
}

#[cfg(unix)]
#[tokio::test]
async fn a_connection_that_the_system_does_not_permit_is_not_refused_by_the_origin() {
    const EPERM: i32 = 1;
    let error = error(failing_with(EPERM)).await;
    check(&error, CauseId::LocalSystem, Certainty::Likely, PERMISSION);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_that_does_not_exist_has_a_cause() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("absent.sock");
    let builder = CdnOriginConnector::builder("http://origin.example")
        .dial(format!("unix:{}", path.display()));
    let error = error(builder).await;
    let fix = "start the server, or correct the path of .dial(..)";
    check(&error, CauseId::NothingListens, Certainty::Likely, fix);
}

/// An origin in memory, and whether this machine has descriptors left to reach it.
fn member(name: &str, exhausted: &Arc<AtomicBool>) -> Member {
    let exhausted = exhausted.clone();
    let transport = tower::service_fn(move |_: Uri| {
        let is_exhausted = exhausted.load(SeqCst);
        async move {
            if is_exhausted {
                return Err(io::Error::from_raw_os_error(EMFILE));
            }
            let (near, far) = tokio::io::duplex(1024);
            let answer = service_fn(|_: Request<Incoming>| async {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
            });
            tokio::spawn(async move {
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(far), answer)
                    .await;
            });
            Ok(TokioIo::new(near))
        }
    });
    let connector = CdnOriginConnector::builder(format!("http://{name}.example"));
    Member::new(connector.transport(transport).build().unwrap()).name(name)
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_descriptors_ejects_no_member_and_finds_none_down() {
    let exhausted = Arc::new(AtomicBool::new(true));
    let check = HealthCheck::get("/").interval(Duration::from_secs(1));
    let group = OriginGroup::builder()
        .tier([member("one", &exhausted)])
        .tier([member("backup", &exhausted)])
        .ejection(Ejection::default().failures(2))
        .health_check(check)
        .build()
        .unwrap();
    let send = async || {
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let Ok(response) = group.clone().oneshot(request).await;
        response
    };
    for _ in 0..20 {
        let response = send().await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!(
            error.diagnosis().likeliest().unwrap().id(),
            CauseId::LocalSystem
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    for member in group.snapshot() {
        assert_eq!(member.state, MemberState::Serving, "{member:?}");
    }
    exhausted.store(false, SeqCst);
    let at_backup = || group.snapshot()[1].requests;
    let before = at_backup();
    assert_eq!(send().await.status(), StatusCode::OK);
    assert_eq!(at_backup(), before, "the first tier serves");
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_descriptors_is_logged_once_a_second() {
    let exhausted = Arc::new(AtomicBool::new(true));
    let group = OriginGroup::builder()
        .tier([member("one", &exhausted)])
        .tier([member("backup", &exhausted)])
        .build()
        .unwrap();
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    let send = async || {
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        drop(group.clone().oneshot(request).await);
    };
    for _ in 0..20 {
        send().await;
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    send().await;
    let text = log.text();
    let count = |part| text.lines().filter(|line| line.contains(part)).count();
    assert_eq!(count("request failed"), 4, "{text}");
    assert_eq!(count("trying the next origin"), 2, "{text}");
    assert_eq!(count("count=20"), 2, "{text}");
}

/// A proxy reports it, too: the status is that of a failed connect.
#[tokio::test]
async fn a_proxy_without_descriptors_answers_502() {
    let proxy = OriginProxy::new(failing_with(EMFILE).build().unwrap());
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
}

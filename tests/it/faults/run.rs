//! One cell: a proxy, a fault at one point, and what comes of it.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use bytes::Bytes;
use cdn_origin::{Error, ErrorKind, proxy::ProxyBody};
use http::{Method, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, channel::Channel};
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::relay::{Connects, Plan, Protocol, Towards, Trigger};

use super::{
    cell::{DELAY, Deadline, Fault, Outcome, Point},
    scene::{HALF, MAIN, Scene, request},
    tunnel,
};

/// No outcome takes longer: the last deadline, and what is left of the others.
const LONGEST: Duration = Duration::from_secs(30);

/// An outcome without a deadline takes less: the delay, and the second in which a response may
/// follow a failed write.
const PROMPT: Duration = Duration::from_millis(1900);

/// Stages the cell, and checks what holds for each of them.
pub(super) async fn run(protocol: Protocol, point: Point, fault: Fault) -> Outcome {
    let cell = format!("{point:?}, {fault:?}, {protocol}");
    let scene = Scene::new(protocol, point, fault);
    let started = Instant::now();
    let outcome = timeout(LONGEST, observe(&scene, protocol, point, fault)).await;
    let outcome = outcome.unwrap_or_else(|_| panic!("{cell}: the outcome has no deadline"));
    let elapsed = started.elapsed();
    let (least, most) = match outcome {
        Outcome::TimesOut(.., deadline)
        | Outcome::AbortsAfter(.., deadline)
        | Outcome::ClosesAfter(deadline) => (deadline.time(), deadline.time() + PROMPT),
        _ => (Duration::ZERO, PROMPT),
    };
    let in_time = (least..most).contains(&elapsed);
    assert!(in_time, "{cell}: {outcome} after {elapsed:?}");

    let wires = scene.network.wires();
    let faults: usize = wires.iter().map(|wire| wire.faults()).sum();
    assert!(
        faults == 1 || point == Point::Connect,
        "{cell}: {faults} faults"
    );
    let is_safe = !matches!(point, Point::RequestBody | Point::Idle | Point::IdlePost)
        && point != Point::ReusedPost;
    let arrivals = scene.script.arrivals.load(SeqCst);
    assert!(
        arrivals <= 1 + usize::from(is_safe),
        "{cell}: sent {arrivals} times"
    );
    scene.balances().await;
    outcome
}

async fn observe(scene: &Scene, protocol: Protocol, point: Point, fault: Fault) -> Outcome {
    let network = &scene.network;
    let head = match protocol.is_tls() {
        // ClientHello, ChangeCipherSpec and Finished are the first three records.
        true => Trigger::Records(3, 10),
        false => Trigger::Bytes(10),
    };
    let later = |towards, trigger| {
        network.plan(Plan {
            fault: Some((towards, trigger, fault.of_wire())),
            ..Plan::default()
        });
    };
    match point {
        Point::Connect => network.plan(Plan {
            connects: match fault {
                Fault::Delay => Connects::Later(DELAY),
                Fault::Drop => Connects::Never,
                Fault::Truncate | Fault::HalfClose => Connects::AndCloses,
                Fault::Reset => Connects::Refused,
                Fault::Stall | Fault::Corrupt | Fault::Bytewise => Connects::AtOnce,
            },
            ..Plan::default()
        }),
        Point::ClientHello => later(Towards::Origin, Trigger::Bytes(20)),
        // After ServerHello and ChangeCipherSpec.
        Point::ServerFlight => later(Towards::Proxy, Trigger::Records(2, 10)),
        Point::ClientFinished => later(Towards::Origin, Trigger::Records(2, 10)),
        Point::Settings => network.plan(Plan {
            at_settings: Some(fault.of_wire()),
            ..Plan::default()
        }),
        Point::RequestHead | Point::UpgradeRequest => later(Towards::Origin, head),
        Point::Idle | Point::IdleGet | Point::IdlePost | Point::ReusedGet | Point::ReusedPost => {
            scene.other("/").await;
            let wire = network.last_wire();
            match point {
                Point::Idle => wire.begin(Towards::Proxy, fault.of_wire()),
                Point::IdleGet | Point::IdlePost => {
                    wire.plan(Towards::Origin, Trigger::Bytes(10), fault.of_wire());
                }
                _ => {}
            }
            // The pool may notice.
            sleep(Duration::from_millis(10)).await;
        }
        Point::RequestBody
        | Point::ResponseHead
        | Point::ResponseBody
        | Point::UpgradeResponse
        | Point::TunnelToOrigin
        | Point::TunnelToClient => {}
    }
    match point {
        Point::RequestBody => upload(scene, fault).await,
        Point::UpgradeRequest | Point::UpgradeResponse => tunnel::upgrade(scene).await,
        Point::TunnelToOrigin => tunnel::pass(scene, fault, Towards::Origin).await,
        Point::TunnelToClient => tunnel::pass(scene, fault, Towards::Proxy).await,
        Point::Idle | Point::IdlePost | Point::ReusedPost => {
            exchange(scene, Method::POST, point, fault).await
        }
        _ => exchange(scene, Method::GET, point, fault).await,
    }
}

async fn exchange(scene: &Scene, method: Method, point: Point, fault: Fault) -> Outcome {
    let request = request(method, MAIN, Empty::<Bytes>::new());
    let Ok(response) = scene.proxy.clone().oneshot(request).await;
    outcome(scene, response, point, fault).await
}

/// A POST of two halves. The fault is in the second.
async fn upload(scene: &Scene, fault: Fault) -> Outcome {
    let (mut sender, body) = Channel::<Bytes, Error>::new(1);
    let request = request(Method::POST, MAIN, body);
    let sending = async {
        let _ = sender.send(Frame::data(Bytes::from_static(HALF))).await;
        scene.script.half_arrived.acquire().await.unwrap().forget();
        let wire = scene.network.last_wire();
        wire.plan(Towards::Origin, Trigger::Bytes(100), fault.of_wire());
        let _ = sender.send(Frame::data(Bytes::from_static(HALF))).await;
        drop(sender);
    };
    let (response, ()) = tokio::join!(scene.proxy.clone().oneshot(request), sending);
    let Ok(response) = response;
    outcome(scene, response, Point::RequestBody, fault).await
}

async fn outcome(
    scene: &Scene,
    response: Response<ProxyBody>,
    point: Point,
    fault: Fault,
) -> Outcome {
    let (head, mut body) = response.into_parts();
    let status = head.status.as_u16();
    if let Some(error) = head.extensions.get::<Error>() {
        return failure(status, error);
    }
    let mut content = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => content.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Err(error) => return aborted(&error),
        }
        if point == Point::ResponseBody && content.len() == HALF.len() {
            let wire = scene.network.last_wire();
            wire.plan(Towards::Proxy, Trigger::Bytes(10), fault.of_wire());
            scene.script.half_read.add_permits(1);
        }
    }
    if status != 200 {
        return Outcome::OriginResponds(status);
    }
    assert_eq!(
        content.len(),
        2 * HALF.len(),
        "a body is short, and nothing shows it"
    );
    let is_changed = content.iter().any(|byte| *byte != HALF[0]);
    if is_changed || head.headers["x-changed"] == "true" {
        return Outcome::Unnoticed;
    }
    let arrivals = scene.script.arrivals.load(SeqCst);
    match scene.network.wires().len() > 1 || arrivals > 1 {
        true => Outcome::Recovers,
        false => Outcome::Passes,
    }
}

/// A response of the proxy itself.
pub(super) fn failure(status: u16, error: &Error) -> Outcome {
    match error.kind() == ErrorKind::TimedOut {
        true => Outcome::TimesOut(status, error.stage(), deadline(error)),
        false => Outcome::Fails(status, error.kind(), error.stage()),
    }
}

fn aborted(error: &Error) -> Outcome {
    match error.kind() == ErrorKind::TimedOut {
        true => Outcome::AbortsAfter(error.stage(), deadline(error)),
        false => Outcome::Aborts(error.kind(), error.stage()),
    }
}

/// The deadline that an error reports.
fn deadline(error: &Error) -> Deadline {
    let passed = error.facts().deadline().expect("the deadline that passed");
    let found = Deadline::ALL.into_iter().find(|it| it.time() == passed);
    found.unwrap_or_else(|| panic!("no deadline is {passed:?}: {error:?}"))
}

//! The origin: responds to each request with content that follows from its id, and checks uploads.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use tokio::time::sleep;
use tower::BoxError;

use crate::relay::{Arrival, OriginBody, echo, switch};

use super::world::{REQUEST, RESPONSE, World, content};

/// The parameters in the query of a request.
struct Parameters(HashMap<String, usize>);

impl Parameters {
    fn of(query: &str) -> Self {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.parse().unwrap_or(0)))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(0)
    }

    fn time(&self, name: &str) -> Duration {
        Duration::from_millis(self.get(name) as u64)
    }
}

pub(super) async fn respond(world: Arc<World>, arrival: Arrival) -> Response<OriginBody> {
    let Arrival {
        mut request,
        tasks,
        wire,
    } = arrival;
    let (path, query) = (request.uri().path(), request.uri().query());
    let parameters = Parameters::of(query.unwrap_or_default());
    let id = path
        .trim_start_matches('/')
        .parse::<u64>()
        .unwrap_or(u64::MAX);
    let is_tunnel = request.headers().contains_key("upgrade");
    world.arrives(id, request.method().is_idempotent() && !is_tunnel);
    if !wire.permits(parameters.get("generation")) {
        world.breaks(format!(
            "request {id} is on a connection that was retired before"
        ));
    }
    if is_tunnel {
        tasks.spawn(echo(hyper::upgrade::on(&mut request)));
        return switch();
    }
    if request.headers().get("x-id") != Some(&HeaderValue::from(id)) {
        world.breaks(format!("request {id} arrived with {:?}", request.headers()));
    }
    let (sent, body) = (parameters.get("sent"), request.into_body());
    if parameters.get("early") == 1 {
        let world = world.clone();
        tasks.spawn(async move {
            read(&world, id, sent, body).await;
        });
    } else if !read(&world, id, sent, body).await {
        return failure(StatusCode::BAD_REQUEST);
    }
    sleep(parameters.time("wait")).await;
    let length = parameters.get("length");
    let body = match parameters.get("parts") {
        0 => Full::new(content(id, RESPONSE, length))
            .map_err(BoxError::from)
            .boxed_unsync(),
        parts => pieces(
            content(id, RESPONSE, length),
            parts,
            parameters.time("pause"),
        ),
    };
    let response = Response::builder()
        .header("x-id", id)
        .header("x-length", length);
    response.body(body).unwrap()
}

/// Reads an upload. Whether it ended without an error.
async fn read(world: &World, id: u64, sent: usize, mut body: Incoming) -> bool {
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        received.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    if received != content(id, REQUEST, sent) {
        let length = received.len();
        world.breaks(format!(
            "upload {id} has {length} of {sent} bytes, or other ones"
        ));
    }
    true
}

/// Content in parts, and trailers.
fn pieces(content: Bytes, parts: usize, pause: Duration) -> OriginBody {
    let size = content.len() / parts + 1;
    let frames = stream::unfold((content, false), move |(mut content, ended)| async move {
        if ended {
            return None;
        }
        sleep(pause).await;
        if content.is_empty() {
            let trailers =
                HeaderMap::from_iter([("x-end".parse().unwrap(), HeaderValue::from_static("1"))]);
            return Some((
                Ok::<_, BoxError>(Frame::trailers(trailers)),
                (content, true),
            ));
        }
        let part = content.split_to(size.min(content.len()));
        Some((Ok(Frame::data(part)), (content, false)))
    });
    StreamBody::new(frames).boxed_unsync()
}

fn failure(status: StatusCode) -> Response<OriginBody> {
    let body = Full::default().map_err(BoxError::from).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

//! Reads the start of an error page without taking it away.

use std::time::Duration;

use http_body_util::BodyExt;

use super::body::OriginBody;

/// Enough for the sentence by which an edge says what is wrong.
const MOST_BYTES: usize = 4096;

/// An edge sends its error pages whole. A body that dawdles is passed on unread.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// The body with its first frames read ahead.
pub(super) async fn ahead(mut body: OriginBody) -> OriginBody {
    // What was read stays read when the time is up: `read` is cancelled only while it waits.
    let _ = tokio::time::timeout(LONGEST_WAIT, read(&mut body)).await;
    body
}

/// The start of the text.
pub(super) fn start_of(body: &OriginBody) -> Vec<u8> {
    let mut start = Vec::new();
    for data in body.data_ahead() {
        start.extend_from_slice(data);
    }
    start.truncate(MOST_BYTES);
    start
}

async fn read(body: &mut OriginBody) {
    let mut bytes = 0;
    while bytes < MOST_BYTES {
        let Some(frame) = body.rest.frame().await else {
            return;
        };
        let size = frame
            .as_ref()
            .ok()
            .and_then(|frame| frame.data_ref())
            .map(bytes::Bytes::len);
        body.read_ahead.push_back(frame);
        match size {
            Some(size) => bytes += size,
            // Trailers or an error: nothing follows that could be looked at.
            None => return,
        }
    }
}

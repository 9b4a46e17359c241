//! One request and the head of its response.
//!
//! [`Http2Exchange::poll_response`] polls three things in order: the upload, interim responses, the
//! final head. The upload is polled first, as the head often depends on it. It is moved into a task
//! of its own only once the head has arrived before its end, so that a usual request needs no task.
//!
//! If the future is dropped, the stream is reset with CANCEL, and upload and response end.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, HeaderValue, Request, Response, header::CONTENT_LENGTH};
use http_body::Body;

use crate::upload::{RequestBody, expects_content};

use super::{Http2Body, Http2Error, connection_state::OpenStream, send_body::Upload};

/// What a field costs besides name and value (RFC 9113 section 10.5.1).
///
/// The same overhead as in SETTINGS_MAX_HEADER_LIST_SIZE.
const FIELD_OVERHEAD: usize = 32;

/// A request that is on its way.
pub(crate) struct Http2Exchange {
    response: ResponseFuture,
    /// Absent once all of the body is sent.
    ///
    /// A request without a body has none from the start.
    upload: Option<Upload>,
    /// How large interim responses may still be, in bytes.
    interim_left: usize,
    /// Counts this request as an open stream of the connection.
    open: OpenStream,
    /// Knows whether the peer has sent GOAWAY.
    sender: SendRequest<Bytes>,
}

impl Http2Exchange {
    pub(super) fn new(
        sender: SendRequest<Bytes>,
        response: ResponseFuture,
        upload: Option<Upload>,
        max_interim: usize,
        open: OpenStream,
    ) -> Self {
        Self {
            response,
            upload,
            interim_left: max_interim,
            open,
            sender,
        }
    }

    /// Waits for the head of the response. The upload goes on after that.
    ///
    /// The body that it returns continues the upload, in a task. Errors are those of the stream; a
    /// failure of the connection is put in place of h2's broken pipe.
    ///
    /// It is no `async fn`, whose future would hold the exchange twice.
    pub(crate) fn poll_response(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<Http2Body>, Http2Error>> {
        let mut response = ready!(self.poll(cx))
            .map_err(|error| self.explain(error))
            .inspect_err(|error| self.open.note(error))?;
        let length = single_content_length(response.headers_mut())?;
        let upload = self.upload.take();
        let upload = upload.map(|upload| upload.continue_in_task(self.open.another()));
        let open = self.open.another();
        Poll::Ready(Ok(
            response.map(|stream| Http2Body::new(stream, length, upload, open))
        ))
    }

    /// Fails with [`Http2Error::Body`] if the client's body fails, and with
    /// [`Http2Error::BodyLength`] if it has another length. The stream has been reset then.
    ///
    /// An upload that ends because the peer refuses the rest of it is no failure: the response
    /// follows.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<h2::RecvStream>, Http2Error>> {
        if let Some(upload) = &mut self.upload {
            upload.note_blocked(self.open.is_blocked());
            if let Poll::Ready(sent) = upload.poll(cx) {
                self.upload = None;
                sent?;
            }
        }
        loop {
            match self.response.poll_informational(cx) {
                Poll::Ready(Some(interim)) => self.interim(&interim.map_err(Http2Error::H2)?)?,
                Poll::Ready(None) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        let response = Pin::new(&mut self.response).poll(cx);
        response.map_err(Http2Error::H2)
    }

    /// Whether the request waits because the peer allows no further stream. Nothing of it was sent.
    ///
    /// h2 keeps the handle waiting for the stream that it has opened last. Polls with a waker that
    /// does nothing, so the exchange must not be polled afterwards.
    pub(crate) fn awaits_stream(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.sender.poll_ready(&mut cx).is_pending()
    }

    /// The error of the connection, in place of the one that h2 reports to each of its streams.
    ///
    /// After GOAWAY and a closed connection, h2 reports the closed connection alone. The handle
    /// still knows the GOAWAY.
    fn explain(&mut self, error: Http2Error) -> Http2Error {
        let error = match error {
            Http2Error::H2(h2) if h2.is_io() => self
                .go_away()
                .map_or_else(|| Http2Error::H2(h2), Http2Error::ClosedAfterGoAway),
            error => error,
        };
        self.open.explain(error)
    }

    /// The GOAWAY that the peer has sent before the connection failed.
    ///
    /// Polls with a waker that does nothing: it asks for what is known already.
    fn go_away(&mut self) -> Option<h2::Error> {
        let mut cx = Context::from_waker(Waker::noop());
        match self.sender.poll_ready(&mut cx) {
            Poll::Ready(Err(error)) if error.is_go_away() && error.is_remote() => Some(error),
            _ => None,
        }
    }

    /// Counts an interim response (RFC 9110 section 15.2), which is discarded.
    ///
    /// 103 (Early Hints) is not forwarded.
    fn interim(&mut self, response: &Response<()>) -> Result<(), Http2Error> {
        let fields = response.headers().iter();
        let size: usize = fields
            .map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD)
            .sum();
        let size = size + FIELD_OVERHEAD;
        match self.interim_left.checked_sub(size) {
            Some(left) => self.interim_left = left,
            None => return Err(Http2Error::InterimTooLarge),
        }
        Ok(())
    }
}

/// Announces the length of the body, if it is known. Returns the length that is announced.
///
/// A length that the request has already is kept.
///
/// # Errors
///
/// [`Http2Error::BodyLength`] if the body has another length.
pub(super) fn announce_length(
    head: &mut Request<()>,
    body: &RequestBody,
) -> Result<Option<u64>, Http2Error> {
    let exact = body.size_hint().exact();
    if exact == Some(0) && !expects_content(head.method()) {
        return Ok(exact);
    }
    if let Some(value) = head.headers().get(CONTENT_LENGTH) {
        let announced = value.to_str().ok().and_then(|digits| digits.parse().ok());
        return match exact.is_some_and(|exact| announced != Some(exact)) {
            true => Err(Http2Error::BodyLength),
            false => Ok(announced),
        };
    }
    if let Some(length) = exact {
        let value = HeaderValue::from(length);
        head.headers_mut().insert(CONTENT_LENGTH, value);
    }
    Ok(exact)
}

/// Returns the announced length of the content, and merges repeated fields into one. A length that
/// is malformed makes the response malformed (RFC 9113 section 8.1.1).
///
/// | lines | |
/// |---|---|
/// | none | `None` |
/// | `5` | `Some(5)` |
/// | `5` twice | `Some(5)` |
/// | `5` and `6`, `+5`, an empty one, `5, 5` | an error |
fn single_content_length(fields: &mut HeaderMap) -> Result<Option<u64>, Http2Error> {
    let mut length = None;
    let mut lines = 0;
    for value in fields.get_all(CONTENT_LENGTH) {
        let value = value.to_str().ok().filter(|text| is_digits(text));
        let value = value.and_then(|digits| digits.parse().ok());
        match (length, value) {
            (_, None) => return Err(Http2Error::ContentLength),
            (Some(known), Some(value)) if known != value => return Err(Http2Error::ContentLength),
            (_, Some(value)) => length = Some(value),
        }
        lines += 1;
    }
    if let Some(length) = length
        && lines > 1
    {
        fields.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(length)
}

/// `str::parse` would accept a plus sign.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_agree_become_one_line_and_others_are_an_error() {
        for (lines, expected) in [
            (&[][..], Some(None)),
            (&["5"], Some(Some(5))),
            (&["5", "5"], Some(Some(5))),
            (&["5", "05", "5"], Some(Some(5))),
            (&["5", "6"], None),
            (&["+5"], None),
            (&[""], None),
            (&["5, 5"], None),
        ] {
            let mut fields = HeaderMap::new();
            for line in lines {
                fields.append(CONTENT_LENGTH, HeaderValue::from_static(line));
            }
            let length = single_content_length(&mut fields).ok();
            assert_eq!(length, expected, "{lines:?}");
            if let Some(length) = length {
                let left = usize::from(length.is_some());
                assert_eq!(fields.len(), left, "{lines:?}");
            }
        }
    }
}

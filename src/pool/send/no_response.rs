//! `NoResponse`: a request that got no response, and what is certain about it.
//!
//! Whether it may be sent again depends on what the origin has seen of it:
//!
//! | predicate | the request | includes |
//! |---|---|---|
//! | `is_untouched` | is as it was: nothing was written, and nothing of its body read | |
//! | `is_unwritten` | was not written, but some of its body was read | |
//! | `is_above_last_stream` | is one that a GOAWAY leaves out | |
//! | `is_unprocessed` | was certainly not processed | the two rows above, refused streams |
//! | `was_cut_off` | got no byte of a response before its connection ended | |
//!
//! Over HTTP/2, `is_unprocessed` includes `is_untouched`. `was_cut_off` may hold with any of them.
//! `is_untouched` is asked first: such a request needs no copy of its body. `was_cut_off` proves
//! nothing by itself. On a connection that had been idle, the request has most likely not arrived.

use crate::{
    connector::ConnectionInfo,
    error::{Error, ErrorKind, NotRetried},
    http1::Http1Error,
    http2::Http2Error,
    upload::UploadProgress,
};

use crate::pool::connection::CloseReason;

use super::failure::{Failure, classify, explain_not_retried};

/// A request that got no response.
pub(crate) struct NoResponse {
    failure: Failure,
    /// Nothing was written, and nothing of the body was read.
    is_untouched: bool,
    /// Some bytes of a response had arrived.
    has_received: bool,
    /// The error that the request's body ended with.
    body_error: Option<Error>,
    /// Why it was not sent again.
    not_retried: Option<NotRetried>,
}

impl NoResponse {
    pub(crate) fn over_http1(error: Http1Error, has_received: bool) -> Self {
        let is_untouched = matches!(error, Http1Error::ClosedBeforeWrite);
        Self {
            has_received,
            ..Self::new(Failure::Http1(error), is_untouched)
        }
    }

    pub(crate) fn over_http2(error: Http2Error) -> Self {
        let is_untouched = matches!(error, Http2Error::NotSent(_));
        Self::new(Failure::Http2(error), is_untouched)
    }

    pub(crate) fn over_hyper(error: hyper::Error, is_untouched: bool) -> Self {
        Self::new(Failure::Hyper(error), is_untouched)
    }

    fn new(failure: Failure, is_untouched: bool) -> Self {
        Self {
            failure,
            is_untouched,
            has_received: false,
            body_error: None,
            not_retried: None,
        }
    }

    /// Adds why the request was not sent again, though it could be.
    pub(super) fn not_retried(self, why: NotRetried) -> Self {
        Self {
            not_retried: Some(why),
            ..self
        }
    }

    /// Adds the error of the request's body, if it had one.
    pub(super) fn with_body_error(self, progress: &UploadProgress) -> Self {
        Self {
            body_error: progress.failure(),
            ..self
        }
    }

    /// Whether nothing was written and nothing of the body was read: the request can be sent again
    /// without a copy.
    pub(super) fn is_untouched(&self) -> bool {
        self.is_untouched
    }

    /// Whether the origin has certainly not processed the request (RFC 9113 section 8.7), so that
    /// any method may be retried.
    pub(super) fn is_unprocessed(&self) -> bool {
        self.is_unwritten()
            || matches!(&self.failure, Failure::Http2(error) if error.is_unprocessed())
    }

    /// Whether the connection failed before a byte of the request was written. Some of the body may
    /// have been read.
    pub(super) fn is_unwritten(&self) -> bool {
        matches!(
            &self.failure,
            Failure::Http1(Http1Error::NotWritten(_)) | Failure::Http2(Http2Error::NotWritten(_))
        )
    }

    /// Whether the origin did not process the request because it closes the connection: it sent a
    /// GOAWAY with a lower last stream.
    pub(super) fn is_above_last_stream(&self) -> bool {
        matches!(&self.failure, Failure::Http2(error) if error.is_above_last_stream())
    }

    /// Whether the connection ended before the first byte of a response. On a reused connection,
    /// the request has most likely not arrived.
    pub(super) fn was_cut_off(&self) -> bool {
        let cut_off = [ErrorKind::ConnectionClosed, ErrorKind::ConnectionReset];
        let ended = cut_off.contains(&classify(&self.failure).0) && !self.has_received;
        let ended_connection =
            matches!(&self.failure, Failure::Http2(error) if error.ends_connection());
        ended || ended_connection
    }

    /// Why an HTTP/1 connection closes after this.
    pub(crate) fn close_reason(&self) -> CloseReason {
        match &self.failure {
            // The client caused it.
            Failure::Http1(Http1Error::RequestBody(_) | Http1Error::RequestBodyLength) => {
                CloseReason::Cancelled
            }
            _ if self.was_cut_off() => CloseReason::Origin,
            _ => CloseReason::Error,
        }
    }

    /// The error for the caller: that of the request's body first of all.
    pub(super) fn into_error(self, info: &ConnectionInfo) -> Error {
        match self.body_error {
            Some(ours) => ours,
            None => {
                let is_cut = matches!(
                    self.failure,
                    Failure::Http1(Http1Error::Incomplete | Http1Error::Io(_))
                );
                let has_begun = self.has_received && is_cut;
                let error = explain_not_retried(self.failure, self.not_retried, Some(info));
                match has_begun {
                    true => error.after_answers(),
                    false => error,
                }
            }
        }
    }
}

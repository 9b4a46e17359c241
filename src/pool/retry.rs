//! Which requests are sent again, and on which connection.

use std::sync::atomic::Ordering;

use http::{Request, Response};
use http_body::Body;

use crate::error::Error;

use super::{Client, Lease, OriginPool, RequestBody, failure::Unanswered, target::LeftOut};

/// A request that may have been seen is never sent more often than this.
const MOST_TRIES: usize = 3;

/// A request that was not sent costs nobody anything; still there is an end to it.
const MOST_UNSENT: usize = 32;

/// Misdirected Request (RFC 9110 section 15.5.20).
const MISDIRECTED: u16 = 421;

/// How often a request was sent, and why.
pub(super) struct Tries<'a> {
    pool: &'a OriginPool,
    client: &'a Client,
    sent: usize,
    unsent: usize,
    misdirected: bool,
    /// Whether this one counts as a retry that is on its way.
    counts: bool,
}

type Next = (Request<RequestBody>, Lease);

impl<'a> Tries<'a> {
    pub(super) fn new(pool: &'a OriginPool, client: &'a Client) -> Self {
        Self {
            pool,
            client,
            sent: 1,
            unsent: 0,
            misdirected: false,
            counts: false,
        }
    }

    /// After a failure: the request and the connection for the next try, if there is to be one.
    pub(super) async fn again(
        &mut self,
        mut failed: Unanswered,
        copy: Option<Copy>,
        left_out: LeftOut,
        lease: Lease,
    ) -> Result<Next, Error> {
        if let Some(mut request) = failed.take_unsent()
            && self.unsent < MOST_UNSENT
        {
            self.unsent += 1;
            drop(lease);
            left_out.put_back(request.headers_mut());
            return Ok((request, self.pool.lease(self.client).await?));
        }
        let copy = copy.filter(|copy| copy.may_be_sent(&failed));
        let Some(copy) = copy.filter(|_| self.is_allowed()) else {
            return Err(failed.explained(lease.info()));
        };
        drop(lease);
        // Where one connection was cut off, the others that rest may be about to be.
        let fresh = match failed.was_refused() {
            true => None,
            false => self.pool.fresh_lease(self.client).await,
        };
        let lease = match fresh {
            Some(lease) => lease,
            None => self.pool.lease(self.client).await?,
        };
        Ok((copy.request, lease))
    }

    /// After a 421: the request for a fresh connection, once. Where fresh ones are answered 421 too, it is an answer like others.
    pub(super) async fn elsewhere<B>(
        &mut self,
        response: &Response<B>,
        copy: Option<Copy>,
    ) -> Option<Next> {
        let known = &self.pool.0.misdirected;
        if response.status().as_u16() != MISDIRECTED {
            if known.load(Ordering::Relaxed) {
                known.store(false, Ordering::Relaxed);
            }
            return None;
        }
        if std::mem::replace(&mut self.misdirected, true) {
            known.store(true, Ordering::Relaxed);
        }
        if known.load(Ordering::Relaxed) || self.sent > 1 {
            return None;
        }
        let copy = copy.filter(|_| self.is_allowed())?;
        let lease = Box::pin(self.pool.fresh_lease(self.client)).await?;
        Some((copy.request, lease))
    }

    /// Whether the request may be sent once more as far as numbers go.
    fn is_allowed(&mut self) -> bool {
        if self.sent >= MOST_TRIES {
            return false;
        }
        let shared = &self.pool.0;
        let mut state = shared.lock();
        if std::mem::take(&mut self.counts) {
            state.recent.end();
        }
        self.counts = state.recent.begin(shared.settings.retry_budget);
        self.sent += usize::from(self.counts);
        state.counters.retried += u64::from(self.counts);
        self.counts
    }
}

impl Drop for Tries<'_> {
    fn drop(&mut self) {
        if self.counts {
            self.pool.0.lock().recent.end();
        }
    }
}

/// A request without content, to be sent once more.
pub(super) struct Copy {
    request: Request<RequestBody>,
    is_idempotent: bool,
    is_reused: bool,
}

impl Copy {
    /// A copy, if there is no content that would be gone.
    pub(super) fn of(request: &Request<RequestBody>, lease: &Lease) -> Option<Self> {
        if !request.body().is_end_stream() {
            return None;
        }
        let mut copy = Request::new(RequestBody::empty());
        *copy.method_mut() = request.method().clone();
        *copy.headers_mut() = request.headers().clone();
        Some(Self {
            request: copy,
            is_idempotent: request.method().is_idempotent(),
            is_reused: lease.has_served(),
        })
    }

    /// RFC 9110 section 9.2.2: a proxy MUST NOT automatically retry non-idempotent requests that may have been seen.
    fn may_be_sent(&self, failed: &Unanswered) -> bool {
        failed.was_refused() || (self.is_idempotent && self.is_reused && failed.was_cut_off())
    }
}

//! The look at one response, for whoever passes it on.

use http::{Method, response::Parts, uri::PathAndQuery};
use http_body::Body;

use crate::{
    diagnosis::{Diagnosis, ResponseEvidence},
    name::HostAuthority,
    origin::Origin,
};

use super::PeekedBody;

/// What of a request its response is measured by.
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    pub(crate) has_content: bool,
}

impl Asked {
    /// What is known of the response, but for its body.
    pub(crate) fn evidence<'a>(
        &'a self,
        origin: &'a Origin,
        host: &'a HostAuthority,
        head: &'a Parts,
    ) -> ResponseEvidence<'a> {
        let evidence = ResponseEvidence::new(origin, host, head.status, &head.headers)
            .request(&self.method, &self.target);
        match self.has_content {
            true => evidence.request_with_content(),
            false => evidence,
        }
    }
}

/// The diagnosis, for which as much of the body is read ahead as it takes.
pub(crate) async fn examine<B: Body + Unpin>(
    evidence: ResponseEvidence<'_>,
    body: &mut PeekedBody<B>,
) -> Option<Diagnosis> {
    if !evidence.wants_body() {
        return evidence.diagnosis();
    }
    // Boxed, as it is rare: what waits for a response is moved about whole.
    let page = Box::pin(body.peek()).await;
    evidence.body(&page).diagnosis()
}

//! The limits of the dialled edge, by its profile: refuses requests beyond them, and removes fields
//! that the edge writes itself.

use http::{
    HeaderName, Method,
    header::HOST,
    request::Parts,
    uri::{PathAndQuery, Uri},
};

use crate::{
    connector::{AppliedProfile, ProfileChange},
    error::{Error, ErrorKind, ExceededLimit, LimitSource, RequestProblem, Stage},
    field_lines::FieldLines,
    name::HostAuthority,
};

use super::refuse_too_large::size;

/// The limits of one edge.
#[derive(Clone, Debug)]
pub(super) struct EdgeLimits {
    /// The name of the edge.
    edge: &'static str,
    /// In bytes: request line, Host and fields together.
    head: usize,
    target: usize,
    get_body: ContentOfGet,
    removed: Vec<HeaderName>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ContentOfGet {
    Refused,
    Accepted,
}

/// Whether a request has content, or may have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Content {
    Absent,
    Present,
}

impl EdgeLimits {
    pub(super) fn of(profile: &AppliedProfile) -> Self {
        let mut limits = Self {
            edge: profile.edge_name(),
            head: usize::MAX,
            target: usize::MAX,
            get_body: ContentOfGet::Accepted,
            removed: Vec::new(),
        };
        for change in profile.changed_defaults() {
            match change {
                ProfileChange::HeadLimit(bytes) => limits.head = *bytes,
                ProfileChange::TargetLimit(bytes) => limits.target = *bytes,
                ProfileChange::NoContentWithGet => limits.get_body = ContentOfGet::Refused,
                ProfileChange::FieldsRemoved(names) => {
                    limits.removed = names.iter().copied().map(HeaderName::from_static).collect();
                }
                _ => {}
            }
        }
        limits
    }

    /// The same without a limit for heads.
    pub(super) fn without_head_limit(mut self) -> Self {
        self.head = usize::MAX;
        self
    }

    /// Removes the fields that the edge writes itself, and checks the head and the added fields
    /// against the limits.
    pub(super) fn apply(
        &self,
        parts: &mut Parts,
        host: &HostAuthority,
        added: &mut FieldLines,
        content: Content,
    ) -> Result<(), Error> {
        for removed in &self.removed {
            parts.headers.remove(removed);
            added.remove(removed);
        }
        let has_content = content == Content::Present && parts.method == Method::GET;
        if has_content && self.get_body == ContentOfGet::Refused {
            return Err(Error::refused(ErrorKind::Request(
                RequestProblem::BodyNotAllowed,
            )));
        }
        let target = target_size(&parts.uri);
        if target > self.target {
            return self.refuse(RequestProblem::TargetTooLong, target, self.target);
        }
        let head = head_size(parts, host, added, target);
        if head > self.head {
            return self.refuse(RequestProblem::HeadTooLarge, head, self.head);
        }
        Ok(())
    }

    fn refuse(&self, problem: RequestProblem, size: usize, limit: usize) -> Result<(), Error> {
        let exceeded = ExceededLimit::bytes(size, limit, LimitSource::Edge(self.edge));
        Err(Error::too_large(problem, Stage::Prepare, exceeded))
    }
}

fn target_size(uri: &Uri) -> usize {
    uri.path_and_query()
        .map_or(1, |target| PathAndQuery::as_str(target).len())
}

/// The size of the request line of HTTP/1.1, with its line end.
pub(super) fn request_line_size(method: &Method, target: usize) -> usize {
    method.as_str().len() + target + "  HTTP/1.1\r\n".len()
}

/// The size of the head in HTTP/1.1, with the Host for the origin in place of the client's.
fn head_size(parts: &Parts, host: &HostAuthority, added: &FieldLines, target: usize) -> usize {
    const HOST_LINE: usize = "host: \r\n".len();
    let line = request_line_size(&parts.method, target);
    let hosts = parts.headers.get_all(HOST).iter();
    let downstreams: usize = hosts.map(|host| HOST_LINE + host.len()).sum();
    let fields = size(&parts.headers) - downstreams + HOST_LINE + host.as_str().len();
    line + fields + added.as_bytes().len() + "\r\n".len()
}

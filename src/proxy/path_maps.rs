//! The configured maps of request paths.

use std::sync::Arc;

use http::{Uri, uri::PathAndQuery};

use crate::{
    error::{Error, ErrorKind, RequestProblem},
    response_rewrite::PathMap,
};

/// Maps of request paths, of which the first that matches applies.
#[derive(Clone, Debug, Default)]
pub(super) struct PathMaps(Vec<Arc<PathMap>>);

impl PathMaps {
    pub(super) fn add(&mut self, map: PathMap) {
        self.0.push(Arc::new(map));
    }

    /// Replaces the path of a request, and returns the map that applied.
    pub(super) fn apply(&self, uri: &mut Uri) -> Result<Option<Arc<PathMap>>, Error> {
        let Some(target) = uri.path_and_query() else {
            return Ok(None);
        };
        for map in &self.0 {
            if let Some(mapped) = map.to_origin(target) {
                let mapped = mapped.ok().and_then(|target| with_target(uri, target));
                let refused = || Error::refused(ErrorKind::Request(RequestProblem::PathAmbiguous));
                *uri = mapped.ok_or_else(refused)?;
                return Ok(Some(map.clone()));
            }
        }
        Ok(None)
    }
}

/// The URI with another path and query. `None` if the result is not a valid URI.
fn with_target(uri: &Uri, target: PathAndQuery) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).ok()
}

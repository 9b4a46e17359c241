//! `Answer`: paths whose requests no origin may get.
//!
//! ```text
//! location /healthz { return 200 "ok"; }      (StatusCode::OK, "ok") at /healthz and below it
//! location /admin/ { deny all; }              StatusCode::FORBIDDEN at /admin/ and below it
//! location /api/ { auth_basic ..; }           the same, until a layer checks access
//! ```
//!
//! The code gets a function that adds them to a router.

/// What the program answers in place of an origin.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    /// A response as code, such as `(StatusCode::OK, "ok")`.
    code: String,
    /// The patterns of axum; none for all requests that no other route has.
    patterns: Vec<String>,
}

impl Answer {
    /// `None` if the path has characters that a router could take for a pattern.
    pub(super) fn new(code: String, path: &str, is_exact: bool) -> Option<Self> {
        let patterns = match (path, is_exact) {
            _ if !is_plain(path) => return None,
            ("/", false) => Vec::new(),
            (_, true) => vec![path.to_owned()],
            (_, false) => below(path),
        };
        Some(Self { code, patterns })
    }

    /// Whether it is for some paths, not for all that no other route has.
    pub(super) fn has_paths(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// The function of a section that has this name.
    pub(super) fn print(&self, name: &str, section: &str, line: usize) -> String {
        let routes = match self.patterns.as_slice() {
            [] => "router.fallback(answer)".to_owned(),
            patterns => {
                let routes = patterns.iter();
                let routes = routes
                    .map(|it| format!("\n        .route({it:?}, axum::routing::any(answer))"));
                format!("router{}", routes.collect::<String>())
            }
        };
        format!(
            "\n/// Answers the requests of `{section}`, line {line}: no origin gets them.\n\
             pub fn answer_{name}(router: Router) -> Router {{\n    \
             let answer = || async {{ {} }};\n    {routes}\n}}\n",
            self.code
        )
    }
}

/// Whether a router takes the path as it is.
pub(super) fn is_plain(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    path.starts_with('/') && path.bytes().all(is_plain)
}

/// The patterns of a prefix: the path, and what is below it.
fn below(path: &str) -> Vec<String> {
    let folder = path.strip_suffix('/').unwrap_or(path);
    let own = (folder == path).then(|| path.to_owned());
    own.into_iter()
        .chain([format!("{folder}/"), format!("{folder}/{{*rest}}")])
        .collect()
}

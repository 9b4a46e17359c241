//! The content of error responses.
//!
//! ```toml
//! [error_pages]
//! problem_details = true
//! pages = [{ statuses = [502, 503, 504], file = "50x.html" }]
//! ```
//!
//! A response of the origin is replaced only by a page with `intercept`. All others are for the
//! errors of the proxy itself, which have an [`Error`] in their extensions.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    Error, OriginProxy,
    proxy::{problem_details, replace_content},
};

use super::{ConfigError, calls::Calls, is_default::is_default, source_file::SourceFile};

/// The content of error responses.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table such as { problem_details = true }"
)]
pub(super) struct ErrorPagesConfig {
    /// Sends the proxy's own errors as problem details (RFC 9457), unless they have a page.
    #[serde(skip_serializing_if = "is_default")]
    problem_details: bool,
    /// The first one that has the status is sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pages: Vec<PageConfig>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { statuses = [502, 503], file = "50x.html" }"#
)]
struct PageConfig {
    /// From 100 to 999.
    statuses: Vec<u16>,
    /// The path of the page, which is read once.
    file: SourceFile,
    /// The value of Content-Type. The default is HTML in UTF-8.
    #[serde(default = "html")]
    media_type: String,
    /// Also replaces the origin's responses with these statuses.
    #[serde(default, skip_serializing_if = "is_default")]
    intercept: bool,
}

fn html() -> String {
    String::from("text/html; charset=utf-8")
}

/// A page that was read.
///
/// Its content is shared by all responses.
struct Page {
    statuses: Vec<StatusCode>,
    content: Bytes,
    media_type: HeaderValue,
    intercept: bool,
}

impl PageConfig {
    /// Reads the file. The error names the key, and not what is in the file.
    fn page(&self) -> Result<Page, ConfigError> {
        let media_type = HeaderValue::try_from(&self.media_type);
        let media_type = media_type
            .map_err(|_| ConfigError::invalid("media_type", "not a valid field value"))?;
        Ok(Page {
            statuses: statuses("statuses", &self.statuses)?,
            content: self.file.read("file")?.into(),
            media_type,
            intercept: self.intercept,
        })
    }
}

/// The statuses of a key.
pub(super) fn statuses(key: &str, statuses: &[u16]) -> Result<Vec<StatusCode>, ConfigError> {
    let statuses = statuses.iter().copied().map(StatusCode::from_u16);
    let statuses = statuses.collect::<Result<_, _>>();
    statuses.map_err(|_| ConfigError::invalid(key, "not a status code (100 to 999)"))
}

impl ErrorPagesConfig {
    /// A page with an error is named by its index.
    pub(super) fn add_to(&self, calls: &mut Calls<OriginProxy>) -> Result<(), ConfigError> {
        let pages = self.pages.iter().enumerate();
        let pages = pages.map(|(index, page)| {
            let page = page.page();
            page.map_err(|error| error.within(format_args!("error_pages.pages[{index}]")))
        });
        let pages: Arc<[Page]> = pages.collect::<Result<_, _>>()?;
        let problem_details_else = self.problem_details;
        calls.add(Some(pages), move |proxy, pages| {
            proxy.map_response(move |response| {
                let is_own = response.extensions().get::<Error>().is_some();
                let status = response.status();
                let page = pages
                    .iter()
                    .find(|page| (is_own || page.intercept) && page.statuses.contains(&status));
                match page {
                    Some(page) => {
                        replace_content(response, page.media_type.clone(), page.content.clone())
                    }
                    None if problem_details_else => problem_details(response),
                    None => response,
                }
            })
        });
        Ok(())
    }
}

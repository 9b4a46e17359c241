//! `ResponseHead`, and how it is built field by field. Pure.

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use hyper::ext::ReasonPhrase;

use super::head_flags::{FramingFields, PlainOptions};

/// The head of a response: status line and fields.
#[derive(Clone, Debug)]
pub(crate) struct ResponseHead {
    /// Of the origin's message. A proxy sends its own version to the client (RFC 9110 section 2.5).
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    /// The reason phrase, if it is not the status code's canonical one.
    pub(crate) reason: Option<ReasonPhrase>,
    /// The fields. A success has no `Connection` lines that say nothing but [`plain_options`].
    ///
    /// [`plain_options`]: Self::plain_options
    pub(crate) headers: HeaderMap,
    /// Which of `headers` are about framing.
    ///
    /// It saves three look-ups in the map.
    pub(super) framing_fields: FramingFields,
    /// The options of `Connection` lines that name no field.
    pub(super) plain_options: PlainOptions,
}

/// A head whose fields are read one after the other.
pub(super) struct HeadBuilder {
    status: StatusCode,
    headers: HeaderMap,
    framing_fields: FramingFields,
    plain_options: PlainOptions,
}

impl HeadBuilder {
    pub(super) fn new(status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            status,
            headers,
            framing_fields: FramingFields::default(),
            plain_options: PlainOptions::default(),
        }
    }

    pub(super) fn add(&mut self, name: HeaderName, value: HeaderValue) {
        // The length excludes nearly all names.
        match name.as_str().len() {
            10 if name == CONNECTION => {
                if self.plain_options.note(value.as_bytes()) && self.status.is_success() {
                    return;
                }
                self.framing_fields.connection = true;
            }
            14 => self.framing_fields.content_length |= name == CONTENT_LENGTH,
            17 => self.framing_fields.transfer_encoding |= name == TRANSFER_ENCODING,
            _ => {}
        }
        self.headers.append(name, value);
    }

    pub(super) fn build(self, version: Version, reason: Option<ReasonPhrase>) -> ResponseHead {
        ResponseHead {
            version,
            status: self.status,
            reason,
            headers: self.headers,
            framing_fields: self.framing_fields,
            plain_options: self.plain_options,
        }
    }
}

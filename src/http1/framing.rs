//! Where the content of a message ends (RFC 9112 section 6). Pure.
//!
//! `persistence.rs` decides whether the connection serves another request after it.
//!
//! A wrong decision here is request or response smuggling: what one side takes for content, the
//! other takes for the next message. So contradictions are errors, and are not resolved in favour
//! of a field.
//!
//! | response | content ends |
//! |---|---|
//! | to HEAD, 1xx, 204, 304 | there is none, whatever the fields are |
//! | `Transfer-Encoding: chunked` alone, HTTP/1.1 | with the last chunk |
//! | another coding, a coding with a length, a coding in HTTP/1.0 | an error |
//! | `Content-Length`, all values equal | after that many bytes |
//! | neither | with the connection |

use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::{Http1Error, head_builder::ResponseHead, head_flags::FramingFields};

/// How the end of a response's content is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ResponseFraming {
    /// After this many bytes. Zero if the response has no content.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection, which cannot be reused.
    UntilClose,
}

/// How the end of a request's content is announced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RequestFraming {
    /// No content. A `Content-Length: 0` that the request has is kept.
    ///
    /// For POST, PUT and PATCH a zero length is added, because some servers answer 411 without it.
    Empty,
    /// By `Content-Length`.
    Length(u64),
    /// By the last chunk.
    ///
    /// The writer turns it into a request without content if the body ends before its first byte.
    Chunked,
}

impl ResponseFraming {
    /// The framing of the response to a request of this method (RFC 9112 section 6.3). Identical
    /// lengths are merged into one field.
    ///
    /// # Errors
    ///
    /// [`Http1Error::ResponseFraming`] if recipients could disagree: length and coding at once,
    /// lengths that differ or are not numbers, a coding other than `chunked`, or `chunked` in an
    /// HTTP/1.0 response (section 6.1).
    pub(super) fn of(head: &mut ResponseHead, method: &Method) -> Result<Self, Http1Error> {
        if has_no_content(head.status, method) {
            return Ok(Self::Length(0));
        }
        let headers = &mut head.headers;
        let length = match head.framing_fields.content_length {
            true => single_content_length(headers)?,
            false => None,
        };
        if head.framing_fields.transfer_encoding {
            let is_unambiguous =
                is_chunked(headers) && length.is_none() && head.version >= Version::HTTP_11;
            return match is_unambiguous {
                true => Ok(Self::Chunked),
                false => Err(Http1Error::ResponseFraming),
            };
        }
        Ok(length.map_or(Self::UntilClose, Self::Length))
    }
}

impl RequestFraming {
    /// The framing of a request with these fields, of which `present` are about framing. `exact` is
    /// the length of its body, if known.
    ///
    /// # Errors
    ///
    /// Fails if the fields contradict the body, or name a coding other than `chunked`.
    ///
    /// | fields | body's exact length | framing |
    /// |---|---|---|
    /// | none | known | `Length`, or `Empty` for zero |
    /// | none | unknown | `Chunked` |
    /// | `Content-Length: 5` | 5, or unknown | `Length(5)` |
    /// | `Content-Length: 5` | 4 | an error |
    /// | `Transfer-Encoding: chunked` | any but zero | `Chunked` |
    /// | `Transfer-Encoding: gzip` | any but zero | an error |
    pub(super) fn of(
        headers: &HeaderMap,
        present: FramingFields,
        exact: Option<u64>,
    ) -> Result<Self, Http1Error> {
        if present.transfer_encoding && exact != Some(0) {
            return match is_chunked(headers) {
                true => Ok(Self::Chunked),
                false => Err(Http1Error::RequestFraming),
            };
        }
        let announced = match present.content_length {
            true => content_length(headers).map_err(|_| Http1Error::RequestFraming)?,
            false => None,
        };
        let announced = announced.map(|(length, _count)| length);
        match (announced, exact) {
            (Some(announced), Some(exact)) if announced != exact => {
                Err(Http1Error::RequestBodyLength)
            }
            (_, Some(0)) => Ok(Self::Empty),
            (_, Some(length)) | (Some(length), None) => Ok(Self::Length(length)),
            (None, None) => Ok(Self::Chunked),
        }
    }
}

/// Whether a response never has content, whatever its fields are (RFC 9112 section 6.3, items 1 and
/// 2). CONNECT is not supported here.
pub(super) fn has_no_content(status: StatusCode, method: &Method) -> bool {
    let never = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    *method == Method::HEAD || status.is_informational() || never.contains(&status)
}

/// Whether `chunked` is the only coding, and applied once.
///
/// `chunked, chunked`, and two lines of `chunked`, are both refused: a recipient that decodes twice
/// would read other content.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let only = (codings.next(), codings.next());
    matches!(only, (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// Returns the announced length, and merges repeated `Content-Length` fields into one.
///
/// # Errors
///
/// [`Http1Error::ResponseFraming`] if lengths differ or are not numbers.
pub(crate) fn single_content_length(headers: &mut HeaderMap) -> Result<Option<u64>, Http1Error> {
    let (length, count) = content_length(headers)?.unzip();
    if let Some(length) = length
        && count > Some(1)
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(length)
}

/// The announced length, and how many times it is announced. A list of identical lengths is valid
/// (RFC 9110 section 8.6).
///
/// `5`, `5, 5` and two lines of `5` are valid; `5, 6`, `+5`, `5;` and an empty value are not.
fn content_length(headers: &HeaderMap) -> Result<Option<(u64, usize)>, Http1Error> {
    let mut announced: Option<(u64, usize)> = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for item in value.as_bytes().split(|byte| *byte == b',') {
            let next = parse_decimal(item.trim_ascii()).ok_or(Http1Error::ResponseFraming)?;
            announced = match announced {
                None => Some((next, 1)),
                Some((length, count)) if length == next => Some((length, count + 1)),
                Some(_) => return Err(Http1Error::ResponseFraming),
            };
        }
    }
    Ok(announced)
}

/// Digits and nothing else: `str::parse` would accept a plus sign.
///
/// `None` also for a number that does not fit into 64 bits.
fn parse_decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
pub(super) mod tests {
    use http::HeaderName;

    use crate::http1::head_flags::PlainOptions;

    use super::*;

    pub(in crate::http1) fn head(
        version: Version,
        status: u16,
        fields: &[(&'static str, &'static str)],
    ) -> ResponseHead {
        let field = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        let mut headers = HeaderMap::new();
        for (name, value) in fields.iter().map(field) {
            headers.append(name, value);
        }
        ResponseHead {
            version,
            status: StatusCode::from_u16(status).unwrap(),
            reason: None,
            framing_fields: FramingFields::of(&headers),
            headers,
            plain_options: PlainOptions::default(),
        }
    }

    fn framing(fields: &[(&'static str, &'static str)]) -> Option<ResponseFraming> {
        ResponseFraming::of(&mut head(Version::HTTP_11, 200, fields), &Method::GET).ok()
    }

    #[test]
    fn some_responses_have_no_content_whatever_their_fields_are() {
        let both = [("content-length", "5"), ("transfer-encoding", "chunked")];
        for (status, method) in [
            (200, Method::HEAD),
            (100, Method::GET),
            (103, Method::GET),
            (204, Method::GET),
            (304, Method::POST),
        ] {
            let framing = ResponseFraming::of(&mut head(Version::HTTP_11, status, &both), &method);
            assert_eq!(framing.unwrap(), ResponseFraming::Length(0), "{status}");
        }
    }

    #[test]
    fn content_is_delimited_by_chunks_by_its_length_or_by_the_end_of_the_connection() {
        for (fields, expected) in [
            (
                &[("transfer-encoding", "chunked")][..],
                ResponseFraming::Chunked,
            ),
            (
                &[("transfer-encoding", "CHUNKED")],
                ResponseFraming::Chunked,
            ),
            (&[("content-length", "0")], ResponseFraming::Length(0)),
            (&[("content-length", "00012")], ResponseFraming::Length(12)),
            (
                &[("content-length", "18446744073709551615")],
                ResponseFraming::Length(u64::MAX),
            ),
            (&[("content-length", "5, 5")], ResponseFraming::Length(5)),
            (
                &[("content-length", "5"), ("content-length", "5")],
                ResponseFraming::Length(5),
            ),
            (&[], ResponseFraming::UntilClose),
        ] {
            assert_eq!(framing(fields), Some(expected), "{fields:?}");
        }
    }

    #[test]
    fn ambiguous_framing_is_refused() {
        for fields in [
            &[("transfer-encoding", "chunked"), ("content-length", "5")][..],
            &[("transfer-encoding", "gzip, chunked")],
            &[("transfer-encoding", "chunked, chunked")],
            &[
                ("transfer-encoding", "chunked"),
                ("transfer-encoding", "chunked"),
            ],
            &[
                ("transfer-encoding", "chunked"),
                ("transfer-encoding", "identity"),
            ],
            &[("transfer-encoding", "identity")],
            &[("transfer-encoding", "xchunked")],
            &[("transfer-encoding", "chunked;q=1")],
            &[("transfer-encoding", "")],
            &[("content-length", "")],
            &[("content-length", "5,")],
            &[("content-length", "5, 6")],
            &[("content-length", "5"), ("content-length", "6")],
            &[("content-length", "+5")],
            &[("content-length", "-5")],
            &[("content-length", "5 5")],
            &[("content-length", "0x5")],
            &[("content-length", "5a")],
            &[("content-length", "18446744073709551616")],
        ] {
            assert_eq!(framing(fields), None, "{fields:?}");
        }
        let chunked = [("transfer-encoding", "chunked")];
        assert!(
            ResponseFraming::of(&mut head(Version::HTTP_10, 200, &chunked), &Method::GET).is_err()
        );
    }

    #[test]
    fn a_repeated_length_becomes_one_field() {
        for fields in [
            &[("content-length", "5, 5")][..],
            &[("content-length", "5"), ("content-length", "5")],
        ] {
            let mut head = head(Version::HTTP_11, 200, fields);
            assert!(ResponseFraming::of(&mut head, &Method::GET).is_ok());
            let values: Vec<_> = head.headers.get_all(CONTENT_LENGTH).iter().collect();
            assert_eq!(values, ["5"]);
        }
    }

    #[test]
    fn a_request_is_framed_only_if_fields_and_body_agree() {
        let framing = |fields: &[(&'static str, &'static str)], exact| {
            let head = head(Version::HTTP_11, 200, fields);
            RequestFraming::of(&head.headers, head.framing_fields, exact).ok()
        };
        let chunked = ("transfer-encoding", "chunked");
        let five = ("content-length", "5");
        for (fields, exact, expected) in [
            (&[][..], Some(0), Some(RequestFraming::Empty)),
            (
                &[("content-length", "0")],
                Some(0),
                Some(RequestFraming::Empty),
            ),
            (&[chunked], Some(0), Some(RequestFraming::Empty)),
            (&[], Some(5), Some(RequestFraming::Length(5))),
            (&[five], Some(5), Some(RequestFraming::Length(5))),
            (&[five], None, Some(RequestFraming::Length(5))),
            (&[], None, Some(RequestFraming::Chunked)),
            (&[chunked], None, Some(RequestFraming::Chunked)),
            (&[chunked], Some(5), Some(RequestFraming::Chunked)),
            (&[chunked, five], None, Some(RequestFraming::Chunked)),
            (&[five], Some(0), None),
            (&[five], Some(6), None),
            (&[("content-length", "x")], None, None),
            (&[("transfer-encoding", "gzip")], None, None),
        ] {
            assert_eq!(framing(fields, exact), expected, "{fields:?} {exact:?}");
        }
    }
}

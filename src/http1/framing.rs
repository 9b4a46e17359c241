//! Where the content of a message ends, and whether another message may follow (RFC 9112 sections 6
//! and 9.3). Pure.

use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::{Http1Error, response_head::ResponseHead};

const NO_CONTENT: u16 = 204;

const NOT_MODIFIED: u16 = 304;

/// How the end of a response's content is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// How the end of a request's content is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Sending {
    /// There is none, and it may be said that there is none.
    Nothing,
    Length(u64),
    Chunked,
}

/// Which of the fields there are that say where content ends, and what becomes of the connection.
/// One look at each name that is there costs less than one look-up for each that might be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FramingFields {
    length: bool,
    coding: bool,
    connection: bool,
}

impl FramingFields {
    pub(crate) fn by(headers: &HeaderMap) -> Self {
        let mut said = Self::default();
        for name in headers.keys() {
            said.length |= name == CONTENT_LENGTH;
            said.coding |= name == TRANSFER_ENCODING;
            said.connection |= name == CONNECTION;
        }
        said
    }
}

impl Framing {
    /// RFC 9112 section 6.3, for the response to a request of this method. Identical lengths become
    /// one.
    ///
    /// # Errors
    ///
    /// If readers might disagree: both kinds of framing at once, lengths that differ or are no
    /// numbers, a coding other than `chunked`, or `chunked` from a server that speaks HTTP/1.0
    /// (section 6.1).
    pub(crate) fn of(head: &mut ResponseHead, method: &Method) -> Result<Self, Http1Error> {
        if has_no_content(head.status, method) {
            return Ok(Self::Length(0));
        }
        let headers = &mut head.headers;
        let length = match head.said.length {
            true => one_length(headers)?,
            false => None,
        };
        if head.said.coding {
            let agreed =
                is_chunked(headers) && length.is_none() && head.version >= Version::HTTP_11;
            return agreed.then_some(Self::Chunked).ok_or(Http1Error::Framing);
        }
        Ok(length.map_or(Self::UntilClose, Self::Length))
    }
}

impl Sending {
    /// How a request with these fields is sent, whose body is `exact` bytes long where that is
    /// known.
    ///
    /// # Errors
    ///
    /// If the fields say something else of the body than it does itself.
    pub(crate) fn of(headers: &HeaderMap, exact: Option<u64>) -> Result<Self, Http1Error> {
        let said = FramingFields::by(headers);
        if said.coding && exact != Some(0) {
            return match is_chunked(headers) {
                true => Ok(Self::Chunked),
                false => Err(Http1Error::RequestFraming),
            };
        }
        let announced = match said.length {
            true => length(headers).map_err(|_| Http1Error::RequestFraming)?,
            false => None,
        };
        let announced = announced.map(|(length, _times)| length);
        match (announced, exact) {
            (Some(announced), Some(exact)) if announced != exact => Err(Http1Error::BodyLength),
            (_, Some(0)) => Ok(Self::Nothing),
            (_, Some(length)) | (Some(length), None) => Ok(Self::Length(length)),
            (None, None) => Ok(Self::Chunked),
        }
    }
}

/// Whether the connection may be used again after this response (RFC 9112 section 9.3), as far as
/// the head tells.
pub(crate) fn keeps_alive(head: &ResponseHead, method: &Method, framing: Framing) -> bool {
    let says = |word| head.said.connection && names(&head.headers, word);
    let persists = match head.version {
        Version::HTTP_11 => !says("close"),
        _ => says("keep-alive") && !says("close"),
    };
    persists && framing != Framing::UntilClose && !claims_content(head, method)
}

/// RFC 9110 sections 8.6 and 15.4.5: to HEAD, and in a 304, a length is that of another response.
/// In others that have no content it announces bytes that must not come.
fn claims_content(head: &ResponseHead, method: &Method) -> bool {
    let speaks_of_another = *method == Method::HEAD || head.status.as_u16() == NOT_MODIFIED;
    if speaks_of_another || !has_no_content(head.status, method) {
        return false;
    }
    let is_zero = |value: &HeaderValue| value.as_bytes() == b"0";
    let length = head.headers.get(CONTENT_LENGTH);
    !length.is_none_or(is_zero) || head.headers.contains_key(TRANSFER_ENCODING)
}

/// RFC 9112 section 6.3, items 1 and 2: whatever the fields say. CONNECT is not spoken here.
fn has_no_content(status: StatusCode, method: &Method) -> bool {
    let never = [NO_CONTENT, NOT_MODIFIED];
    *method == Method::HEAD || status.is_informational() || never.contains(&status.as_u16())
}

/// Whether `chunked` is all that was applied, once.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let only = (codings.next(), codings.next());
    matches!(only, (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// The length that the fields tell, which is one field afterwards.
pub(crate) fn one_length(headers: &mut HeaderMap) -> Result<Option<u64>, Http1Error> {
    let (length, times) = length(headers)?.unzip();
    if let Some(length) = length
        && times > Some(1)
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(length)
}

/// The length, and how often it is said. RFC 9110 section 8.6: a list of the same length is taken
/// for that length; digits and nothing else.
fn length(headers: &HeaderMap) -> Result<Option<(u64, usize)>, Http1Error> {
    let mut said: Option<(u64, usize)> = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for item in value.as_bytes().split(|byte| *byte == b',') {
            let next = number(item.trim_ascii()).ok_or(Http1Error::Framing)?;
            said = match said {
                None => Some((next, 1)),
                Some((length, times)) if length == next => Some((length, times + 1)),
                Some(_) => return Err(Http1Error::Framing),
            };
        }
    }
    Ok(said)
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Whether `Connection` lists the word.
fn names(headers: &HeaderMap, word: &str) -> bool {
    headers.get_all(CONNECTION).iter().any(|value| {
        let mut options = value.as_bytes().split(|byte| *byte == b',');
        options.any(|option| option.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn head(
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
            said: FramingFields::by(&headers),
            headers,
        }
    }

    fn framing(fields: &[(&'static str, &'static str)]) -> Option<Framing> {
        Framing::of(&mut head(Version::HTTP_11, 200, fields), &Method::GET).ok()
    }

    #[test]
    fn some_responses_have_no_content_whatever_they_say() {
        let both = [("content-length", "5"), ("transfer-encoding", "chunked")];
        for (status, method) in [
            (200, Method::HEAD),
            (100, Method::GET),
            (103, Method::GET),
            (204, Method::GET),
            (304, Method::POST),
        ] {
            let framing = Framing::of(&mut head(Version::HTTP_11, status, &both), &method);
            assert_eq!(framing.unwrap(), Framing::Length(0), "{status}");
        }
    }

    #[test]
    fn content_is_chunked_or_counted_or_ends_with_the_connection() {
        for (fields, expected) in [
            (&[("transfer-encoding", "chunked")][..], Framing::Chunked),
            (&[("transfer-encoding", "CHUNKED")], Framing::Chunked),
            (&[("content-length", "0")], Framing::Length(0)),
            (&[("content-length", "00012")], Framing::Length(12)),
            (
                &[("content-length", "18446744073709551615")],
                Framing::Length(u64::MAX),
            ),
            (&[("content-length", "5, 5")], Framing::Length(5)),
            (
                &[("content-length", "5"), ("content-length", "5")],
                Framing::Length(5),
            ),
            (&[], Framing::UntilClose),
        ] {
            assert_eq!(framing(fields), Some(expected), "{fields:?}");
        }
    }

    #[test]
    fn what_readers_might_read_differently_is_refused() {
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
        assert!(Framing::of(&mut head(Version::HTTP_10, 200, &chunked), &Method::GET).is_err());
    }

    #[test]
    fn a_repeated_length_is_passed_on_once() {
        for fields in [
            &[("content-length", "5, 5")][..],
            &[("content-length", "5"), ("content-length", "5")],
        ] {
            let mut head = head(Version::HTTP_11, 200, fields);
            assert!(Framing::of(&mut head, &Method::GET).is_ok());
            let values: Vec<_> = head.headers.get_all(CONTENT_LENGTH).iter().collect();
            assert_eq!(values, ["5"]);
        }
    }

    #[test]
    fn a_connection_is_kept_only_if_both_the_version_and_the_fields_say_so() {
        let kept = |version, status, fields: &[(&'static str, &'static str)]| {
            let mut head = head(version, status, fields);
            let framing = Framing::of(&mut head, &Method::GET).unwrap();
            keeps_alive(&head, &Method::GET, framing)
        };
        let length = ("content-length", "5");
        assert!(kept(Version::HTTP_11, 200, &[length]));
        assert!(kept(Version::HTTP_11, 204, &[("content-length", "0")]));
        assert!(kept(Version::HTTP_11, 304, &[length]));
        assert!(kept(
            Version::HTTP_10,
            200,
            &[length, ("connection", "Keep-Alive")]
        ));
        assert!(!kept(Version::HTTP_10, 200, &[length]));
        assert!(!kept(
            Version::HTTP_10,
            200,
            &[length, ("connection", "keep-alive, close")]
        ));
        assert!(!kept(
            Version::HTTP_11,
            200,
            &[length, ("connection", "a, Close")]
        ));
        assert!(!kept(Version::HTTP_11, 200, &[]));
        assert!(!kept(Version::HTTP_11, 204, &[length]));
        assert!(!kept(
            Version::HTTP_11,
            204,
            &[("transfer-encoding", "chunked")]
        ));
    }

    #[test]
    fn a_request_is_framed_by_what_its_fields_and_its_body_agree_on() {
        let sending = |fields: &[(&'static str, &'static str)], exact| {
            Sending::of(&head(Version::HTTP_11, 200, fields).headers, exact).ok()
        };
        let chunked = ("transfer-encoding", "chunked");
        let five = ("content-length", "5");
        for (fields, exact, expected) in [
            (&[][..], Some(0), Some(Sending::Nothing)),
            (&[("content-length", "0")], Some(0), Some(Sending::Nothing)),
            (&[chunked], Some(0), Some(Sending::Nothing)),
            (&[], Some(5), Some(Sending::Length(5))),
            (&[five], Some(5), Some(Sending::Length(5))),
            (&[five], None, Some(Sending::Length(5))),
            (&[], None, Some(Sending::Chunked)),
            (&[chunked], None, Some(Sending::Chunked)),
            (&[chunked], Some(5), Some(Sending::Chunked)),
            (&[chunked, five], None, Some(Sending::Chunked)),
            (&[five], Some(0), None),
            (&[five], Some(6), None),
            (&[("content-length", "x")], None, None),
            (&[("transfer-encoding", "gzip")], None, None),
        ] {
            assert_eq!(sending(fields, exact), expected, "{fields:?} {exact:?}");
        }
    }
}

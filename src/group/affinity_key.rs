//! `AffinityKey`: what the requests of one client have in common.

use std::{fmt, sync::Arc};

use http::{
    HeaderName, HeaderValue,
    header::{COOKIE, HOST},
    request::Parts,
};

use crate::downstream::ClientAddress;

/// The part of a request that selects its member.
///
/// A request without the key gets the least loaded member.
///
/// ```
/// use cdn_origin::group::{AffinityKey, Balance};
///
/// let by_session = Balance::by_key(AffinityKey::cookie("session"));
/// let by_path = Balance::by_key(AffinityKey::from_fn(|request| {
///     Some(request.uri.path().as_bytes().to_vec())
/// }));
/// ```
#[derive(Clone)]
#[must_use = "a key does nothing until `Balance::by_key` gets it"]
pub struct AffinityKey(KeySource);

type KeyFunction = dyn Fn(&Parts) -> Option<Vec<u8>> + Send + Sync;

#[derive(Clone)]
enum KeySource {
    ClientAddress,
    Cookie(String),
    Header(HeaderName),
    Function(Arc<KeyFunction>),
}

impl AffinityKey {
    /// The IP address of the client's connection, as for nginx's `ip_hash` and HAProxy's
    /// `balance source`.
    ///
    /// It comes from a [`ClientAddress`], a
    /// [`ClientConnection`](crate::downstream::ClientConnection) or axum's `ConnectInfo`. Behind
    /// another proxy, all clients have the same address: use a field of the request instead.
    ///
    /// ```
    /// use cdn_origin::group::{AffinityKey, Balance};
    ///
    /// // Clients of one office share an address: do not send them all to one member.
    /// let balance = Balance::by_key(AffinityKey::client_address()).max_load(120);
    /// # drop(balance);
    /// ```
    pub fn client_address() -> Self {
        Self(KeySource::ClientAddress)
    }

    /// The value of a cookie, such as that of a session.
    ///
    /// The first cookie of the name counts. A client that has none yet gets the least loaded
    /// member, and may get another one with its next request. The value is hashed as it was sent,
    /// quotes included.
    ///
    /// ```
    /// use cdn_origin::group::{AffinityKey, Balance};
    ///
    /// let balance = Balance::by_key(AffinityKey::cookie("session"));
    /// # drop(balance);
    /// ```
    pub fn cookie(name: impl Into<String>) -> Self {
        Self(KeySource::Cookie(name.into()))
    }

    /// The first value of a field, as for HAProxy's `balance hdr(..)`.
    ///
    /// For [`HOST`], an HTTP/2 request has its `:authority`.
    ///
    /// ```
    /// use cdn_origin::group::{AffinityKey, Balance};
    /// use http::header::{HOST, HeaderName};
    ///
    /// // A cache behind each member: one host's pages stay in one cache.
    /// let by_host = Balance::by_key(AffinityKey::header(HOST));
    /// let by_tenant = Balance::by_key(AffinityKey::header(HeaderName::from_static("x-tenant")));
    /// # drop((by_host, by_tenant));
    /// ```
    pub fn header(name: HeaderName) -> Self {
        Self(KeySource::Header(name))
    }

    /// A function of the request, such as one of its path.
    ///
    /// It runs once for each request. `None` means that the request has no key, and any member may
    /// serve it.
    ///
    /// ```
    /// use cdn_origin::group::{AffinityKey, Balance};
    ///
    /// // `/video/17/segment/3` and `/video/17/segment/4` go to the same member.
    /// let by_video = AffinityKey::from_fn(|request| {
    ///     let mut parts = request.uri.path().splitn(4, '/').skip(1);
    ///     let (kind, id) = (parts.next()?, parts.next()?);
    ///     Some(format!("{kind}/{id}").into_bytes())
    /// });
    /// let balance = Balance::by_key(by_video);
    /// # drop(balance);
    /// ```
    pub fn from_fn(function: impl Fn(&Parts) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self(KeySource::Function(Arc::new(function)))
    }

    /// The hash of a request's key.
    ///
    /// `None` if the request has no key, which includes an address that the server did not report.
    /// A key that is empty is a key.
    pub(super) fn hash_of(&self, parts: &Parts) -> Option<u64> {
        match &self.0 {
            KeySource::ClientAddress => {
                let (client, _) = ClientAddress::of(&parts.extensions)?.ends();
                Some(hash(client.ip().to_string().as_bytes()))
            }
            KeySource::Cookie(name) => cookie(parts, name).map(hash),
            KeySource::Header(name) => {
                let authority = parts.uri.authority().filter(|_| name == HOST);
                match authority {
                    Some(authority) => Some(hash(authority.as_str().as_bytes())),
                    None => parts.headers.get(name).map(HeaderValue::as_bytes).map(hash),
                }
            }
            KeySource::Function(function) => function(parts).as_deref().map(hash),
        }
    }
}

/// The value of the first cookie with this name (RFC 6265 section 5.4).
///
/// Cookies of a request are separated by `;` in one line, or spread over several lines by HTTP/2
/// (RFC 9113 section 8.2.3).
fn cookie<'a>(parts: &'a Parts, name: &str) -> Option<&'a [u8]> {
    let lines = parts.headers.get_all(COOKIE).iter();
    let mut pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let value = pair.trim_ascii_start().strip_prefix(name.as_bytes())?;
        value.strip_prefix(b"=")
    })
}

/// A hash that is the same in all processes and releases, so that several proxies agree.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hmac_sha256::Hash::hash(bytes);
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl fmt::Debug for AffinityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            KeySource::ClientAddress => f.write_str("client_address"),
            KeySource::Cookie(name) => write!(f, "cookie({name:?})"),
            KeySource::Header(name) => write!(f, "header({name:?})"),
            KeySource::Function(_) => f.write_str("from_fn(..)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(request: http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let request = Request::get("/").header("cookie", "xid=1; id2=2;id=3; id=4");
        let request = parts(request.header("cookie", "other=5"));
        assert_eq!(cookie(&request, "id"), Some(&b"3"[..]));
        assert_eq!(cookie(&request, "other"), Some(&b"5"[..]));
        assert_eq!(cookie(&request, "x"), None);
    }

    #[test]
    fn the_host_is_the_authority_of_an_http2_request() {
        let key = AffinityKey::header(HOST);
        let one = parts(Request::get("http://client.test/"));
        let other = parts(Request::get("/").header("host", "client.test"));
        assert_eq!(key.hash_of(&one), key.hash_of(&other));
        assert_eq!(key.hash_of(&parts(Request::get("/"))), None);
    }
}

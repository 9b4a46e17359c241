//! The calls that say how requests are treated and bounded.

use std::{sync::Arc, time::Duration};

use http::request::Parts;

use super::{
    OriginProxy, Pseudonym, exposure::Exposure, forward::Settings, limits::at_least_a_moment,
    status::Identity,
};

/// What is told to others, and changed for them.
impl OriginProxy {
    /// The name by which this proxy signs requests in `Via` ([RFC 9110 section 7.6.3]). A request
    /// that bears it already is answered with 508.
    ///
    /// By default each proxy makes up a name of its own, which its clones share, so that several of
    /// them may stand in a row. Give a name to recognise the proxy in logs: another for each proxy
    /// that a request may come through. It is then also what this proxy calls itself in
    /// `Proxy-Status` ([RFC 9209 section 2]); one without a name is `cdn-origin` there.
    ///
    /// nginx as an origin does not compress what is requested with `Via` unless `gzip_proxied` says
    /// so.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).via("edge-7.example".parse()?);
    /// # drop(proxy);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [RFC 9110 section 7.6.3]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.3
    /// [RFC 9209 section 2]: https://www.rfc-editor.org/rfc/rfc9209#section-2
    pub fn via(mut self, name: Pseudonym) -> Self {
        let settings = self.change();
        settings.identity = Identity::from(&name);
        settings.hops.set_via(name);
        self
    }

    /// Does not sign requests. Others' `Via` passes, and loops are noticed only by
    /// [`cdn_loop`](Self::cdn_loop).
    pub fn without_via(mut self) -> Self {
        self.change().hops.remove_via();
        self
    }

    /// Signs requests in `CDN-Loop` too ([RFC 8586]), for proxies that are part of a CDN. A request
    /// that bears the name already is answered with 508. Others' entries pass untouched, whether or
    /// not this is called.
    ///
    /// [RFC 8586]: https://www.rfc-editor.org/rfc/rfc8586
    pub fn cdn_loop(mut self, name: Pseudonym) -> Self {
        self.change().hops.set_cdn_loop(name);
        self
    }

    /// Changes each request just before it is sent, when all that the client's `Connection` names
    /// has been removed and the proxy's own fields are there. What is added here reaches the
    /// origin, which cannot be said of what a layer in front of the proxy adds. Several functions
    /// are applied in their order.
    ///
    /// Path and query may be changed too. The Host and what frames the message are the proxy's:
    /// changes to `Content-Length`, `Transfer-Encoding`, `Connection`, `TE` and `Upgrade` are
    /// undone.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy};
    /// use http::HeaderValue;
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).map_request(|parts| {
    ///     let secret = HeaderValue::from_static("only the origin knows");
    ///     parts.headers.insert("x-origin-secret", secret);
    /// });
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn map_request(mut self, function: impl Fn(&mut Parts) + Send + Sync + 'static) -> Self {
        self.change().request_map.add(function);
        self
    }

    /// Tells clients the likeliest cause of a failure, and what fixes it, in the `details` of
    /// `Proxy-Status` ([RFC 9209 section 2.1.5]): of this proxy's own errors, and of an edge's
    /// refusals that it passes on. By default, only the log and the response's extensions know.
    ///
    /// For staging, or where a layer in front removes the field: fixes say names of your
    /// configuration. They never say IP addresses, and nothing here says fields or paths. A fix may
    /// say the hash of a public key, to be pinned.
    ///
    /// ```text
    /// proxy-status: cdn-origin;error=tls_alert_received;alert-id=40;alert-message="handshake_failure";
    ///     details="SniNotServed, likely; fix: .sni(\"www.example.com\")"
    /// proxy-status: cdn-origin;received-status=421;details="SniAndHostDisagree, certain; fix: .host(\"www.example.com\")"
    /// ```
    ///
    /// [RFC 9209 section 2.1.5]: https://www.rfc-editor.org/rfc/rfc9209#section-2.1.5
    pub fn expose_diagnosis(mut self) -> Self {
        self.change().exposure = Exposure::Exposed;
        self
    }
}

/// What bounds a request. A duration of zero counts as one millisecond.
impl OriginProxy {
    /// Bounds the wait for the head of the response, once the request has a connection. While the
    /// request's body is still moving, the wait starts anew. Afterwards: 504,
    /// `http_response_timeout`; if it is the client who was silent last, in the middle of its body:
    /// 408, `http_request_error`.
    pub fn response_timeout(mut self, time: Duration) -> Self {
        self.change().response_timeout = at_least_a_moment(time);
        self
    }

    /// Bounds each silence in the middle of a body: of the client's before the head of the
    /// response, answered with 408 (`http_request_error`) after this or after
    /// [`response_timeout`](Self::response_timeout), whichever is shorter, and of the origin's,
    /// upon which the response is aborted and its connection closed. Once the origin has answered,
    /// the client may be silent for as long as the origin is not.
    ///
    /// A client that does not read is not silent, but bounded by
    /// [`unread_timeout`](Self::unread_timeout).
    pub fn body_idle_timeout(mut self, time: Duration) -> Self {
        self.change().limits.body_idle = at_least_a_moment(time);
        self
    }

    /// Bounds how long a client may leave unread what there is for it: then the response is
    /// aborted, and the origin's connection is free for others. It begins anew with all that the
    /// server in front of the proxy takes.
    ///
    /// Responses over HTTP/1 are watched from their second frame on: a server takes that much
    /// whether its client reads or not. A caller that is no server holds a connection for as long
    /// as it keeps a response of which it reads nothing.
    ///
    /// The server and the system keep some MiB for a client: one that takes longer to read those
    /// seems not to read. Envoy's `stream_idle_timeout` has the same default; nginx's
    /// `send_timeout` is 60 s.
    pub fn unread_timeout(mut self, time: Duration) -> Self {
        self.change().limits.unread = at_least_a_moment(time);
        self
    }

    /// Bounds the whole exchange, from the request's arrival to the end of the response, waits and
    /// retries included. Before the head of the response: 504, `http_response_timeout`; later the
    /// response is aborted. Tunnels of upgrades are not bounded by it.
    pub fn request_timeout(mut self, time: Duration) -> Self {
        self.change().limits.request_timeout = Some(at_least_a_moment(time));
        self
    }

    /// Refuses larger request bodies: 413, `http_request_error`. One that announces its length is
    /// refused before the origin hears of it, another as soon as it has grown too large. Bodies are
    /// never held in memory, so the default is no limit.
    pub fn max_request_body(mut self, bytes: u64) -> Self {
        self.change().limits.request_body = bytes;
        self
    }

    /// Refuses requests whose fields are larger: 431, `http_request_error`. Each field counts as
    /// its name, its value and four bytes more. What is known of the dialled
    /// [edge](crate::connector::AppliedProfile) no longer bounds them then.
    ///
    /// The server in front of the proxy has a limit of its own. hyper's refuses HTTP/1 heads of 400
    /// KiB and HTTP/2 fields of 16 KiB.
    pub fn max_request_head(mut self, bytes: usize) -> Self {
        let settings = self.change();
        settings.limits.request_head = bytes;
        if let Some(limits) = &mut settings.edge_limits {
            limits.without_head();
        }
        self
    }

    /// Refuses requests with more fields: 431, `http_request_error`. hyper's server refuses more
    /// than 100 over HTTP/1.
    pub fn max_request_fields(mut self, count: usize) -> Self {
        self.change().limits.request_fields = count;
        self
    }

    /// Lets so many requests be under way at a time, up to the end of their responses; zero counts
    /// as one. More of them [wait](Self::max_queued), or are answered with 503,
    /// `connection_limit_reached`, and `Retry-After`.
    ///
    /// Tunnels of upgrades are not counted:
    /// [`PoolSettings::max_tunnels`](crate::pool::PoolSettings::max_tunnels) bounds them. Clones
    /// share the limit; those that were made before keep the one that they have.
    pub fn max_concurrency(mut self, count: usize) -> Self {
        self.change().queue.set_places(count);
        self
    }

    /// Lets so many requests wait where [`max_concurrency`](Self::max_concurrency) is reached; the
    /// next is answered at once.
    pub fn max_queued(mut self, count: usize) -> Self {
        self.change().queue.set_waiting(count);
        self
    }

    /// Bounds that wait.
    pub fn queue_timeout(mut self, time: Duration) -> Self {
        self.change().queue.set_wait(at_least_a_moment(time));
        self
    }

    fn change(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}

//! A case: edge and configuration in, causes and fixes out.

use cdn_origin::{
    OriginProxy,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
};
use http::request;

use crate::support::{Authority, Certified};

/// Fields, each with its value.
pub(super) type Fields = &'static [(&'static str, &'static str)];

/// A likely cause: its id, its certainty, and a part of its first fix. Without a fix, the part is
/// empty.
pub(super) type Expected = (CauseId, Certainty, &'static str);

/// A report from the field.
pub(super) struct Case {
    /// What its author saw, in words. They become a row of the guide's table.
    pub(super) symptom: &'static str,
    pub(super) url: &'static str,
    /// The Host of the client's request. Empty: the host of the URL.
    pub(super) host: &'static str,
    pub(super) connector: fn(CdnOriginBuilder) -> CdnOriginBuilder,
    pub(super) proxy: fn(OriginProxy) -> OriginProxy,
    pub(super) request: fn(request::Builder) -> request::Builder,
    pub(super) content: &'static str,
    /// Whether the content is sent without its length.
    pub(super) is_streamed: bool,
    pub(super) requests: usize,
    /// The `Uri` that the bare connector is called with.
    pub(super) uri: &'static str,
    pub(super) through: Through,
    /// The certificate of the edge. `None`: a trusted one for the URL's host.
    pub(super) certificate: Option<fn(&Authority) -> Certified>,
    pub(super) edge: EdgeActs,
    /// The edge answers 200 to a request with a line that starts like this.
    pub(super) works_if_sent: Option<&'static str>,
    pub(super) fix: Fix,
    pub(super) expected: &'static [Expected],
}

/// Which part of the crate meets the edge.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Through {
    Proxy,
    Connector,
    Probe,
}

/// What the edge does.
#[derive(Clone, Copy)]
pub(super) enum EdgeActs {
    /// Answers every request like this, over HTTP/1 and HTTP/2.
    Responds(u16, Fields, &'static str),
    /// Does this on each connection, then closes it.
    Steps(&'static [Step]),
}

/// One thing that an edge does on a connection.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// Reads the ClientHello, without an answer.
    Hello,
    /// Completes the TLS handshake, with this protocol in ALPN.
    Tls(&'static str),
    /// Reads the head of an HTTP/1 request.
    Head,
    /// Reads HTTP/2 frames, up to the fields of a request.
    Http2Fields,
    Send(&'static [u8]),
    /// Resets the connection.
    Reset,
    /// Sends nothing, until the other side closes.
    Stall,
}

/// The change that the first fix asks for. The case runs again with it, and must succeed.
#[derive(Clone, Copy)]
pub(super) enum Fix {
    None,
    /// Another URL.
    Url(&'static str),
    /// A call on the connector's builder.
    Connector(fn(CdnOriginBuilder) -> CdnOriginBuilder),
    /// A call on the proxy.
    Proxy(fn(OriginProxy) -> OriginProxy),
}

impl Case {
    /// A GET through the proxy to `https://www.example.test`.
    pub(super) const fn of(symptom: &'static str) -> Self {
        Self {
            symptom,
            url: "https://www.example.test",
            host: "",
            connector: |builder| builder,
            proxy: |proxy| proxy,
            request: |request| request,
            content: "",
            is_streamed: false,
            requests: 1,
            uri: "/",
            through: Through::Proxy,
            certificate: None,
            edge: EdgeActs::Steps(&[]),
            works_if_sent: None,
            fix: Fix::None,
            expected: &[],
        }
    }

    /// The URL of the origin.
    pub(super) const fn url(self, url: &'static str) -> Self {
        Self { url, ..self }
    }

    /// The Host of the client's request.
    pub(super) const fn host(self, host: &'static str) -> Self {
        Self { host, ..self }
    }

    /// Further calls on the connector's builder.
    pub(super) const fn connector(
        self,
        connector: fn(CdnOriginBuilder) -> CdnOriginBuilder,
    ) -> Self {
        Self { connector, ..self }
    }

    /// Further calls on the proxy.
    pub(super) const fn proxy(self, proxy: fn(OriginProxy) -> OriginProxy) -> Self {
        Self { proxy, ..self }
    }

    /// Further parts of the client's request, which is a GET of `/page`.
    pub(super) const fn request(self, request: fn(request::Builder) -> request::Builder) -> Self {
        Self { request, ..self }
    }

    /// The content of the client's request.
    pub(super) const fn content(self, content: &'static str) -> Self {
        Self { content, ..self }
    }

    /// Sends the content without a length, as clients do that generate it.
    pub(super) const fn without_length(self) -> Self {
        Self {
            is_streamed: true,
            ..self
        }
    }

    /// Sends the request this many times. The last one is diagnosed.
    pub(super) const fn requests(self, requests: usize) -> Self {
        Self { requests, ..self }
    }

    /// Calls the bare connector with this `Uri`.
    pub(super) const fn called_with(self, uri: &'static str) -> Self {
        Self {
            uri,
            through: Through::Connector,
            ..self
        }
    }

    /// Connects through the proxy, the bare connector, or the probe.
    pub(super) const fn through(self, through: Through) -> Self {
        Self { through, ..self }
    }

    /// The edge's certificate, which this authority need not issue. It is the trusted one.
    pub(super) const fn certificate(self, certificate: fn(&Authority) -> Certified) -> Self {
        Self {
            certificate: Some(certificate),
            ..self
        }
    }

    /// The edge answers every request with this status, these fields and this body.
    pub(super) const fn responds(self, status: u16, fields: Fields, body: &'static str) -> Self {
        Self {
            edge: EdgeActs::Responds(status, fields, body),
            ..self
        }
    }

    /// The edge does this on each connection.
    pub(super) const fn acts(self, steps: &'static [Step]) -> Self {
        Self {
            edge: EdgeActs::Steps(steps),
            ..self
        }
    }

    /// The causes that must be found, the likeliest first. Further ones may follow. An empty list
    /// means that there must be none.
    pub(super) const fn causes(self, expected: &'static [Expected]) -> Self {
        Self { expected, ..self }
    }

    /// The edge answers 200 to requests with a line that starts like this, such as a field and its
    /// value. The first line is `scheme: https` or `scheme: http`.
    pub(super) const fn works_if_sent(self, line: &'static str) -> Self {
        Self {
            works_if_sent: Some(line),
            ..self
        }
    }

    /// The first fix, or the next one, as a change of this case. With it the request must succeed.
    pub(super) const fn fixed_by(self, fix: Fix) -> Self {
        Self { fix, ..self }
    }
}

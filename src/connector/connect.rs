//! One attempt to connect: dial, introduce the client, TLS handshake.
//!
//! ```text
//!            ┌──────────── Timeouts::connect ────────────────────────────┐
//!            ┌──── Timeouts::dial ─────────┐   ┌ Timeouts::tls_handshake ┐
//! origin ──> resolve ──> TCP ──> PROXY header ──> TLS handshake ──> OriginStream
//!               ^                                     │
//!               └── the same address again, once, if ECH was rejected
//! ```

use std::{mem, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Uri;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tower::BoxError;
use tracing::Instrument;

use crate::{
    dial::{DialFailure, DialedIo},
    downstream::ClientAddress,
    error::{CurrentStage, Error, ErrorKind, Facts, Stage},
    observe::spans,
    origin::{Origin, Scheme},
    tls::{Alpn, Handshake, HandshakeFailure, HelloPlan, RecordingIo, TlsClient},
};

use super::{
    origin_stream::{OpenIo, OriginStream},
    shared_state::ConnectorState,
};

/// Which version of HTTP a connection is opened for.
pub(crate) enum Purpose {
    /// The version that ALPN negotiates, or the only one offered.
    AnyVersion,
    Http1,
    /// HTTP/1.1, with these bytes in early data if the session allows it. The facts of the
    /// connection tell whether the origin accepted them.
    ///
    /// Only the pool uses it: it knows which request it sends.
    Http1WithEarlyData(Bytes),
    #[cfg(feature = "tonic")]
    Http2,
}

/// One attempt to connect, and the facts that it collects.
pub(super) struct ConnectAttempt<'a> {
    state: &'a ConnectorState,
    origin: Arc<Origin>,
    purpose: &'a Purpose,
    client: Option<&'a ClientAddress>,
    /// Dialled without a look-up.
    address: Option<SocketAddr>,
    started: Instant,
    stage: CurrentStage,
    facts: Facts,
}

impl<'a> ConnectAttempt<'a> {
    pub(super) fn new(
        state: &'a ConnectorState,
        origin: Arc<Origin>,
        purpose: &'a Purpose,
        client: Option<&'a ClientAddress>,
    ) -> Self {
        let facts = Facts {
            origin: Some(origin.clone()),
            ..Facts::default()
        };
        Self {
            state,
            origin,
            purpose,
            client,
            address: None,
            started: Instant::now(),
            stage: CurrentStage::default(),
            facts,
        }
    }

    /// Adds the `Uri` that the connector was called with. Its host may be the name that is missing
    /// in SNI.
    pub(super) fn called_with(mut self, uri: &Uri) -> Self {
        let authority = uri.authority();
        self.facts.called_with = authority.and_then(|name| name.as_str().parse().ok());
        self
    }

    /// Sets the only address that is dialled. `None` looks the name up.
    pub(super) fn at_address(mut self, address: Option<SocketAddr>) -> Self {
        self.address = address;
        self
    }

    /// Reports each stage that begins.
    pub(super) fn reporting(mut self, stage: CurrentStage) -> Self {
        self.stage = stage;
        self
    }

    /// Connects in a span of its own.
    pub(super) async fn run_in_span(mut self) -> Result<OriginStream, Error> {
        let span = spans::connect(&self.origin);
        let outcome = self.run().instrument(span.clone()).await;
        match &outcome {
            Ok(stream) => spans::record_connect(&span, stream.info().facts(), None),
            Err(error) => spans::record_connect(&span, error.facts(), Some(error)),
        }
        outcome
    }

    /// Connects, and logs a failure.
    async fn run(&mut self) -> Result<OriginStream, Error> {
        let opened = self.open().await;
        let facts = mem::take(&mut self.facts);
        match opened {
            Ok(io) => Ok(OriginStream::new(io, facts)),
            Err(failure) => {
                if let (Some(peer), None) = (facts.peer, &facts.alert)
                    && failure.blames_address()
                {
                    self.state.transport.note_failed(peer);
                }
                let ConnectFailure {
                    stage,
                    kind,
                    source,
                } = failure;
                let error = Error::with_optional_source(kind, stage, facts, source);
                tracing::debug!(%error, "connecting failed");
                Err(error)
            }
        }
    }

    async fn open(&mut self) -> Result<OpenIo, ConnectFailure> {
        self.check_http1()?;
        let io = self.reach(self.address).await?;
        let (Scheme::Https, Some(tls)) = (self.origin.scheme(), &self.state.tls) else {
            return Ok(OpenIo::Left(io));
        };
        let client = match self.purpose {
            Purpose::AnyVersion => tls.client(),
            Purpose::Http1 => tls.client().offering(Alpn::Http1, Bytes::new()),
            Purpose::Http1WithEarlyData(head) => tls.client().offering(Alpn::Http1, head.clone()),
            #[cfg(feature = "tonic")]
            Purpose::Http2 => tls.client().offering(Alpn::Http2, Bytes::new()),
        };
        let stream = self.negotiate(&client, io).await?;
        if let Some(session) = &self.facts.session {
            self.state.handshakes.count(session);
        }
        Ok(OpenIo::Right(stream))
    }

    /// Makes the TLS handshake, and a second one if the origin rejects ECH and allows a retry.
    async fn negotiate(
        &mut self,
        client: &TlsClient,
        io: DialedIo,
    ) -> Result<Box<TlsStream<RecordingIo<DialedIo>>>, ConnectFailure> {
        let service = self.facts.service.as_ref();
        let ech = service.map(|service| &service.ech[..]);
        let hello = client.first_hello(self.origin.sni(), ech)?;
        let failure = match self.handshake(client, &hello, io).await {
            Ok(stream) => return Ok(stream),
            Err(failure) => failure,
        };
        let Some(hello) = client.second_hello(&failure) else {
            return Err(failure.into());
        };
        tracing::debug!(origin = ?self.origin, "ECH was rejected by the origin");
        self.facts.forget_handshake();
        // The server that rejected ECH knows the configuration that it sent: dial the same one.
        let io = self.reach(self.facts.peer).await?;
        Ok(self.handshake(client, &hello, io).await?)
    }

    /// Dials the known address, or one that is looked up, and sends the PROXY header.
    async fn reach(&mut self, known: Option<SocketAddr>) -> Result<DialedIo, ConnectFailure> {
        let step = self.step(self.state.timeouts.dial);
        let reached = self.dial(known, &step).await;
        self.report_timeout(&step);
        Ok(reached?)
    }

    async fn dial(
        &mut self,
        known: Option<SocketAddr>,
        step: &ConnectStep,
    ) -> Result<DialedIo, DialFailure> {
        let began = Instant::now();
        let (transport, target) = (&self.state.transport, self.origin.dial());
        let (stage, facts) = (&self.stage, &mut self.facts);
        let dialed = transport.dial(target, known, step.limit, (stage, facts));
        let mut io = dialed.await?;
        if let Some(protocol) = self.state.proxy_protocol {
            let left = step.limit.saturating_sub(began.elapsed());
            let sent = protocol.send_header(self.client, &mut io, left, &mut self.facts);
            sent.await?;
        }
        Ok(io)
    }

    async fn handshake(
        &mut self,
        client: &TlsClient,
        hello: &HelloPlan,
        io: DialedIo,
    ) -> Result<Box<TlsStream<RecordingIo<DialedIo>>>, HandshakeFailure> {
        self.stage.enter(Stage::Handshake);
        let step = self.step(self.state.timeouts.tls_handshake);
        let began = Instant::now();
        let handshake = Handshake {
            client,
            hello,
            sni: self.origin.sni(),
            expected_name: self.origin.expected_name(),
            deadline: step.limit,
        };
        let span = tracing::debug_span!(target: "cdn_origin::spans", "handshake");
        let running = handshake.run(io, &mut self.facts).instrument(span);
        let result = running.await;
        self.facts.elapsed.handshake = Some(began.elapsed());
        self.report_timeout(&step);
        result
    }

    /// A step that starts now: its timeout, or what is left of `Timeouts::connect`.
    fn step(&self, timeout: Duration) -> ConnectStep {
        let connect = self.state.timeouts.connect;
        let left = connect.saturating_sub(self.started.elapsed());
        match left < timeout {
            true => ConnectStep {
                limit: left,
                configured: connect,
            },
            false => ConnectStep {
                limit: timeout,
                configured: timeout,
            },
        }
    }

    /// Reports a timeout that has passed as it was configured, not what was left of it.
    fn report_timeout(&mut self, step: &ConnectStep) {
        if let Some(deadline) = &mut self.facts.deadline {
            *deadline = step.configured;
        }
    }

    /// Fails if HTTP/1.1 is needed and only HTTP/2 may be offered. Nothing is dialled then.
    fn check_http1(&mut self) -> Result<(), ConnectFailure> {
        if !matches!(
            self.purpose,
            Purpose::Http1 | Purpose::Http1WithEarlyData(_)
        ) {
            return Ok(());
        }
        let client = self.state.tls.as_ref().map(|tls| tls.client());
        let Some(client) = client.filter(|client| client.requires_http2()) else {
            return Ok(());
        };
        self.facts.offer = Some(client.offer);
        Err(ConnectFailure {
            stage: Stage::Prepare,
            kind: ErrorKind::ProtocolNotNegotiated,
            source: None,
        })
    }
}

/// How long one step may take, and the timeout that decides that.
struct ConnectStep {
    limit: Duration,
    configured: Duration,
}

/// Why connecting failed, apart from the facts.
struct ConnectFailure {
    stage: Stage,
    kind: ErrorKind,
    source: Option<BoxError>,
}

impl ConnectFailure {
    /// Whether another address of the name may be better. What the peer sends about a certificate,
    /// a name or a protocol holds for all of them.
    fn blames_address(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::ConnectionClosed
                | ErrorKind::ConnectionReset
                | ErrorKind::TimedOut
                | ErrorKind::Unreachable
        )
    }
}

impl From<DialFailure> for ConnectFailure {
    fn from(failure: DialFailure) -> Self {
        Self {
            stage: failure.stage,
            kind: failure.kind,
            source: failure.source,
        }
    }
}

impl From<HandshakeFailure> for ConnectFailure {
    fn from(failure: HandshakeFailure) -> Self {
        Self {
            stage: Stage::Handshake,
            kind: failure.kind,
            source: failure.source,
        }
    }
}

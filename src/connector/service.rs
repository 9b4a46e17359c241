//! The connector itself: dial, then handshake.

use std::{
    fmt,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::Uri;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tower::BoxError;
use tower_service::Service;

use crate::{
    dial::{DialFailure, DialedIo, ProxyProtocol, Transport},
    downstream::ClientAddress,
    error::{Error, ErrorKind, Facts, Stage},
    name::NameError,
    origin::{ChosenNames, Origin, OriginUrl, Scheme},
    tls::{Handshake, HandshakeFailure, HelloPlan, RecordingIo, TlsClient, rustls::ClientConfig},
};

use super::{
    AppliedProfile, CdnOriginBuilder, Connecting, OriginStream,
    deadlines::Deadlines,
    handshakes::{HandshakeCounts, Handshakes},
    stream::OpenIo,
    trust::Trust,
};

/// Connects to an origin. A `tower::Service<Uri>`; clones are cheap and share trust and TLS
/// sessions.
///
/// See the [module](super) for an example and [`CdnOriginBuilder`] for every setting.
#[derive(Clone)]
pub struct CdnOriginConnector {
    pub(super) shared: Arc<Shared>,
    /// For whom its connections are.
    client: Option<Arc<ClientAddress>>,
}

pub(super) struct Shared {
    /// The fixed origin, or `None` where the `Uri` names it.
    pub(super) origin: Option<Arc<Origin>>,
    pub(super) names: ChosenNames,
    /// Absent if the origin is a fixed `http` one.
    pub(super) tls: Option<Arc<Trust>>,
    pub(super) transport: Transport,
    pub(super) proxy_protocol: Option<ProxyProtocol>,
    pub(super) deadlines: Deadlines,
    pub(super) profile: Option<AppliedProfile>,
    /// What it was built with.
    pub(super) settings: Box<CdnOriginBuilder>,
    pub(super) handshakes: Handshakes,
}

impl CdnOriginConnector {
    /// Starts a connector to this origin: `https://` or `http://`, a host, and maybe a port. The
    /// URL's scheme decides whether TLS is spoken; scheme and authority of the request's `Uri` do
    /// not matter.
    pub fn builder<U>(url: U) -> CdnOriginBuilder
    where
        U: TryInto<OriginUrl>,
        U::Error: Into<NameError>,
    {
        CdnOriginBuilder::for_origin(url)
    }

    /// Starts a connector that takes scheme, dial target, SNI and expected name from each request's
    /// `Uri`. Names that are set on the builder hold for all of them.
    ///
    /// Never pass a `Uri` that a client controls: it decides which host is dialled.
    pub fn any_origin() -> CdnOriginBuilder {
        CdnOriginBuilder::for_any_origin()
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            client: None,
        }
    }

    /// The fixed origin with its four names, if there is one.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.shared.origin.as_deref()
    }

    pub(crate) fn shared_origin(&self) -> Option<&Arc<Origin>> {
        self.shared.origin.as_ref()
    }

    /// What is known of the edge that is dialled, and what it changed. Nothing for an unknown host,
    /// or where it was turned off.
    #[must_use]
    pub fn profile(&self) -> Option<&AppliedProfile> {
        self.shared.profile.as_ref()
    }

    pub(super) fn settings(&self) -> &CdnOriginBuilder {
        &self.shared.settings
    }

    pub(super) fn trust(&self) -> Option<&Trust> {
        self.shared.tls.as_deref()
    }

    pub(super) fn shared_trust(&self) -> Option<Arc<Trust>> {
        self.shared.tls.clone()
    }

    /// The same connector, whose connections are all for this client: what
    /// [`proxy_protocol`](CdnOriginBuilder::proxy_protocol) tells the origin. Without that it
    /// changes nothing.
    ///
    /// Whoever pools these connections must not lend them to other clients.
    /// [`OriginProxy`](crate::OriginProxy) sees to that by itself.
    #[must_use]
    pub fn with_client(&self, client: ClientAddress) -> Self {
        self.for_client(Some(Arc::new(client)))
    }

    pub(crate) fn for_client(&self, client: Option<Arc<ClientAddress>>) -> Self {
        Self {
            shared: self.shared.clone(),
            client,
        }
    }

    /// Whether the origin is told who the client is.
    pub(crate) fn tells_clients(&self) -> bool {
        self.shared.proxy_protocol.is_some()
    }

    /// The addresses that the dialled name of the fixed origin has now, as far as that is known.
    pub(crate) async fn addresses(&self) -> Option<Vec<SocketAddr>> {
        let dial = self.origin()?.dial();
        self.shared.transport.addresses(dial).await
    }

    /// Connects to the fixed origin for a request that only HTTP/1.1 can carry, whatever is offered
    /// otherwise.
    pub(crate) fn connect_http1(&self) -> Connecting {
        self.connecting(Uri::default(), Speech::Http1)
    }

    pub(super) fn connecting(&self, uri: Uri, speech: Speech) -> Connecting {
        let Self { shared, client } = self.clone();
        Connecting::new(async move { shared.connect(&uri, &speech, client.as_deref()).await })
    }

    /// How many TLS handshakes were finished, in full and resumed.
    #[must_use]
    pub fn handshakes(&self) -> HandshakeCounts {
        self.shared.handshakes.counts()
    }

    /// The TLS configuration, for code that does its own handshakes; `None` if the origin is a
    /// plain `http` one. A [reload](Self::reload) makes a new one. Nothing is read from DNS for it:
    /// where that makes it unfit for use, because Encrypted ClientHello is
    /// [required](crate::tls::Ech::required), it is `None` too.
    #[must_use]
    pub fn tls_config(&self) -> Option<Arc<ClientConfig>> {
        let settled = self.origin().map(Origin::sni);
        let sni = settled.or(self.shared.names.sni.as_ref());
        self.trust()?.client().config_without_dns(sni)
    }
}

impl Service<Uri> for CdnOriginConnector {
    type Response = OriginStream;
    type Error = Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.connecting(uri, Speech::AsBuilt)
    }
}

impl Shared {
    async fn connect(
        &self,
        uri: &Uri,
        speech: &Speech,
        client: Option<&ClientAddress>,
    ) -> Result<OriginStream, Error> {
        let origin = self.origin_for(uri)?;
        let mut facts = Facts {
            origin: Some(origin.clone()),
            ..Facts::default()
        };
        match self.open(&origin, speech, client, &mut facts).await {
            Ok(io) => Ok(OriginStream::new(io, facts)),
            Err(Failure {
                stage,
                kind,
                source,
            }) => {
                let error = Error::with_optional_source(kind, stage, facts, source);
                tracing::debug!(%error, "no connection");
                Err(error)
            }
        }
    }

    async fn open(
        &self,
        origin: &Origin,
        speech: &Speech,
        client: Option<&ClientAddress>,
        facts: &mut Facts,
    ) -> Result<OpenIo, Failure> {
        self.check(speech, facts)?;
        let started = Instant::now();
        let io = self.reach(origin, None, client, started, facts).await?;
        let (Scheme::Https, Some(tls)) = (origin.scheme(), &self.tls) else {
            return Ok(OpenIo::Left(io));
        };
        let tls = match speech {
            Speech::AsBuilt => tls.client(),
            Speech::Http1 => tls.client().http1(),
            Speech::Early(head) => tls.client().http1_with_early_data(head.clone()),
        };
        let told = facts.service.as_ref().map(|service| &service.ech[..]);
        let hello = tls.first_hello(origin.sni(), told)?;
        let outcome = self.secure(&tls, &hello, origin, io, started, facts).await;
        let stream = match outcome {
            Ok(stream) => stream,
            Err(refusal) => {
                let Some(hello) = tls.second_hello(&refusal) else {
                    return Err(refusal.into());
                };
                tracing::debug!(?origin, "the encrypted ClientHello was rejected");
                facts.forget_handshake();
                let known = facts.peer;
                let io = self.reach(origin, known, client, started, facts).await?;
                self.secure(&tls, &hello, origin, io, started, facts)
                    .await?
            }
        };
        if let Some(session) = &facts.session {
            self.handshakes.note(session);
        }
        Ok(OpenIo::Right(Box::new(stream)))
    }

    /// Connects, to an address that is known already or to one that is looked up, and introduces
    /// the client.
    async fn reach(
        &self,
        origin: &Origin,
        known: Option<SocketAddr>,
        client: Option<&ClientAddress>,
        started: Instant,
        facts: &mut Facts,
    ) -> Result<DialedIo, Failure> {
        let began = Instant::now();
        let deadline = self.deadlines.dial;
        let left = self.deadlines.connect.saturating_sub(started.elapsed());
        let reached = async {
            let bound = deadline.min(left);
            let dialed = self.transport.dial(origin.dial(), known, bound, facts);
            let mut io = dialed.await?;
            if let Some(protocol) = self.proxy_protocol {
                let left = bound.saturating_sub(began.elapsed());
                protocol.introduce(client, &mut io, left, facts).await?;
            }
            Ok(io)
        };
        let reached = reached.await;
        self.tell_deadline(deadline, left, facts);
        reached
    }

    async fn secure(
        &self,
        tls: &TlsClient,
        hello: &HelloPlan,
        origin: &Origin,
        io: DialedIo,
        started: Instant,
        facts: &mut Facts,
    ) -> Result<TlsStream<RecordingIo<DialedIo>>, HandshakeFailure> {
        let deadline = self.deadlines.handshake;
        let left = self.deadlines.connect.saturating_sub(started.elapsed());
        let began = Instant::now();
        let handshake = Handshake {
            client: tls,
            hello,
            sni: origin.sni(),
            expected_name: origin.expected_name(),
            deadline: deadline.min(left),
        };
        let secured = handshake.run(io, facts).await;
        facts.elapsed.handshake = Some(began.elapsed());
        self.tell_deadline(deadline, left, facts);
        secured
    }

    /// If a deadline passed: the one that was set, not what was left of it.
    fn tell_deadline(&self, deadline: Duration, left: Duration, facts: &mut Facts) {
        if facts.deadline.is_some() {
            facts.deadline = Some(match left < deadline {
                true => self.deadlines.connect,
                false => deadline,
            });
        }
    }

    /// Where HTTP/2 is required there is no HTTP/1.1: the same failure as where an origin does not
    /// choose `h2`, and the same call mends it.
    fn check(&self, speech: &Speech, facts: &mut Facts) -> Result<(), Failure> {
        if matches!(speech, Speech::AsBuilt) {
            return Ok(());
        }
        let client = self.tls.as_ref().map(|trust| trust.client());
        let Some(client) = client.filter(|client| client.requires_http2()) else {
            return Ok(());
        };
        facts.offer = Some(client.offer);
        Err(Failure {
            stage: Stage::Handshake,
            kind: ErrorKind::ProtocolNotNegotiated,
            source: None,
        })
    }

    fn origin_for(&self, uri: &Uri) -> Result<Arc<Origin>, Error> {
        if let Some(origin) = &self.origin {
            return Ok(origin.clone());
        }
        let url = OriginUrl::try_from(uri).map_err(|error| {
            Error::with_source(
                ErrorKind::UnsupportedUri,
                Stage::Prepare,
                Facts::default(),
                error,
            )
        })?;
        Ok(Arc::new(Origin::settle(&url, &self.names)))
    }
}

/// What a connection is to speak.
pub(super) enum Speech {
    /// What was set, or what ALPN decides.
    AsBuilt,
    Http1,
    /// HTTP/1.1, beginning with these bytes in early data if that can be.
    Early(Bytes),
}

/// Why there is no connection, apart from the facts.
struct Failure {
    stage: Stage,
    kind: ErrorKind,
    source: Option<BoxError>,
}

impl From<DialFailure> for Failure {
    fn from(failure: DialFailure) -> Self {
        Self {
            stage: failure.stage,
            kind: failure.kind,
            source: failure.source,
        }
    }
}

impl From<HandshakeFailure> for Failure {
    fn from(failure: HandshakeFailure) -> Self {
        Self {
            stage: Stage::Handshake,
            kind: failure.kind,
            source: failure.source,
        }
    }
}

impl fmt::Debug for CdnOriginConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdnOriginConnector")
            .field("origin", &self.shared.origin)
            .field("transport", &self.shared.transport)
            .field("deadlines", &self.shared.deadlines)
            .field("proxy_protocol", &self.shared.proxy_protocol)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

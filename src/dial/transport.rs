//! `Transport`: TCP, a custom transport, or a Unix socket.

use std::{future::Future, net::SocketAddr, time::Duration};

use futures_util::TryFutureExt;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};
use tower::{BoxError, ServiceExt, util::BoxCloneSyncService};

use crate::{
    error::{CurrentStage, Facts, Stage},
    name::{DialTarget, Endpoint, HostPort},
};

use super::{
    DialFailure, DialedIo, KnownAddresses, ResolveError, TcpDialer, TransportIo, WaitFor,
    unix_socket,
};

/// How a connector opens byte streams.
#[derive(Clone, Debug)]
pub(crate) enum Transport {
    Tcp(TcpDialer),
    Custom(BoxCloneSyncService<Uri, Box<dyn TransportIo>, BoxError>),
}

impl Transport {
    /// Connects within `deadline` and records `facts`.
    ///
    /// A `known` address is dialled without a look-up. Each stage that begins is noted in `stage`.
    pub(crate) async fn dial(
        &self,
        target: &DialTarget,
        known: Option<SocketAddr>,
        deadline: Duration,
        (stage, facts): (&CurrentStage, &mut Facts),
    ) -> Result<DialedIo, DialFailure> {
        let at = after(deadline);
        let endpoint = target.endpoint();
        stage.enter(match (self, endpoint) {
            (Self::Tcp(_), Endpoint::Tcp(_)) => Stage::Resolve,
            (Self::Custom(_), _) | (_, Endpoint::Unix(_)) => Stage::Dial,
        });
        let dialed = match (self, endpoint) {
            (Self::Tcp(dialer), Endpoint::Tcp(target)) => {
                let dialed = dialer.dial(target, known, at, (stage, facts)).await;
                dialed.map(DialedIo::Left)
            }
            (Self::Custom(service), Endpoint::Tcp(target)) => {
                let call = service.clone().oneshot(uri_of(target));
                connect_stream(call, at, facts).await
            }
            (_, Endpoint::Unix(path)) => {
                let connect = unix_socket::connect(path).map_err(Into::into);
                connect_stream(connect, at, facts).await
            }
        };
        dialed.inspect_err(|failure| {
            if failure.at_deadline {
                facts.deadline = Some(deadline);
            }
        })
    }

    /// Notes that an address has accepted a connection, and has then failed.
    pub(crate) fn note_failed(&self, address: SocketAddr) {
        if let Self::Tcp(dialer) = self {
            dialer.note_failed(address);
        }
    }

    /// The addresses of the dialled name. Fails if this crate looks up no name.
    pub(crate) async fn addresses(
        &self,
        target: Option<&DialTarget>,
        wait: WaitFor,
    ) -> Result<KnownAddresses, ResolveError> {
        match (self, target.map(DialTarget::endpoint)) {
            (Self::Tcp(dialer), Some(Endpoint::Tcp(target))) => {
                dialer.addresses(target, wait).await
            }
            _ => Err(ResolveError::not_found("no name is looked up")),
        }
    }
}

/// Connects a custom transport or a Unix socket within `deadline`.
async fn connect_stream(
    connect: impl Future<Output = Result<Box<dyn TransportIo>, BoxError>>,
    deadline: Instant,
    facts: &mut Facts,
) -> Result<DialedIo, DialFailure> {
    let started = Instant::now();
    let outcome = timeout_at(deadline, connect).await;
    facts.elapsed.dial = Some(started.elapsed());
    match outcome {
        Ok(Ok(io)) => Ok(DialedIo::Right(TokioIo::new(io))),
        Ok(Err(error)) => Err(DialFailure::connecting(error)),
        Err(_elapsed) => Err(DialFailure::timed_out(Stage::Dial)),
    }
}

/// The `Uri` with which a custom transport is called.
///
/// Its scheme is always `http`. With `https`, a transport could start TLS by itself.
#[expect(
    clippy::expect_used,
    reason = "a dial target is an authority, and the other two parts are constants"
)]
fn uri_of(target: &HostPort) -> Uri {
    Uri::builder()
        .scheme("http")
        .authority(target.to_string())
        .path_and_query("/")
        .build()
        .expect("scheme, authority and path make a URI")
}

/// The end of `deadline`, capped at 50 years so that it does not overflow.
fn after(deadline: Duration) -> Instant {
    const FAR_AWAY: Duration = Duration::from_secs(50 * 365 * 24 * 3600);
    Instant::now() + deadline.min(FAR_AWAY)
}

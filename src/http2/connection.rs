//! The connection: everything that moves frames.
//!
//! [`handshake`] writes the client's preface and returns two halves. The [`ConnectionTask`] is
//! polled by one task for the connection's whole life. [`RequestSender`]s are cloned into the tasks
//! of requests.
//!
//! The pool, not this module, decides where the future runs: no task is spawned here. When the
//! future is dropped, all streams of the connection fail.
//!
//! Order in one poll: h2 moves frames first, PINGs are looked at then. A PONG that has just arrived
//! thereby counts before its timeout does.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use h2::client::Builder;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Http2Error, RequestSender,
    activity_io::{Received, TimedIo},
    connection_state::ConnectionState,
    ping_silent_peer::{PingSettings, SilentPeerPings},
};

/// How much of a request body may wait in memory for the peer's window, in bytes.
///
/// It is h2's limit for each stream.
const MAX_SEND_BUFFER: usize = 256 * 1024;

/// How many streams are remembered after their clients have left.
///
/// What the peer sent on them before it read RST_STREAM is ignored (RFC 9113 section 5.1). On a
/// stream that is forgotten, h2 resets each such frame as an error, and ends the connection after
/// 1,024 of them. With h2's default of 50, clients that leave at once end the responses of others.
const MAX_REMEMBERED_RESETS: usize = 4096;

/// How long they are remembered: for a round trip, and what waits in the buffers of a slow path.
const REMEMBER_RESETS: Duration = Duration::from_secs(4);

/// The parameters of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Http2Parameters {
    /// The number of streams before the peer's SETTINGS arrive.
    ///
    /// RFC 9113 section 6.5.2 has no limit until the peer sends one, and recommends 100 or more. A
    /// small number avoids refused streams.
    pub(crate) initial_streams: usize,
    /// How much of a response body the peer may send before it is read, in bytes.
    ///
    /// SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 section 6.5.2).
    pub(crate) stream_window: u32,
    /// The same for all streams together.
    ///
    /// WINDOW_UPDATE frames on stream zero announce it (RFC 9113 section 6.9.2).
    pub(crate) connection_window: u32,
    /// The maximum size of a response head, in bytes.
    ///
    /// SETTINGS_MAX_HEADER_LIST_SIZE: 32 bytes are added for each field. Interim responses share
    /// one such limit.
    pub(crate) max_head: u32,
    /// How long a connection with open streams may be silent before a PING is sent.
    ///
    /// A connection without open streams sends no PING, so it costs no traffic.
    pub(crate) ping_interval: Duration,
    /// How long the answer to a PING may take.
    ///
    /// Any byte counts as an answer.
    pub(crate) ping_timeout: Duration,
}

/// Moves frames between the peer and the streams, until the connection ends.
///
/// It has to be polled, or nothing moves.
pub(crate) struct ConnectionTask<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    h2: h2::client::Connection<TimedIo<S>, Bytes>,
    /// Absent if the `PingPong` of h2 was taken already, which nothing else does.
    pings: Option<SilentPeerPings>,
    received: Arc<Received>,
    state: Arc<ConnectionState>,
}

/// Sends the client's preface and SETTINGS. Does not wait for the peer's.
///
/// # Errors
///
/// Fails if the stream fails.
///
/// Cancellation: dropping it drops the stream, on which no request was sent.
pub(crate) async fn handshake<S>(
    stream: S,
    settings: Http2Parameters,
) -> Result<(RequestSender, ConnectionTask<S>), Http2Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let received = Received::new();
    let state = Arc::new(ConnectionState::default());
    let io = TimedIo::new(stream, received.clone(), state.clone());
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_max_send_streams(settings.initial_streams)
        .initial_window_size(settings.stream_window)
        .initial_connection_window_size(settings.connection_window)
        .max_header_list_size(settings.max_head)
        .max_concurrent_reset_streams(MAX_REMEMBERED_RESETS)
        .reset_stream_duration(REMEMBER_RESETS)
        .max_send_buffer_size(MAX_SEND_BUFFER);
    let (h2, mut connection) = builder.handshake(io).await.map_err(Http2Error::H2)?;
    let ping_settings = PingSettings {
        interval: settings.ping_interval,
        timeout: settings.ping_timeout,
    };
    let ping_pong = connection.ping_pong();
    let sender = RequestSender::new(h2, state.clone(), received.clone(), settings.max_head);
    let connection = ConnectionTask {
        h2: connection,
        pings: ping_pong.map(|pong| SilentPeerPings::new(pong, ping_settings, received.clone())),
        received,
        state,
    };
    Ok((sender, connection))
}

impl<S> ConnectionTask<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Whether the peer's SETTINGS have been applied.
    ///
    /// Before that, [`max_streams`](Self::max_streams) is the configured initial number.
    pub(crate) fn has_settings(&self) -> bool {
        self.received.has_settings()
    }

    /// Whether a suspect peer has sent something since the last call.
    ///
    /// True at most once for a suspicion.
    pub(crate) fn take_recovered(&self) -> bool {
        self.received.take_recovered()
    }

    /// How many concurrent streams the peer allows (RFC 9113 section 5.1.2).
    ///
    /// It may shrink and grow while the connection is open: each SETTINGS frame replaces it.
    pub(crate) fn max_streams(&self) -> usize {
        self.h2.max_concurrent_send_streams()
    }
}

impl<S> Future for ConnectionTask<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    type Output = Result<(), Http2Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.received.wake_by_suspicion(cx);
        let mut polled = Pin::new(&mut self.h2).poll(cx).map_err(Http2Error::H2);
        let has_streams = self.state.has_streams();
        if polled.is_pending()
            && let Some(pings) = &mut self.pings
        {
            polled = pings.poll(cx, has_streams).map(Err);
        }
        if let Poll::Ready(ended) = &polled {
            if let Err(error) = ended {
                self.state.fail(error);
            }
            self.state.close();
        }
        polled
    }
}

impl<S> Drop for ConnectionTask<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn drop(&mut self) {
        self.state.close();
    }
}

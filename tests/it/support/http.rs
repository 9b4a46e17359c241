//! Serves HTTP on a connection until the client or a response closes it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::closing::Closing;
use super::raw;
use super::respond::ConnectionContext;
use super::shared::EdgeState;

/// Serves HTTP on `io`. `socket` is a second handle to its socket, for closing it.
pub(super) async fn serve<I>(io: I, socket: TcpStream, edge: Arc<EdgeState>, sni: Option<String>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = auto::Builder::new(edge.tasks.clone());
    let (closings, mut requested) = mpsc::unbounded_channel();
    let context = Arc::new(ConnectionContext {
        edge,
        sni,
        closings,
    });
    let service = service_fn(move |request| Arc::clone(&context).respond(request));
    let mut connection =
        Box::pin(builder.serve_connection_with_upgrades(TokioIo::new(io), service));
    let closing = tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        Some(closing) = requested.recv() => closing,
    };
    match closing {
        Closing::Graceful => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
        Closing::EndOfStream => {
            // In HTTP/2, another task queued the end of the body. One more poll writes it.
            poll_fn(|context| Poll::Ready(connection.as_mut().poll(context).is_ready())).await;
            drop(connection);
            raw::close(socket).await;
        }
        Closing::Reset => {
            drop(connection);
            raw::reset(socket);
        }
    }
}

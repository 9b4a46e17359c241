//! The HTTP side of an edge: serves a connection until the client or an answer ends it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::answer::Visit;
use super::edge::Shared;
use super::ending::Ending;
use super::raw;

/// Serves HTTP on `io`; `line` is a second handle on the socket beneath it, to end it with.
pub(super) async fn serve<I>(io: I, line: TcpStream, edge: Arc<Shared>, sni: Option<String>)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = auto::Builder::new(edge.tasks.clone());
    let (endings, mut called_for) = mpsc::unbounded_channel();
    let visit = Arc::new(Visit { edge, sni, endings });
    let service = service_fn(move |request| Arc::clone(&visit).answer(request));
    let mut connection =
        Box::pin(builder.serve_connection_with_upgrades(TokioIo::new(io), service));
    let ending = tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        Some(ending) = called_for.recv() => ending,
    };
    match ending {
        Ending::Graceful => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
        Ending::HangUp => {
            // In HTTP/2 another task queued the last words; one more poll puts them on the wire.
            poll_fn(|context| Poll::Ready(connection.as_mut().poll(context).is_ready())).await;
            drop(connection);
            raw::hang_up(line).await;
        }
        Ending::Reset => {
            drop(connection);
            raw::reset(line);
        }
    }
}

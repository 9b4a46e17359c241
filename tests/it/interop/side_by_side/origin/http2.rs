//! HTTP/2 over TLS, on the h2 crate.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use h2::{
    Reason, RecvStream, SendStream,
    server::{Connection, SendResponse},
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_rustls::server::TlsStream;

use super::Uploads;

/// One step of a script, which runs for each stream.
#[derive(Clone, Copy)]
pub(in super::super) enum Step {
    /// Reads the content of the request.
    Content,
    /// Sends a whole response.
    Respond(u16),
    /// Sends the head of a response with these fields, and leaves the stream open.
    SendHead(u16, &'static [(&'static str, &'static str)]),
    /// Ends the response with two bytes of content.
    End,
    /// Ends the response with two bytes of content and a trailer section.
    EndWithTrailers,
    /// Resets the first stream of a connection.
    ResetFirstStream(Reason),
    /// Sends GOAWAY, and finishes what has begun.
    GoAway,
    /// Closes the connection without GOAWAY.
    Close,
}

enum Ending {
    GoAway,
    Close,
}

pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    script: &'static [Step],
    uploads: Arc<Uploads>,
) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    let (endings, mut requested) = mpsc::unbounded_channel();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let stream = Stream {
                    number,
                    content: request.map(Some),
                    respond,
                    response: None,
                    uploads: Arc::clone(&uploads),
                    endings: endings.clone(),
                };
                tokio::spawn(stream.run(script));
                number += 1;
            }
            Some(ending) = requested.recv() => match ending {
                Ending::GoAway => connection.graceful_shutdown(),
                Ending::Close => return flush(connection).await,
            },
        }
    }
}

/// Writes what is queued before the connection is dropped.
async fn flush(mut connection: Connection<TlsStream<TcpStream>, Bytes>) {
    const MOMENT: Duration = Duration::from_millis(1);
    let _ = tokio::time::timeout(MOMENT, connection.accept()).await;
}

struct Stream {
    number: usize,
    content: Request<Option<RecvStream>>,
    respond: SendResponse<Bytes>,
    response: Option<SendStream<Bytes>>,
    uploads: Arc<Uploads>,
    endings: mpsc::UnboundedSender<Ending>,
}

impl Stream {
    async fn run(mut self, script: &'static [Step]) {
        for step in script {
            if self.step(*step).await.is_none() {
                return;
            }
        }
    }

    /// Returns `None` when the stream has ended.
    async fn step(&mut self, step: Step) -> Option<()> {
        match step {
            Step::Content => self.read_content().await,
            Step::Respond(status) => {
                self.send_head(status, &[])?;
                self.end(None)
            }
            Step::SendHead(status, fields) => self.send_head(status, fields),
            Step::End => self.end(None),
            Step::EndWithTrailers => {
                let mut trailers = HeaderMap::new();
                trailers.insert("x-sum", HeaderValue::from_static("1"));
                self.end(Some(trailers))
            }
            Step::ResetFirstStream(_) if self.number > 0 => Some(()),
            Step::ResetFirstStream(reason) => {
                self.respond.send_reset(reason);
                None
            }
            Step::GoAway => self.endings.send(Ending::GoAway).ok(),
            Step::Close => self.endings.send(Ending::Close).ok(),
        }
    }

    async fn read_content(&mut self) -> Option<()> {
        let mut content = self.content.body_mut().take()?;
        let mut size = 0;
        while let Some(part) = content.data().await {
            let length = part.ok()?.len();
            size += length;
            content.flow_control().release_capacity(length).ok()?;
        }
        self.uploads.add(size);
        Some(())
    }

    fn send_head(&mut self, status: u16, more: &[(&'static str, &'static str)]) -> Option<()> {
        let mut head = Response::new(());
        *head.status_mut() = StatusCode::from_u16(status).unwrap();
        let fields = head.headers_mut();
        fields.insert("x-origin", HeaderValue::from_static("yes"));
        for (name, value) in more {
            fields.insert(*name, HeaderValue::from_static(value));
        }
        self.response = Some(self.respond.send_response(head, false).ok()?);
        Some(())
    }

    fn end(&mut self, trailers: Option<HeaderMap>) -> Option<()> {
        let response = self.response.as_mut()?;
        let content = Bytes::from_static(b"ok");
        response.send_data(content, trailers.is_none()).ok()?;
        match trailers {
            Some(trailers) => response.send_trailers(trailers).ok(),
            None => Some(()),
        }
    }
}

//! `OriginStream`: an open connection to an origin.

use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use hyper::rt;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use crate::{
    dial::{self, DialedIo, Unread},
    error::Facts,
    tls::{RecordingIo, named},
};

use super::ConnectionInfo;

/// An open connection to an origin, with or without TLS.
///
/// It implements the I/O traits of hyper and tokio. hyper-util's client reads the negotiated `h2`
/// and the [`ConnectionInfo`] from it.
///
/// ```no_run
/// use cdn_origin::CdnOriginConnector;
/// use tower::ServiceExt;
///
/// # async fn run(connector: CdnOriginConnector) -> Result<(), cdn_origin::Error> {
/// let stream = connector.oneshot(http::Uri::default()).await?;
/// println!("{:?}", stream.info().facts().peer());
/// # Ok(())
/// # }
/// ```
pub struct OriginStream {
    io: TokioIo<OpenIo>,
    info: ConnectionInfo,
}

/// A plain or a TLS stream. A TLS session is boxed, because its state has about 1 kB.
pub(super) type OpenIo = Either<DialedIo, Box<TlsStream<RecordingIo<DialedIo>>>>;

impl OriginStream {
    pub(super) fn new(io: OpenIo, facts: Facts) -> Self {
        Self {
            io: TokioIo::new(io),
            info: ConnectionInfo::new(facts),
        }
    }

    /// Returns the facts about the connection.
    ///
    /// ```no_run
    /// use cdn_origin::CdnOriginConnector;
    /// use tower::ServiceExt;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let connector = CdnOriginConnector::builder("https://www.example.com").build()?;
    /// let stream = connector.oneshot(http::Uri::default()).await?;
    /// if let Some(session) = stream.info().facts().tls_session() {
    ///     println!("{session}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// Replaces the facts by those of later requests, so that the connection holds no two copies.
    pub(crate) fn set_info(&mut self, info: ConnectionInfo) {
        self.info = info;
    }

    pub(crate) fn negotiated_h2(&self) -> bool {
        let session = self.info.facts().tls_session();
        session.and_then(|session| session.protocol.as_deref()) == Some("h2")
    }

    /// What has arrived in the socket and was not read. The runtime may not know yet.
    pub(crate) fn unread(&self) -> Option<Unread> {
        match self.io.inner() {
            OpenIo::Left(io) => dial::unread(io),
            OpenIo::Right(tls) => dial::unread(tls.get_ref().0.get_ref()),
        }
    }

    /// Classifies and records the error of a failed read. The reader may drop it.
    fn record_error(&self, read: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        read.map_err(|error| {
            let error = named(error);
            self.info.record(&error);
            error
        })
    }

    fn tokio(self: Pin<&mut Self>) -> Pin<&mut OpenIo> {
        Pin::new(self.get_mut().io.inner_mut())
    }

    fn hyper(self: Pin<&mut Self>) -> Pin<&mut TokioIo<OpenIo>> {
        Pin::new(&mut self.get_mut().io)
    }
}

impl Connection for OriginStream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.info.clone());
        match self.negotiated_h2() {
            true => connected.negotiated_h2(),
            false => connected,
        }
    }
}

impl rt::Read for OriginStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = rt::Read::poll_read(Pin::new(&mut this.io), cx, buf);
        this.record_error(read)
    }
}

impl rt::Write for OriginStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        rt::Write::poll_write(self.hyper(), cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        rt::Write::poll_write_vectored(self.hyper(), cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        rt::Write::is_write_vectored(&self.io)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        rt::Write::poll_flush(self.hyper(), cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        rt::Write::poll_shutdown(self.hyper(), cx)
    }
}

impl AsyncRead for OriginStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(this.io.inner_mut()).poll_read(cx, buf);
        this.record_error(read)
    }
}

impl AsyncWrite for OriginStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.tokio().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.tokio().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.inner().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tokio().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tokio().poll_shutdown(cx)
    }
}

impl fmt::Debug for OriginStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginStream")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

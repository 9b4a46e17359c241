//! The test edge: a server on the loopback that behaves like the edge of a CDN.

use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use super::policy::{Behaviour, Policy, PortProtocol};
use super::record::{OpenConnection, RecordedHello, RecordedRequest};
use super::shared::EdgeState;
use super::{Authority, EdgeBuilder, handshake, http, pages, raw};

/// A running test edge, stopped on drop.
pub struct Edge {
    address: SocketAddr,
    shared: Arc<EdgeState>,
}

impl Edge {
    pub fn builder(authority: &Authority) -> EdgeBuilder {
        EdgeBuilder::new(authority)
    }

    pub(super) async fn start(policy: Policy) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port on the loopback");
        let address = listener.local_addr().expect("the address of a listener");
        let shared = Arc::new(EdgeState::new(policy));
        let tasks = shared.tasks.clone();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The requests received so far, with or without a response.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.recorder.read(|record| record.requests.clone())
    }

    /// The ClientHellos received so far.
    pub fn hellos(&self) -> Vec<RecordedHello> {
        self.shared.recorder.read(|record| record.hellos.clone())
    }

    /// The number of connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.recorder.read(|record| record.connections)
    }

    /// The number of closed connections.
    pub fn closed(&self) -> usize {
        self.shared.recorder.read(|record| record.closed)
    }

    /// Waits for at least `count` requests and returns the last of them.
    pub async fn wait_for_requests(&self, count: usize) -> RecordedRequest {
        let recorder = &self.shared.recorder;
        recorder
            .wait_until(|record| record.requests.len() >= count)
            .await;
        recorder.read(|record| record.requests[count - 1].clone())
    }

    /// Waits until at least `count` handshakes have completed or failed.
    pub async fn wait_for_handshakes(&self, count: usize) {
        let finished = |hello: &&RecordedHello| hello.resumed.is_some() || hello.failure.is_some();
        self.shared
            .recorder
            .wait_until(|record| record.hellos.iter().filter(finished).count() >= count)
            .await;
    }

    /// Waits for at least `count` ClientHellos.
    pub async fn wait_for_hellos(&self, count: usize) {
        self.shared
            .recorder
            .wait_until(|record| record.hellos.len() >= count)
            .await;
    }

    /// Waits until at least `count` connections were accepted.
    pub async fn wait_for_connections(&self, count: usize) {
        self.shared
            .recorder
            .wait_until(|record| record.connections >= count)
            .await;
    }

    /// Waits until at least `count` connections are closed.
    pub async fn wait_for_closed(&self, count: usize) {
        self.shared
            .recorder
            .wait_until(|record| record.closed >= count)
            .await;
    }

    /// Stops the edge and waits until its port and its connections are closed.
    pub async fn stop(self) {
        if let Some(panic) = self.shared.tasks.join().await {
            panic!("a task of the edge panicked: {panic}");
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let panic = self.shared.tasks.abort();
        if let Some(panic) = panic.filter(|_| !std::thread::panicking()) {
            panic!("a task of the edge panicked: {panic}");
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<EdgeState>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection to accept");
        let _ = stream.set_nodelay(true);
        let open = OpenConnection::new(&shared.recorder);
        let connection = serve(stream, Arc::clone(&shared));
        shared.tasks.spawn(async move {
            let _open = open;
            connection.await;
        });
    }
}

/// Serves one connection by the policy.
async fn serve(mut stream: TcpStream, shared: Arc<EdgeState>) {
    match shared.policy.behaviour {
        Some(Behaviour::Greeting(bytes)) => raw::send_and_stall(stream, bytes).await,
        Some(Behaviour::CloseOnAccept) => raw::close(stream).await,
        Some(Behaviour::StallInHandshake) => raw::stall(stream).await,
        Some(Behaviour::Plaintext(bytes)) => {
            raw::read_some(&mut stream).await;
            raw::send_and_close(stream, bytes).await;
        }
        Some(Behaviour::ResetInHandshake) => {
            raw::read_some(&mut stream).await;
            raw::reset(stream);
        }
        _ if shared.policy.protocol == PortProtocol::Tls => serve_tls(stream, shared).await,
        _ => {
            let socket = raw::duplicate(&stream).expect("a second handle on a socket");
            http::serve(stream, socket, shared, None).await;
        }
    }
}

async fn serve_tls(stream: TcpStream, shared: Arc<EdgeState>) {
    const HANDSHAKE_RECORD: u8 = 0x16;
    match raw::first_byte(&stream).await {
        None => return,
        Some(HANDSHAKE_RECORD) => {}
        Some(_) => {
            let page = pages::plain_http_on_tls_port();
            return raw::send_and_close(stream, page.as_bytes()).await;
        }
    }
    let socket = raw::duplicate(&stream).expect("a second handle on a socket");
    let EdgeState {
        tls,
        policy,
        recorder,
        ..
    } = &*shared;
    if let Some((early, tls)) = handshake::accept(stream, tls, policy, recorder).await {
        let sni = tls.get_ref().1.server_name().map(str::to_owned);
        let (reader, writer) = tokio::io::split(tls);
        let io = tokio::io::join(Cursor::new(early).chain(reader), writer);
        http::serve(io, socket, shared, sni).await;
    }
}

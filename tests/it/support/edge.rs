//! An edge in a box: a server on the loopback that behaves like the edge of a CDN.

use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use super::policy::{Behaviour, Policy, Speech};
use super::record::{OpenConnection, Recorder, SeenHello, SeenRequest};
use super::tasks::Tasks;
use super::{Authority, EdgeBuilder, handshake, http, pages, raw};

/// A running edge; it ends when it is dropped.
pub struct Edge {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// What the tasks of an edge share.
pub(super) struct Shared {
    pub(super) policy: Policy,
    pub(super) recorder: Recorder,
    pub(super) tasks: Tasks,
    tls: Arc<ServerConfig>,
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
        let shared = Arc::new(Shared {
            tls: handshake::config(&policy),
            policy,
            recorder: Recorder::default(),
            tasks: Tasks::default(),
        });
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

    /// The requests that arrived so far, answered or not.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.recorder.read(|record| record.requests.clone())
    }

    /// The ClientHellos that arrived so far.
    pub fn hellos(&self) -> Vec<SeenHello> {
        self.shared.recorder.read(|record| record.hellos.clone())
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.recorder.read(|record| record.connections)
    }

    /// How many connections are over.
    pub fn closed(&self) -> usize {
        self.shared.recorder.read(|record| record.closed)
    }

    /// Waits until at least this many requests have arrived, and returns the last of these.
    pub async fn wait_for_requests(&self, count: usize) -> SeenRequest {
        let recorder = &self.shared.recorder;
        recorder
            .wait_until(|record| record.requests.len() >= count)
            .await;
        recorder.read(|record| record.requests[count - 1].clone())
    }

    /// Waits until at least this many ClientHellos have led to a handshake, or to its failure.
    pub async fn wait_for_handshakes(&self, count: usize) {
        let finished = |hello: &&SeenHello| hello.resumed.is_some() || hello.failure.is_some();
        self.shared
            .recorder
            .wait_until(|record| record.hellos.iter().filter(finished).count() >= count)
            .await;
    }

    /// Waits until at least this many ClientHellos have arrived.
    pub async fn wait_for_hellos(&self, count: usize) {
        self.shared
            .recorder
            .wait_until(|record| record.hellos.len() >= count)
            .await;
    }

    /// Waits until at least this many connections were accepted.
    pub async fn wait_for_connections(&self, count: usize) {
        self.shared
            .recorder
            .wait_until(|record| record.connections >= count)
            .await;
    }

    /// Waits until at least this many connections are over.
    pub async fn wait_for_closed(&self, count: usize) {
        self.shared
            .recorder
            .wait_until(|record| record.closed >= count)
            .await;
    }

    /// Stops it and waits until its port is closed and its connections are gone.
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

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection to accept");
        let _ = stream.set_nodelay(true);
        let open = OpenConnection::new(&shared.recorder);
        let connection = receive(stream, Arc::clone(&shared));
        shared.tasks.spawn(async move {
            let _open = open;
            connection.await;
        });
    }
}

async fn receive(mut stream: TcpStream, shared: Arc<Shared>) {
    match shared.policy.behaviour {
        Some(Behaviour::Greeting(words)) => raw::say_and_stall(stream, words).await,
        Some(Behaviour::CloseOnAccept) => raw::hang_up(stream).await,
        Some(Behaviour::StallInHandshake) => raw::stall(stream).await,
        Some(Behaviour::Plaintext(words)) => {
            raw::read_some(&mut stream).await;
            raw::say_and_hang_up(stream, words).await;
        }
        Some(Behaviour::ResetInHandshake) => {
            raw::read_some(&mut stream).await;
            raw::reset(stream);
        }
        _ if shared.policy.speech == Speech::Tls => receive_tls(stream, shared).await,
        _ => {
            let line = raw::duplicate(&stream).expect("a second handle on a socket");
            http::serve(stream, line, shared, None).await;
        }
    }
}

async fn receive_tls(stream: TcpStream, shared: Arc<Shared>) {
    const HANDSHAKE_RECORD: u8 = 0x16;
    match raw::first_byte(&stream).await {
        None => return,
        Some(HANDSHAKE_RECORD) => {}
        Some(_) => {
            let page = pages::plain_http_on_tls_port();
            return raw::say_and_hang_up(stream, page.as_bytes()).await;
        }
    }
    let line = raw::duplicate(&stream).expect("a second handle on a socket");
    let Shared {
        tls,
        policy,
        recorder,
        ..
    } = &*shared;
    if let Some((early, tls)) = handshake::shake_hands(stream, tls, policy, recorder).await {
        let sni = tls.get_ref().1.server_name().map(str::to_owned);
        let (reader, writer) = tokio::io::split(tls);
        let io = tokio::io::join(Cursor::new(early).chain(reader), writer);
        http::serve(io, line, shared, sni).await;
    }
}

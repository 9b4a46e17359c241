//! Any `HTTPS` records, and any list of ECH configurations in them: an address to dial or an error.

use std::{
    cell::RefCell,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, SpkiPin, VerifyPolicy,
    connector::Timeouts,
    dial::{
        Dns, DnsCache, EgressGuard, HickoryResolver,
        hickory_resolver::{
            TokioResolver,
            config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
            net::runtime::TokioRuntimeProvider,
            proto::op::{Message, ResponseCode},
        },
    },
};
use http::Uri;
use tokio::{
    net::UdpSocket,
    runtime::{Builder, Runtime},
};
use tower::ServiceExt;

use super::{input::Input, text::assert_error};

/// A name server that answers every query with the same records, on a runtime of its own.
struct NameServer {
    runtime: Runtime,
    resolver: HickoryResolver,
    answer: Arc<Mutex<Vec<u8>>>,
}

thread_local! {
    static SERVER: RefCell<Option<NameServer>> = const { RefCell::new(None) };
}

/// The input is the number of records, and the records as on the wire. The queried name is at byte
/// 12 of the message, for the names of records that point there.
///
/// Returns `Some` if a record was used.
pub fn run(bytes: &[u8]) -> Option<()> {
    SERVER.with_borrow_mut(|server| server.get_or_insert_with(NameServer::start).resolve(bytes))
}

impl NameServer {
    fn start() -> Self {
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        let answer = Arc::new(Mutex::new(Vec::new()));
        let shared = answer.clone();
        let address = runtime.block_on(async move {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a socket");
            let address = socket.local_addr().expect("an address");
            tokio::spawn(serve(socket, shared));
            address
        });
        let resolver = {
            let _context = runtime.enter();
            resolver(address)
        };
        Self {
            runtime,
            resolver,
            answer,
        }
    }

    fn resolve(&self, bytes: &[u8]) -> Option<()> {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        let dns = Dns::default()
            .resolver(self.resolver.clone())
            .cache(DnsCache::off());
        let connector = CdnOriginConnector::builder("https://www.example.test.")
            .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
            .ech(cdn_origin::tls::Ech::from_dns())
            .dns(dns)
            .egress_guard(EgressGuard::deny_all())
            .timeouts(Timeouts::default().connect(Duration::from_secs(5)))
            .build()
            .expect("a connector");
        let error = self.runtime.block_on(connector.oneshot(Uri::default()));
        let error = error.expect_err("nothing is dialled");
        assert_error(&error);
        let mut services = error.facts().resolutions().iter();
        let service = services.find_map(|resolution| resolution.service.as_ref())?;
        assert_ne!(service.port(), Some(0));
        Some(())
    }
}

fn resolver(address: SocketAddr) -> HickoryResolver {
    let mut server = NameServerConfig::udp(address.ip());
    let mut connection = ConnectionConfig::udp();
    connection.port = address.port();
    server.connections = vec![connection];
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = Duration::from_secs(1);
    options.attempts = 0;
    HickoryResolver::from(builder.build().expect("a resolver")).https_records()
}

/// Answers queries. An answer that hickory could not read is SERVFAIL: it would wait for another.
async fn serve(socket: UdpSocket, answer: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let query = Message::from_vec(&buffer[..length]).expect("hickory's own query");
        let mut reply = query.into_response();
        let records = answer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut message = reply.to_vec().expect("a message");
        // Only the header and the question: hickory adds a record of its own (EDNS).
        let name = message[12..].iter().position(|byte| *byte == 0);
        message.truncate(12 + name.expect("the end of a name") + 1 + 4);
        message[8..12].fill(0);
        let mut input = Input(&records);
        message[7] = input.byte();
        message.extend_from_slice(input.0);
        message.truncate(4096);
        if Message::from_vec(&message).is_err() {
            reply.metadata.response_code = ResponseCode::ServFail;
            message = reply.to_vec().expect("a message");
        }
        let _ = socket.send_to(&message, peer).await;
    }
}

//! Any bytes from a client and from an origin: every wait ends, no task is left, and the origin
//! receives well-formed requests.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    connector::CdnOriginBuilder,
    tls::{
        Alpn, TlsParameters, danger,
        rustls::{
            ServerConfig,
            crypto::aws_lc_rs,
            pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        },
    },
};
use http::{Request, Response, header};
use http_body_util::Empty;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use rcgen::{CertificateParams, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{in_memory, input::Input};

/// How long a client waits for the rest of a response.
const PATIENCE: Duration = Duration::from_secs(300);

/// The input is a byte that selects the origin's protocol, the length of the pieces, and what the
/// client sends, with its length; the origin sends the rest.
///
/// Returns `Some` if the origin receives a request.
pub fn run(bytes: &[u8]) -> Option<()> {
    let mut input = Input(bytes);
    let is_http2 = input.byte() & 1 != 0;
    let piece = usize::from(input.byte()) + 1;
    let length = input.number().into();
    let request = Bytes::copy_from_slice(input.bytes(length));
    let answer = Bytes::copy_from_slice(input.0);
    let switches = answer.windows(4).any(|bytes| bytes == b" 101");
    let sent = Sent::default();
    in_memory::run(async {
        let builder = match is_http2 {
            true => http2_origin(answer, piece),
            false => http1_origin(answer, piece, sent.clone()),
        };
        let connector = builder.build().expect("a connector");
        proxied(OriginProxy::new(connector), request, piece).await;
    });
    let sent = std::mem::take(&mut *sent.0.lock().unwrap_or_else(PoisonError::into_inner));
    if switches {
        // Behind a switch of protocols, the bytes are the client's.
        return None;
    }
    let requests = sent
        .into_iter()
        .map(|bytes| in_memory::run(requests(bytes)));
    (requests.sum::<usize>() > 0).then_some(())
}

/// What the origin has received on each connection.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<Vec<u8>>>>);

fn http1_origin(answer: Bytes, piece: usize, sent: Sent) -> CdnOriginBuilder {
    let transport = in_memory::transport(move |_, mut stream| {
        let (answer, sent) = (answer.clone(), sent.clone());
        async move {
            let Some(mut received) = in_memory::read_head(&mut stream).await else {
                return;
            };
            serve(stream, &answer, piece, &mut received).await;
            sent.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(received);
        }
    });
    CdnOriginConnector::builder("http://www.example.test").transport(transport)
}

fn http2_origin(answer: Bytes, piece: usize) -> CdnOriginBuilder {
    let acceptor = TlsAcceptor::from(server_config());
    let transport = in_memory::transport(move |_, stream| {
        let (answer, acceptor) = (answer.clone(), acceptor.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, &answer, piece, &mut Vec::new()).await;
            }
        }
    });
    CdnOriginConnector::builder("https://www.example.test")
        .alpn(Alpn::Http2)
        .verify(danger::accept_any_certificate())
        .tls_parameters(TlsParameters::default().key_exchange_groups(["X25519"]))
        .transport(transport)
}

/// Sends the answer, and reads until the proxy closes.
async fn serve<S: AsyncRead + AsyncWrite>(
    stream: S,
    answer: &[u8],
    piece: usize,
    received: &mut Vec<u8>,
) {
    let (mut read, mut write) = split(stream);
    let sending = async {
        for piece in answer.chunks(piece) {
            if write.write_all(piece).await.is_err() || write.flush().await.is_err() {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    let (_, _) = tokio::join!(sending, read.read_to_end(received));
}

fn server_config() -> Arc<ServerConfig> {
    static CONFIG: OnceLock<Arc<ServerConfig>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([String::from("www.example.test")]);
        let certificate = params
            .and_then(|params| params.self_signed(&key))
            .expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("the versions of the provider")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("the key of the certificate");
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.into()
    });
    config.clone()
}

/// A client that sends these bytes to the proxy, and leaves when it has waited long enough.
async fn proxied(proxy: OriginProxy, request: Bytes, piece: usize) {
    let (near, far) = duplex(64 * 1024);
    let serving = tokio::spawn(async move {
        let builder = auto::Builder::new(TokioExecutor::new());
        let service = TowerToHyperService::new(proxy);
        let io = TokioIo::new(far);
        let _ = builder.serve_connection_with_upgrades(io, service).await;
    });
    let client = client(near, &request, piece);
    let _ = timeout(PATIENCE, client).await;
    serving.await.expect("the proxy does not panic");
}

async fn client(stream: DuplexStream, request: &[u8], piece: usize) {
    serve(stream, request, piece, &mut Vec::new()).await;
}

/// The number of requests, read by hyper's server. Fails if one of them is malformed.
async fn requests(bytes: Vec<u8>) -> usize {
    let (mut near, far) = duplex(bytes.len() + 64 * 1024);
    near.write_all(&bytes)
        .await
        .expect("the buffer is large enough");
    near.shutdown().await.expect("an open stream");
    let count = AtomicUsize::new(0);
    let service = service_fn(|request: Request<Incoming>| {
        count.fetch_add(1, Relaxed);
        let fields = request.headers();
        assert_eq!(fields.get_all(header::HOST).iter().count(), 1);
        let has_length = fields.contains_key(header::CONTENT_LENGTH);
        assert!(!has_length || !fields.contains_key(header::TRANSFER_ENCODING));
        async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) }
    });
    let served = http1::Builder::new()
        .serve_connection(TokioIo::new(far), service)
        .await;
    if let Err(error) = served {
        assert!(!error.is_parse(), "{error:?}: {}", bytes.escape_ascii());
    }
    count.into_inner()
}

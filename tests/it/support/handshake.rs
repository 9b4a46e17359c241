//! The TLS handshake: reads the ClientHello, selects by SNI, and completes or refuses.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{Acceptor, ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::policy::{Policy, SniRefusal};
use super::raw;
use super::record::{RecordedHello, Recorder};

/// Selects the certificate by the name in SNI.
#[derive(Debug)]
struct CertificateByName {
    named: HashMap<String, Arc<CertifiedKey>>,
    default: Option<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for CertificateByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.named.get(name));
        named.or(self.default.as_ref()).cloned()
    }
}

pub(super) fn config(policy: &Policy) -> Arc<ServerConfig> {
    let named = policy.certificates.iter();
    let resolver = CertificateByName {
        named: named
            .map(|(name, certified)| (name.clone(), Arc::new(certified.signing())))
            .collect(),
        default: policy
            .default_certificate
            .as_ref()
            .map(|certified| Arc::new(certified.signing())),
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&policy.tls_versions)
        .expect("versions that the provider has suites for")
        .with_client_cert_verifier(client_verifier(policy, provider))
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = policy.alpn.clone();
    match policy.early_data {
        0 => config.ticketer = aws_lc_rs::Ticketer::new().expect("a ticketer"),
        bytes => config.max_early_data_size = bytes,
    }
    Arc::new(config)
}

fn client_verifier(policy: &Policy, provider: Arc<CryptoProvider>) -> Arc<dyn ClientCertVerifier> {
    let Some(authority) = &policy.client_authority else {
        return WebPkiClientVerifier::no_client_auth();
    };
    let mut roots = RootCertStore::empty();
    roots.add(authority.root_der()).expect("a root certificate");
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .expect("a verifier of clients")
}

/// Completes the handshake, or refuses it by the policy. Returns early data and the TLS stream.
pub(super) async fn accept(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    policy: &Policy,
    recorder: &Recorder,
) -> Option<(Vec<u8>, TlsStream<TcpStream>)> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream)
        .await
        .ok()?;
    let hello = RecordedHello::new(&start.client_hello());
    let refusal = policy.refusal(hello.sni.as_deref());
    let index = recorder.hello(hello);
    if let Some(refusal) = refusal {
        refuse(start.io, refusal).await;
        return None;
    }
    match start.into_stream(Arc::clone(config)).into_fallible().await {
        Ok(mut tls) => {
            let mut early = Vec::new();
            if let Some(mut reader) = tls.get_mut().1.early_data() {
                reader.read_to_end(&mut early).expect("bytes in memory");
            }
            recorder.note(|record| {
                let hello = &mut record.hellos[index];
                hello.early = String::from_utf8_lossy(&early).into_owned();
                hello.complete(tls.get_ref().1);
            });
            Some((early, tls))
        }
        Err((error, stream)) => {
            recorder.note(|record| record.hellos[index].failure = Some(error.to_string()));
            raw::close(stream).await;
            None
        }
    }
}

async fn refuse(stream: TcpStream, refusal: SniRefusal) {
    match refusal {
        SniRefusal::Alert(number) => raw::alert(stream, number).await,
        SniRefusal::Close => raw::close(stream).await,
        SniRefusal::Reset => raw::reset(stream),
        SniRefusal::Stall => raw::stall(stream).await,
        SniRefusal::DefaultCertificate => {
            unreachable!("the default certificate completes the handshake")
        }
    }
}

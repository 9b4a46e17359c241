//! Any chain of certificates: accepted or refused, and a report that is safe to show.

use std::sync::{Arc, OnceLock};

use cdn_origin::{
    CdnOriginConnector, SpkiPin, VerifyPolicy,
    tls::{
        CertificatePin, Crls, Roots, TlsParameters, danger,
        rustls::{
            ServerConfig,
            crypto::aws_lc_rs,
            pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
            server::{ClientHello, ResolvesServerCert},
            sign::CertifiedKey,
        },
    },
};
use http::Uri;
use rcgen::KeyPair;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::{
    in_memory,
    input::{Input, choose},
    text::assert_error,
};

/// The input is a byte that selects the policy, and certificates, each with its length. The last
/// one is the root, or a list of revoked certificates, if the policy has one.
///
/// Returns `Some` if a certificate of the chain is described in the report.
pub fn run(bytes: &[u8]) -> Option<()> {
    let mut input = Input(bytes);
    let selector = input.byte();
    let mut chain = Vec::new();
    while !input.is_empty() && chain.len() < 8 {
        let length = input.number().into();
        chain.push(input.bytes(length));
    }
    let policy = policy(selector, &mut chain)?;
    chain.iter().copied().for_each(check_pins);
    let chain: Vec<_> = chain
        .into_iter()
        .map(|der| CertificateDer::from(der.to_vec()))
        .collect();
    let acceptor = TlsAcceptor::from(server(chain)?);
    let transport = in_memory::transport(move |_, stream| {
        let accepting = acceptor.accept(stream);
        async move { drop(accepting.await) }
    });
    let parameters = TlsParameters::default().key_exchange_groups(["X25519"]);
    let connector = CdnOriginConnector::builder("https://www.example.test")
        .verify(policy)
        .tls_parameters(parameters)
        .transport(transport)
        .build();
    let connector = match connector {
        Ok(connector) => connector,
        Err(error) => {
            assert!(!error.to_string().contains(super::is_dangerous), "{error}");
            return None;
        }
    };
    let error = in_memory::run(connector.oneshot(Uri::default()));
    // No input has the private key of a certificate.
    let error = error.expect_err("the key is another one");
    assert_error(&error);
    let certificate = error.facts().certificates().first()?;
    (!certificate.names().is_empty()).then_some(())
}

fn policy(selector: u8, chain: &mut Vec<&[u8]>) -> Option<VerifyPolicy> {
    let pin = SpkiPin::sha256([0; 32]);
    Some(match choose(selector, &[0, 1, 2, 3, 4, 5]) {
        0 => VerifyPolicy::roots(Roots::der(chain.pop()?)),
        1 => VerifyPolicy::pinned(pin),
        2 => danger::accept_any_certificate(),
        3 => danger::ignore_names(VerifyPolicy::roots(Roots::der(chain.pop()?))),
        4 => {
            let list = Crls::der(chain.pop()?);
            VerifyPolicy::roots(Roots::der(chain.pop()?)).crls(list)
        }
        _ => VerifyPolicy::roots(Roots::der(chain.pop()?)).and_pin(pin),
    })
}

fn check_pins(der: &[u8]) {
    let pin = CertificatePin::of_certificate(der);
    assert_eq!(pin.to_string().parse(), Ok(pin));
    if let Ok(pin) = SpkiPin::of_certificate(der) {
        assert_eq!(pin.to_string().parse(), Ok(pin));
    }
}

/// A server with this chain, and a key that does not belong to it.
fn server(chain: Vec<CertificateDer<'static>>) -> Option<Arc<ServerConfig>> {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    let key = KEY.get_or_init(|| KeyPair::generate().expect("a key"));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = aws_lc_rs::default_provider();
    let key = provider.key_provider.load_private_key(key).ok()?;
    let presented = Presented(Arc::new(CertifiedKey::new(chain, key)));
    let config = ServerConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .ok()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(presented));
    Some(Arc::new(config))
}

#[derive(Debug)]
struct Presented(Arc<CertifiedKey>);

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

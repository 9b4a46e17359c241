//! Certificates with one defect, and handshakes in memory that verify them.

use std::sync::Arc;

use cdn_origin::tls::rustls::{
    ClientConfig, ClientConnection, Connection, Error, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationList,
    CertificateRevocationListParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};

/// A certificate authority: a root or an intermediate.
pub(crate) struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Its own certificate and its issuers, without the root.
    chain: Vec<CertificateDer<'static>>,
}

impl Ca {
    pub(crate) fn root() -> Self {
        Self::root_of("Root", key())
    }

    pub(crate) fn root_of(name: &str, key: KeyPair) -> Self {
        let issuer = CertifiedIssuer::self_signed(ca_params(name), key).unwrap();
        Self {
            issuer,
            chain: Vec::new(),
        }
    }

    pub(crate) fn below(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        self.below_with(name, key(), change)
    }

    pub(crate) fn below_with(
        &self,
        name: &str,
        key: KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = ca_params(name);
        change(&mut params);
        let issuer = CertifiedIssuer::signed_by(params, key, &self.issuer).unwrap();
        let mut chain = vec![issuer.der().clone()];
        chain.extend(self.chain.iter().cloned());
        Self { issuer, chain }
    }

    /// Issues a certificate for the key, valid from 2020 to 2100, for `good.example.test` unless
    /// `change` sets otherwise.
    pub(crate) fn leaf(
        &self,
        key: &KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Vec<CertificateDer<'static>> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![dns("good.example.test")];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2100, 1, 1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        change(&mut params);
        let leaf = params.signed_by(key, &self.issuer).unwrap();
        let mut chain = vec![leaf.der().clone()];
        chain.extend(self.chain.iter().cloned());
        chain
    }

    /// Issues a certificate with these parameters.
    pub(crate) fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Certificate {
        params.signed_by(key, &self.issuer).unwrap()
    }

    /// A revocation list, valid until the year, with this serial number.
    pub(crate) fn crl(&self, serial: u64, until: i32) -> String {
        let list = self.list(serial, |it| it.next_update = date_time_ymd(until, 1, 1));
        list.pem().unwrap()
    }

    /// A revocation list with this serial number, valid until 2090 unless changed.
    pub(crate) fn list(
        &self,
        serial: u64,
        change: impl FnOnce(&mut CertificateRevocationListParams),
    ) -> CertificateRevocationList {
        let mut list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date_time_ymd(2021, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        change(&mut list);
        list.signed_by(&self.issuer).unwrap()
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}

pub(crate) fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

pub(crate) fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

pub(crate) fn uri(uri: &str) -> SanType {
    SanType::URI(uri.try_into().unwrap())
}

/// A server that presents this chain and signs with this key, even if they do not match.
pub(crate) fn server(
    chain: &[CertificateDer<'static>],
    key: &KeyPair,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let certified = Arc::new(CertifiedKey::new(chain.to_vec(), key));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(FixedCertificate(certified)));
    Arc::new(config)
}

/// Presents one certificate, whatever the SNI.
#[derive(Debug)]
struct FixedCertificate(Arc<CertifiedKey>);

impl ResolvesServerCert for FixedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// Runs a whole handshake in memory and returns the client's result.
pub(crate) fn complete_handshake(
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    name: &str,
) -> Result<ClientConnection, Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(client, name)?;
    let mut server: Connection = ServerConnection::new(server).unwrap().into();
    while client.is_handshaking() {
        let mut sent = Vec::new();
        client.write_tls(&mut sent).unwrap();
        server.read_tls(&mut &sent[..]).unwrap();
        let processed = server.process_new_packets();
        let mut reply = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut reply).unwrap();
        }
        assert!(
            !(sent.is_empty() && reply.is_empty()),
            "the handshake makes no progress: {processed:?}"
        );
        let mut reply = &reply[..];
        while !reply.is_empty() {
            client.read_tls(&mut reply).unwrap();
            client.process_new_packets()?;
        }
    }
    Ok(client)
}

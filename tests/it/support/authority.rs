//! A certificate authority for one test.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

use super::Certified;

/// The common name of the authority, as it appears in the issuer of its certificates.
pub const AUTHORITY_NAME: &str = "Edge in a Box CA";

/// An ECDSA P-256 root that only the test trusts.
#[derive(Clone)]
pub struct Authority {
    issuer: Arc<CertifiedIssuer<'static, KeyPair>>,
}

impl Authority {
    pub fn new() -> Self {
        Self::with(CertificateParams::default())
    }

    /// Creates an authority with the name of an organisation.
    pub fn of_organization(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::OrganizationName, name);
        Self::with(params)
    }

    fn with(mut params: CertificateParams) -> Self {
        params.distinguished_name.remove(DnType::CommonName);
        params
            .distinguished_name
            .push(DnType::CommonName, AUTHORITY_NAME);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2100, 1, 1);
        let key = KeyPair::generate().expect("a key pair");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a root certificate");
        Self {
            issuer: Arc::new(issuer),
        }
    }

    /// Issues a certificate for these names, which are IP addresses or DNS names.
    pub fn issue(&self, names: &[&str]) -> Certified {
        self.sign(&leaf(names, 2020, (2100, 1, 1)))
    }

    /// Issues a certificate with an RSA key.
    pub fn issue_rsa(&self, names: &[&str]) -> Certified {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key pair");
        self.sign_for(&leaf(names, 2020, (2100, 1, 1)), &key)
    }

    /// Issues a client certificate.
    pub fn issue_client(&self, name: &str) -> Certified {
        let mut params = leaf(&[name], 2020, (2100, 1, 1));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    /// Issues a client certificate that expired on 2 January 2020.
    pub fn issue_expired_client(&self, name: &str) -> Certified {
        let mut params = leaf(&[name], 2019, (2020, 1, 2));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params)
    }

    /// Issues a certificate that expired on 2 January 2020.
    pub fn issue_expired(&self, names: &[&str]) -> Certified {
        self.sign(&leaf(names, 2019, (2020, 1, 2)))
    }

    /// Issues a certificate that is valid from 1 January 2040.
    pub fn issue_not_yet_valid(&self, names: &[&str]) -> Certified {
        self.sign(&leaf(names, 2040, (2100, 1, 1)))
    }

    /// Issues a certificate with this common name, and without a subject alternative name.
    pub fn issue_by_common_name(&self, common_name: &str) -> Certified {
        let mut params = leaf(&[], 2020, (2100, 1, 1));
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        self.sign(&params)
    }

    /// A self-signed certificate.
    pub fn self_signed(names: &[&str]) -> Certified {
        Self::self_sign(&leaf(names, 2020, (2100, 1, 1)))
    }

    /// A self-signed certificate with this subject.
    pub fn self_signed_as(common_name: &str, names: &[&str]) -> Certified {
        let mut params = leaf(names, 2020, (2100, 1, 1));
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        Self::self_sign(&params)
    }

    fn self_sign(params: &CertificateParams) -> Certified {
        let key = KeyPair::generate().expect("a key pair");
        let certificate = params.self_signed(&key).expect("a self-signed certificate");
        Certified::new(&certificate, &key)
    }

    pub fn root_pem(&self) -> String {
        self.issuer.pem()
    }

    pub fn root_der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    fn sign(&self, params: &CertificateParams) -> Certified {
        self.sign_for(params, &KeyPair::generate().expect("a key pair"))
    }

    fn sign_for(&self, params: &CertificateParams, key: &KeyPair) -> Certified {
        let certificate = params
            .signed_by(key, &self.issuer)
            .expect("a signed certificate");
        Certified::new(&certificate, key)
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn leaf(names: &[&str], first_year: i32, end: (i32, u8, u8)) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let common_name = names.first().cloned().unwrap_or_default();
    let mut params = CertificateParams::new(names).expect("names that fit a certificate");
    params.distinguished_name.remove(DnType::CommonName);
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(first_year, 1, 1);
    params.not_after = date_time_ymd(end.0, end.1, end.2);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

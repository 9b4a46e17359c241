//! The certificate verifier of a connector: chain, name and pins.
//!
//! rustls has it verify the name in SNI. Where another name is expected, this verifier replaces the
//! name. webpki verifies the chain.
//!
//! One verifier serves all connections of a connector, because rustls resumes a session only under
//! the very same verifier.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::{
    error::ChainFindings,
    tls::{
        handshake::{is_stand_in, note_certificate, note_signature},
        session_store::SessionStore,
    },
};

use super::{
    chain_verifier::{ChainVerifier, PresentedCertificate},
    pin::Pins,
    san_matcher,
    self_signed::is_self_signed,
    verify_policy::NameCheck,
};

/// Verifies chain, names, pins and handshake signature of an origin.
#[derive(Clone, Debug)]
pub(in crate::tls) struct OriginVerifier {
    pub(in crate::tls) chain: Arc<ChainVerifier>,
    pub(in crate::tls) names: NameCheck,
    pub(in crate::tls) pins: Pins,
    /// The name to expect instead of the one in SNI.
    pub(in crate::tls) expected_name: Option<ServerName<'static>>,
    pub(in crate::tls) algorithms: WebPkiSupportedAlgorithms,
    /// The offered signature schemes, in order of preference.
    pub(in crate::tls) schemes: Vec<SignatureScheme>,
    /// The sessions that its handshakes begin, if they are kept.
    pub(in crate::tls) sessions: Option<Arc<SessionStore>>,
}

impl OriginVerifier {
    fn check(
        &self,
        presented: PresentedCertificate<'_>,
        server_name: &ServerName<'_>,
        findings: &mut ChainFindings,
    ) -> Result<(), Error> {
        let expected = self.expected_name.as_ref();
        let expected = expected.filter(|_| !is_stand_in(server_name));
        let name = expected.unwrap_or(server_name);
        if let Err(error) = self.chain.check(presented, name, &self.names) {
            findings.has_listed_name = self.has_listed_name(presented.end_entity);
            findings.is_trusted =
                self.chain.is_trusted_but_for(&error) || self.chain.has_root(presented.end_entity);
            findings.is_self_signed = is_self_signed(presented.end_entity, &self.algorithms);
            return Err(error);
        }
        findings.is_trusted = self.chain.checks_chains();
        self.check_names(presented.end_entity)?;
        self.check_pins(presented.end_entity).inspect_err(|_| {
            findings.has_listed_name = self.has_listed_name(presented.end_entity);
            findings.pinned_issuer = self.pins.issuer(presented.intermediates);
        })
    }

    /// Whether the policy lists names, and the certificate has one of them.
    fn has_listed_name(&self, end_entity: &CertificateDer<'_>) -> bool {
        let lists_names = matches!(self.names, NameCheck::AnyOf(_));
        lists_names && self.check_names(end_entity).is_ok()
    }

    fn check_names(&self, end_entity: &CertificateDer<'_>) -> Result<(), Error> {
        let NameCheck::AnyOf(names) = &self.names else {
            return Ok(());
        };
        match san_matcher::any_matches(names, end_entity)? {
            true => Ok(()),
            false => Err(CertificateError::NotValidForName.into()),
        }
    }

    fn check_pins(&self, end_entity: &CertificateDer<'_>) -> Result<(), Error> {
        if self.pins.is_empty() && !matches!(*self.chain, ChainVerifier::Pins) {
            return Ok(());
        }
        match self.pins.match_certificate(end_entity)? {
            true => Ok(()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    /// Refuses a scheme that was not offered, which rustls leaves to the verifier.
    fn check_scheme(&self, signature: &DigitallySignedStruct) -> Result<(), Error> {
        match self.schemes.contains(&signature.scheme) {
            true => {
                note_signature(signature.scheme);
                Ok(())
            }
            false => Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into()),
        }
    }
}

impl ServerCertVerifier for OriginVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = PresentedCertificate {
            end_entity,
            intermediates,
            ocsp_response,
            now,
        };
        let mut findings = ChainFindings::default();
        let result = self.check(presented, server_name, &mut findings);
        let certificates = std::iter::once(end_entity).chain(intermediates);
        note_certificate(certificates, server_name, result.is_ok(), findings);
        if let (Ok(()), Some(sessions)) = (&result, &self.sessions) {
            sessions.begin_with(end_entity);
        }
        result.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_scheme(signature)?;
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_scheme(signature)?;
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

//! The certificate verifier: chain, name and pins, with a name of its own choice.
//!
//! rustls verifies the name that it sent in SNI. Where another name is expected, this verifier puts that one in its place; all the
//! rest is webpki's. One verifier serves all connections of a connector, because rustls resumes a session only under the very
//! same verifier.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{SpkiPin, danger::Unverified, witness};

#[derive(Debug)]
pub(super) struct OriginVerifier {
    pub(super) judge: Judge,
    pub(super) pins: Vec<SpkiPin>,
    /// The name to expect instead of the one in SNI.
    pub(super) expected_name: Option<ServerName<'static>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
pub(super) enum Judge {
    Chain(Arc<WebPkiServerVerifier>),
    Pins,
    /// Nothing is asked; the value is the proof that the policy is a fenced one.
    Nobody(Unverified),
}

impl OriginVerifier {
    fn check(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Judge::Chain(webpki) = &self.judge {
            let name = self.expected_name.as_ref().unwrap_or(server_name);
            webpki.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)?;
        }
        self.check_pins(end_entity)?;
        Ok(ServerCertVerified::assertion())
    }

    fn check_pins(&self, end_entity: &CertificateDer<'_>) -> Result<(), Error> {
        if self.pins.is_empty() && !matches!(self.judge, Judge::Pins) {
            return Ok(());
        }
        match self.pins.contains(&SpkiPin::of(end_entity)?) {
            true => Ok(()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
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
        let verdict = self.check(end_entity, intermediates, server_name, ocsp_response, now);
        witness::judged(end_entity, verdict.is_ok());
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

//! The certificate verifier: chain, name and pins, with a name of its own choice.
//!
//! rustls verifies the name that it sent in SNI. Where another name is expected, this verifier puts
//! that one in its place; all the rest is webpki's. One verifier serves all connections of a
//! connector, because rustls resumes a session only under the very same verifier.

use rustls::{
    CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{
    judge::{Judge, Presented},
    pin::Pins,
    policy::Names,
    san, witness,
};

#[derive(Debug)]
pub(super) struct OriginVerifier {
    pub(super) judge: Judge,
    pub(super) names: Names,
    pub(super) pins: Pins,
    /// The name to expect instead of the one in SNI.
    pub(super) expected_name: Option<ServerName<'static>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// The signature schemes that are offered, in the order of preference.
    pub(super) schemes: Vec<SignatureScheme>,
}

impl OriginVerifier {
    fn check(&self, presented: Presented<'_>, server_name: &ServerName<'_>) -> Result<(), Error> {
        let expected = self.expected_name.as_ref();
        let expected = expected.filter(|_| !witness::stands_in(server_name));
        let name = expected.unwrap_or(server_name);
        self.judge.check(presented, name, &self.names)?;
        self.check_names(presented.end_entity)?;
        self.check_pins(presented.end_entity)
    }

    fn check_names(&self, end_entity: &CertificateDer<'_>) -> Result<(), Error> {
        let Names::AnyOf(names) = &self.names else {
            return Ok(());
        };
        match san::any_matches(names, end_entity)? {
            true => Ok(()),
            false => Err(CertificateError::NotValidForName.into()),
        }
    }

    fn check_pins(&self, end_entity: &CertificateDer<'_>) -> Result<(), Error> {
        if self.pins.is_empty() && !matches!(self.judge, Judge::Pins) {
            return Ok(());
        }
        match self.pins.hold(end_entity)? {
            true => Ok(()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    /// rustls leaves it to the verifier to refuse a scheme that was not offered.
    fn check_scheme(&self, signature: &DigitallySignedStruct) -> Result<(), Error> {
        match self.schemes.contains(&signature.scheme) {
            true => {
                witness::signed(signature.scheme);
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
        let presented = Presented {
            end_entity,
            intermediates,
            ocsp_response,
            now,
        };
        let verdict = self.check(presented, server_name);
        witness::judged(end_entity, intermediates, server_name, verdict.is_ok());
        verdict.map(|()| ServerCertVerified::assertion())
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

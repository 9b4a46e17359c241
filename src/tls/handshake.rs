//! The handshake, and what is learnt from it whether it succeeds or not.

use std::{io, time::Duration};

use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower::BoxError;

use crate::{
    error::{
        CertificateProblem, EarlyData, EchAnswer, EchProblem, EchStatus, ErrorKind, Facts,
        PeerCertificate, SpeaksTls, TlsSession, TlsVersion,
    },
    name::{ExpectedName, Sni},
};

use super::{
    Beneath, Hello, TlsClient, client::name_for_rustls, explain::explain, iana,
    rejection::Rejection, witness::Witness,
};

/// Why there is no TLS: what kind of failure, and what lies beneath it.
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) source: Option<BoxError>,
    /// What came with the rejection of an encrypted hello, if that is what it is.
    pub(super) rejection: Option<Rejection>,
}

impl Refusal {
    pub(super) fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            source: None,
            rejection: None,
        }
    }
}

impl TlsClient {
    /// Does the handshake within `deadline` and adds to `facts` what it sees.
    pub(crate) async fn handshake<IO>(
        &self,
        hello: &Hello,
        sni: &Sni,
        expected_name: &ExpectedName,
        io: IO,
        deadline: Duration,
        facts: &mut Facts,
    ) -> Result<TlsStream<Beneath<IO>>, Refusal>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        facts.offer = Some(self.offer_of(hello));
        facts.ech.clone_from(&hello.offer);
        facts.client_identity = self.has_identity;
        facts.alternatives = self.alternatives.clone();
        let config = self.config_for(Some(sni), hello).map_err(|error| Refusal {
            source: Some(error.into()),
            ..Refusal::new(ErrorKind::TlsProtocol)
        })?;
        let io = Beneath::new(io);
        let first_bytes = io.first_bytes();
        let name = name_for_rustls(sni, expected_name);
        let witness = Witness::of(name.clone());
        let connector = TlsConnector::from(config);
        let mut said_early = Ok(false);
        let connect = connector.connect_with(name, io, |connection| {
            said_early = self.say_early(connection);
        });
        // Nothing has been sent yet.
        let said_early = said_early.map_err(|error| self.refuse(error, &[], facts))?;
        let outcome = tokio::time::timeout(deadline, witness.during(connect)).await;
        if let Some((chain, accepted)) = witness.judged() {
            facts.chain = chain;
            facts.accepted = accepted;
        }
        facts.client_certificate = witness.client_certificate();
        if let Some(public_name) = hello.public_name() {
            facts.note_ech(witness.ech_answer(public_name));
        }
        let refusal = match outcome {
            Ok(Ok(stream)) => return self.accept(stream, (hello, said_early), &witness, facts),
            Ok(Err(error)) => self.refuse(error, first_bytes.get(), facts),
            Err(_elapsed) => {
                facts.deadline = Some(deadline);
                Refusal::new(ErrorKind::TimedOut)
            }
        };
        facts.first_bytes = first_bytes.get().to_vec();
        Err(refusal)
    }

    fn accept<IO>(
        &self,
        stream: TlsStream<Beneath<IO>>,
        (hello, said_early): (&Hello, bool),
        witness: &Witness,
        facts: &mut Facts,
    ) -> Result<TlsStream<Beneath<IO>>, Refusal> {
        let (_, connection) = stream.get_ref();
        let mut session = session(connection, hello.outcome, witness);
        session.early_data = match (said_early, connection.is_early_data_accepted()) {
            (false, _) => EarlyData::NotSent,
            (true, true) => EarlyData::Accepted,
            (true, false) => EarlyData::Rejected,
        };
        facts.session = Some(session);
        facts.note_ech(EchAnswer::Accepted);
        facts.accepted = true;
        // In a resumed session nothing is judged: the certificates are those of the first
        // handshake.
        let presented = connection.peer_certificates().unwrap_or_default();
        let (chain, end) = self.chains.note(presented, self.expiry_notice);
        facts.chain = chain;
        if let (Some(sessions), Some(end)) = (&self.sessions, end) {
            sessions.begin_with(end);
        }
        if !self.alpn.accepts(connection.alpn_protocol()) {
            return Err(Refusal::new(ErrorKind::ProtocolNotNegotiated));
        }
        Ok(stream)
    }

    fn refuse(&self, error: io::Error, first_bytes: &[u8], facts: &mut Facts) -> Refusal {
        let explained = explain(&error);
        facts.alert = explained.alert;
        // A peer that says less than a TLS record header ends in a bare end of stream.
        let kind = match first_bytes.first() {
            Some(_) if !SpeaksTls::is_said_by(first_bytes) => ErrorKind::NotTls,
            _ => explained.kind,
        };
        let is_self_signed = |leaf: &PeerCertificate| leaf.is_self_issued() && !leaf.is_version_1();
        let self_signed = facts.certificate().is_some_and(is_self_signed);
        let kind = match kind {
            // webpki says "CA used as end entity" of a self-signed certificate that is marked as a
            // CA.
            ErrorKind::Certificate(CertificateProblem::Rejected) if self_signed => {
                ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
            }
            // The chain was good: it is the signature of the handshake itself that is not.
            ErrorKind::Certificate(CertificateProblem::UnknownIssuer) if facts.accepted => {
                ErrorKind::Certificate(CertificateProblem::KeyNotProven)
            }
            kind => kind,
        };
        if kind == ErrorKind::Ech(EchProblem::Rejected) {
            facts.note_ech(EchAnswer::Rejected);
        }
        Refusal {
            kind,
            rejection: explained.rejection(),
            source: Some(explained.unwrapped(error)),
        }
    }
}

fn session(connection: &ClientConnection, ech: EchStatus, witness: &Witness) -> TlsSession {
    TlsSession {
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => TlsVersion::V1_2,
            _ => TlsVersion::V1_3,
        },
        cipher_suite: connection
            .negotiated_cipher_suite()
            .map_or("unknown", |suite| iana::cipher_suite(suite.suite())),
        protocol: connection
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned()),
        group: connection
            .negotiated_key_exchange_group()
            .map(|group| iana::group(group.name())),
        signature_scheme: witness.scheme().map(iana::signature_scheme),
        ech,
        resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        early_data: EarlyData::NotSent,
    }
}

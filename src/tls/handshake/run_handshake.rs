//! Runs one handshake and gathers its facts, whether it succeeds or not.

use std::{io, time::Duration};

use futures_util::TryFutureExt;
use rustls::{ClientConnection, HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    error::{
        CertificateProblem, EarlyData, EchAnswer, EchOffer, EchStatus, ErrorKind, Facts,
        PeerCertificate, PeerText, SpeaksTls, TlsSession, TlsVersion,
    },
    name::{ExpectedName, Sni},
    tls::{
        TlsClient,
        early_data::EarlyWrite,
        ech::{EchRejection, HelloPlan},
        iana_names,
        io::RecordingIo,
        server_name::name_for_rustls,
    },
};

use super::{
    HandshakeFailure,
    explain_error::{explain, named},
    handshake_observer::HandshakeObserver,
};

/// One handshake with an origin.
pub(crate) struct Handshake<'a> {
    pub(crate) client: &'a TlsClient,
    pub(crate) hello: &'a HelloPlan,
    pub(crate) sni: &'a Sni,
    pub(crate) expected_name: &'a ExpectedName,
    pub(crate) deadline: Duration,
}

impl Handshake<'_> {
    /// Does the handshake over `io` and adds what it observes to `facts`.
    pub(crate) async fn run<IO>(
        &self,
        io: IO,
        facts: &mut Facts,
    ) -> Result<Box<TlsStream<RecordingIo<IO>>>, HandshakeFailure>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.note_offer(facts);
        let config = self.client.config_for(Some(self.sni), self.hello);
        let config = config.map_err(|error| HandshakeFailure {
            source: Some(error.into()),
            ..HandshakeFailure::new(ErrorKind::TlsProtocol)
        })?;
        let io = RecordingIo::new(io);
        let first_bytes = io.first_bytes();
        let name = name_for_rustls(self.sni, self.expected_name);
        let observer = HandshakeObserver::new(name.clone());
        let mut early = Ok(EarlyWrite::Nothing);
        let connect = TlsConnector::from(config).connect_with(name, io, |connection| {
            early = self.client.early.write_to(connection);
        });
        // Boxed here: each future around it would move it once more.
        let connect = connect.map_ok(Box::new);
        // rustls has sent nothing yet.
        let early = early.map_err(|error| failure(error, &[], facts))?;
        let result = tokio::time::timeout(self.deadline, observer.observe(connect)).await;
        self.note_observed(&observer, facts);
        let failure = match result {
            Ok(Ok(stream)) => return self.finish(stream, early, &observer, facts),
            Ok(Err(error)) => {
                let failure = failure(error, first_bytes.get(), facts);
                if failure.kind == ErrorKind::Certificate(CertificateProblem::UnknownIssuer) {
                    facts.trusted.clone_from(&self.client.trusted);
                }
                failure
            }
            Err(_elapsed) => {
                facts.deadline = Some(self.deadline);
                HandshakeFailure::new(ErrorKind::TimedOut)
            }
        };
        facts.first_bytes = first_bytes.get().to_vec();
        Err(failure)
    }

    fn note_offer(&self, facts: &mut Facts) {
        facts.offer = Some(self.client.offer_of(self.hello));
        facts.ech.clone_from(&self.hello.offer);
        facts.client_identity = self.client.has_identity;
        facts.alternatives = self.client.alternatives.clone();
    }

    fn note_observed(&self, observer: &HandshakeObserver, facts: &mut Facts) {
        if let Some(observed) = observer.certificates() {
            facts.chain = observed.chain;
            facts.accepted = observed.accepted;
            facts.findings = observed.findings;
        }
        facts.client_certificate = observer.client_certificate();
        if let Some(public_name) = self.hello.public_name() {
            facts.note_ech(observer.ech_answer(public_name));
        }
    }

    /// The facts of a handshake that succeeded, and the checks that rustls leaves to its caller.
    fn finish<IO>(
        &self,
        mut stream: Box<TlsStream<RecordingIo<IO>>>,
        early: EarlyWrite,
        observer: &HandshakeObserver,
        facts: &mut Facts,
    ) -> Result<Box<TlsStream<RecordingIo<IO>>>, HandshakeFailure> {
        let client = self.client;
        let (io, connection) = stream.get_mut();
        io.stop_recording();
        let mut session = session(connection, self.hello.outcome, observer);
        session.early_data = match (early, connection.is_early_data_accepted()) {
            (EarlyWrite::Nothing, _) => EarlyData::NotSent,
            (EarlyWrite::All, true) => EarlyData::Accepted,
            (EarlyWrite::All, false) => EarlyData::Rejected,
        };
        facts.session = Some(session);
        facts.note_ech(EchAnswer::Accepted);
        facts.accepted = true;
        // A resumed session presents no certificate: rustls has those of the first handshake.
        let presented = connection.peer_certificates().unwrap_or_default();
        facts.chain = client.chains.note(presented, client.expiry_notice);
        if !client.alpn.accepts(connection.alpn_protocol()) {
            return Err(HandshakeFailure::new(ErrorKind::ProtocolNotNegotiated));
        }
        Ok(stream)
    }
}

/// Turns an error of rustls or of the stream into a failure, and notes what it shows.
fn failure(error: io::Error, first_bytes: &[u8], facts: &mut Facts) -> HandshakeFailure {
    let error = named(error);
    let explained = explain(&error);
    facts.alert = explained.alert;
    facts.findings.broken_rule = explained.broken_rule;
    // A peer that sends less than a TLS record header ends in a bare end of stream.
    let kind = match first_bytes.first() {
        Some(_) if !SpeaksTls::is_start_of(first_bytes) => ErrorKind::NotTls,
        _ => explained.kind,
    };
    let is_self_signed = facts.findings.is_self_signed
        && !facts
            .certificate()
            .is_some_and(PeerCertificate::is_version_1);
    let is_rejection = facts.ech.as_ref().is_some_and(EchOffer::is_rejected);
    let kind = match kind {
        // The certificate was verified for the public name of ECH, not for a name of the origin.
        ErrorKind::Certificate(_) if is_rejection => ErrorKind::EchUnproven,
        // webpki reports "CA used as end entity" for a self-signed certificate that is marked as a
        // CA, before it looks for a root.
        ErrorKind::Certificate(CertificateProblem::Rejected)
            if is_self_signed && !facts.findings.is_trusted =>
        {
            ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
        }
        // The chain was accepted: the bad signature is that of the handshake itself.
        ErrorKind::Certificate(CertificateProblem::UnknownIssuer) if facts.accepted => {
            ErrorKind::Certificate(CertificateProblem::KeyNotProven)
        }
        kind => kind,
    };
    if kind == ErrorKind::EchRejected {
        facts.note_ech(EchAnswer::Rejected);
    }
    HandshakeFailure {
        kind,
        rejection: explained.tls.as_ref().and_then(EchRejection::in_error),
        source: Some(explained.unwrapped(error)),
    }
}

/// The length of the longest name in ALPN (RFC 7301 section 3.1).
const LONGEST_PROTOCOL: usize = 255;

fn session(
    connection: &ClientConnection,
    ech: EchStatus,
    observer: &HandshakeObserver,
) -> TlsSession {
    TlsSession {
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => TlsVersion::V1_2,
            _ => TlsVersion::V1_3,
        },
        cipher_suite: connection
            .negotiated_cipher_suite()
            .map_or("unknown", |suite| iana_names::cipher_suite(suite.suite())),
        protocol: connection
            .alpn_protocol()
            .map(|name| PeerText::new(String::from_utf8_lossy(name), LONGEST_PROTOCOL).into()),
        group: connection
            .negotiated_key_exchange_group()
            .map(|group| iana_names::group(group.name())),
        signature_scheme: observer
            .signature_scheme()
            .map(iana_names::signature_scheme),
        ech,
        resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
        early_data: EarlyData::NotSent,
    }
}

//! `LoadedTls`: TLS settings whose files were read, and the clients that are made of them.

use std::{sync::Arc, time::Duration};

use rustls::client::Resumption as RustlsResumption;

use crate::name::ExpectedName;

use super::{TlsClient, resumption::Resumption, server_name::server_name, verify::OriginVerifier};

/// TLS settings whose roots, revocation lists, certificates and keys were read.
///
/// Its clients differ in the expected name, and each has sessions of its own: a session relies on
/// the name that was verified.
pub(crate) struct LoadedTls {
    /// A client that expects the name in SNI and keeps no session.
    template: TlsClient,
    resumption: Resumption,
    /// How long after its end a certificate is accepted.
    grace: Duration,
}

impl LoadedTls {
    pub(super) fn new(template: TlsClient, resumption: Resumption, grace: Duration) -> Self {
        Self {
            template,
            resumption,
            grace,
        }
    }

    /// A client that expects this name, or else the name in SNI. It has no session yet.
    pub(crate) fn client(&self, expected_name: Option<&ExpectedName>) -> TlsClient {
        let sessions = self.resumption.store(self.grace);
        let verifier = Arc::new(OriginVerifier {
            expected_name: expected_name.map(server_name),
            sessions: sessions.clone(),
            ..OriginVerifier::clone(&self.template.verifier)
        });
        let configs = self.template.configs.changed(|config| {
            let verifier = verifier.clone();
            config.dangerous().set_certificate_verifier(verifier);
            if let Some(sessions) = &sessions {
                config.resumption = RustlsResumption::store(sessions.clone());
            }
        });
        TlsClient {
            configs,
            verifier,
            sessions,
            ..self.template.clone()
        }
    }
}

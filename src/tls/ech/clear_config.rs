//! The configuration of a ClientHello in the clear.

use std::sync::Arc;

use rustls::ClientConfig;

use crate::tls::verify::OriginVerifier;

/// A configuration without ECH, and its verifier, which rustls does not give back.
#[derive(Clone, Copy)]
pub(in crate::tls) struct ClearConfig<'a> {
    pub(in crate::tls) config: &'a Arc<ClientConfig>,
    #[cfg_attr(not(feature = "ech"), expect(dead_code, reason = "only ECH needs it"))]
    pub(in crate::tls) verifier: &'a Arc<OriginVerifier>,
}

//! The TLS handshake, and the facts gathered while it runs.

mod chain_cache;
mod client_cert_observer;
mod explain_error;
mod handshake_failure;
mod handshake_observer;
mod run_handshake;

pub(crate) use explain_error::{TlsFailure, alert_in_text, explain, named};
pub(crate) use handshake_failure::HandshakeFailure;
pub(crate) use run_handshake::Handshake;

pub(super) use chain_cache::ChainCache;
pub(super) use client_cert_observer::ClientCertObserver;
pub(super) use handshake_observer::{is_stand_in, note_certificate, note_signature};

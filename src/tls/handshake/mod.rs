//! The TLS handshake, and the facts gathered while it runs.

mod chain_cache;
mod client_cert_observer;
mod explain_error;
mod failure;
mod observer;
mod run;

pub(crate) use explain_error::{TlsFailure, explain, named};
pub(crate) use failure::HandshakeFailure;
pub(crate) use run::Handshake;

pub(super) use chain_cache::ChainCache;
pub(super) use client_cert_observer::ClientCertObserver;
pub(super) use observer::{is_stand_in, note_certificate, note_signature};

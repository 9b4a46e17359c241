//! A configuration of Encrypted ClientHello that can be used.

use std::sync::Arc;

use rustls::{
    Error,
    client::{EchConfig, EchMode},
    crypto::hpke::Hpke,
};
use rustls_pki_types::EchConfigListBytes;

use super::rejection::public_name;

/// A configuration by which a hello can be encrypted.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    pub(super) mode: EchMode,
    /// The name that stands in the clear.
    pub(super) public_name: Arc<str>,
}

impl Configuration {
    /// The first of this list that can be used, as rustls chooses.
    pub(super) fn read(list: &[u8], suites: &[&'static dyn Hpke]) -> Result<Self, Error> {
        let read = |list: &[u8]| EchConfig::new(EchConfigListBytes::from(list), suites);
        let mode = read(list)?.into();
        let public_name = public_name(list, |one| read(one).is_ok());
        Ok(Self {
            mode,
            public_name: public_name.unwrap_or_default().into(),
        })
    }
}

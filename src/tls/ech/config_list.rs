//! An `ECHConfigList` and the configuration in it that is used.

use std::sync::Arc;

use rustls::{Error, client::EchConfig, crypto::hpke::Hpke};
use rustls_pki_types::EchConfigListBytes;

use crate::error::{EchAnswer, EchOffer, EchStatus};

use super::{HelloEncryption, HelloPlan, rejection::public_name};

/// A configuration that rustls can encrypt a ClientHello with.
#[derive(Clone, Debug)]
pub(super) struct EchConfiguration {
    pub(super) encryption: HelloEncryption,
    /// The name that is sent in the clear.
    public_name: Arc<str>,
}

impl EchConfiguration {
    /// The first configuration of this list that is usable, as rustls chooses.
    pub(super) fn read(list: &[u8], suites: &[&'static dyn Hpke]) -> Result<Self, Error> {
        let read = |list: &[u8]| EchConfig::new(EchConfigListBytes::from(list), suites);
        let encryption = HelloEncryption::new(read(list)?);
        let public_name = public_name(list, |one| read(one).is_ok());
        Ok(Self {
            encryption,
            public_name: public_name.unwrap_or_default().into(),
        })
    }

    /// The first hello on a connection.
    pub(super) fn first_hello(self) -> HelloPlan {
        self.hello(EchStatus::Accepted, EchOffer::Encrypted)
    }

    /// The hello after the origin rejected another configuration.
    pub(super) fn retry_hello(self) -> HelloPlan {
        self.hello(EchStatus::AcceptedOnRetry, EchOffer::EncryptedAgain)
    }

    fn hello(
        self,
        outcome: EchStatus,
        offer: impl FnOnce(Arc<str>, EchAnswer) -> EchOffer,
    ) -> HelloPlan {
        HelloPlan {
            encryption: Some(self.encryption),
            outcome,
            offer: Some(offer(self.public_name, EchAnswer::Unknown)),
        }
    }
}

//! The plan for one ClientHello: in the clear, with GREASE, or encrypted.

use crate::error::{EchOffer, EchStatus};

use super::HelloEncryption;

/// How one ClientHello is sent, and the facts to report about it.
#[derive(Clone, Debug)]
pub(crate) struct HelloPlan {
    /// `None` sends it in the clear.
    pub(in crate::tls) encryption: Option<HelloEncryption>,
    /// What the session reports if the handshake succeeds.
    pub(in crate::tls) outcome: EchStatus,
    /// What the connection's facts report in any case.
    pub(in crate::tls) offer: Option<EchOffer>,
}

impl HelloPlan {
    pub(in crate::tls) fn clear(outcome: EchStatus) -> Self {
        Self {
            encryption: None,
            outcome,
            offer: match outcome {
                EchStatus::Disabled => Some(EchOffer::Disabled),
                EchStatus::Unusable => Some(EchOffer::Unusable),
                _ => None,
            },
        }
    }

    /// GREASE: the name in SNI is in the clear, beside random bytes.
    #[cfg(feature = "ech")]
    pub(super) fn greased(encryption: HelloEncryption) -> Self {
        Self {
            encryption: Some(encryption),
            outcome: EchStatus::Greased,
            offer: Some(EchOffer::Greased),
        }
    }

    /// The name in the clear where the one in SNI is encrypted.
    pub(in crate::tls) fn public_name(&self) -> Option<&str> {
        self.offer.as_ref()?.public_name()
    }
}

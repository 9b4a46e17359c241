//! Which ClientHello is sent: the first one, and the one after a rejection (RFC 9849 section
//! 6.1.6).

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{ClientConfig, ClientConnection, Error, client::EchMode, crypto::hpke::Hpke};
use rustls_pki_types::ServerName;

use crate::{
    error::{
        BuildProblem, EchAnswer, EchOffer, EchProblem, EchStatus, ErrorKind, TlsOffer, TlsVersion,
    },
    name::{Sni, SniOmission},
};

use super::{Refusal, TlsClient, ech::unusable, ech_config::Configuration, rejection::Rejection};

/// How a ClientHello is sent, and what is to be told of it if the handshake succeeds.
#[derive(Clone, Debug)]
pub(crate) struct Hello {
    mode: Option<EchMode>,
    pub(super) outcome: EchStatus,
    /// What is to be told of it in any case.
    pub(super) offer: Option<EchOffer>,
}

impl Hello {
    fn plain(outcome: EchStatus) -> Self {
        Self {
            mode: None,
            outcome,
            offer: match outcome {
                EchStatus::Disabled => Some(EchOffer::Disabled),
                EchStatus::Unusable => Some(EchOffer::Unusable),
                _ => None,
            },
        }
    }

    pub(super) fn greased(mode: EchMode) -> Self {
        Self {
            mode: Some(mode),
            outcome: EchStatus::Greased,
            offer: Some(EchOffer::Greased),
        }
    }

    /// The name in the clear, where the one in SNI is not.
    pub(super) fn public_name(&self) -> Option<&str> {
        self.offer.as_ref()?.public_name()
    }

    pub(super) fn encrypted(with: Configuration, outcome: EchStatus) -> Self {
        let offer = match outcome {
            EchStatus::AcceptedOnRetry => EchOffer::EncryptedAgain,
            _ => EchOffer::Encrypted,
        };
        Self {
            mode: Some(with.mode),
            outcome,
            offer: Some(offer(with.public_name, EchAnswer::Unknown)),
        }
    }
}

/// What the builder said about ECH, ready for use.
pub(super) struct Plan {
    first: First,
    otherwise: Otherwise,
    rejections: Rejections,
    suites: Vec<&'static dyn Hpke>,
    /// The last list that DNS told, and what it amounts to: a list is looked at once, and no more
    /// than one is kept.
    told: Mutex<Option<(Vec<u8>, Option<Configuration>)>>,
}

#[derive(Debug)]
pub(super) enum First {
    Given(Hello),
    /// As the record says; the sample serves to try things out.
    Dns {
        sample: EchMode,
    },
}

/// What is done where there is no configuration.
#[derive(Debug)]
pub(super) enum Otherwise {
    Plain,
    Greased(EchMode),
    Refused,
}

/// Whether it takes a certificate to reject.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Rejections {
    Believed,
    Doubted,
}

impl Plan {
    pub(super) fn new(
        first: First,
        otherwise: Otherwise,
        rejections: Rejections,
        suites: Vec<&'static dyn Hpke>,
    ) -> Self {
        Self {
            first,
            otherwise,
            rejections,
            suites,
            told: Mutex::default(),
        }
    }

    fn without_configuration(&self, why: EchStatus) -> Result<Hello, Refusal> {
        match &self.otherwise {
            Otherwise::Plain => Ok(Hello::plain(why)),
            Otherwise::Greased(mode) => Ok(Hello::greased(mode.clone())),
            Otherwise::Refused => Err(Refusal::new(ErrorKind::Ech(EchProblem::Unavailable))),
        }
    }
}

impl TlsClient {
    /// The first hello with this SNI. `told` is what the `HTTPS` record says of ECH.
    pub(crate) fn first_hello(&self, sni: &Sni, told: Option<&[u8]>) -> Result<Hello, Refusal> {
        let Some(plan) = &self.ech else {
            return Ok(Hello::plain(EchStatus::NotSent));
        };
        if let First::Given(hello) = &plan.first {
            return Ok(hello.clone());
        }
        // Without a name in SNI there is nothing to hide.
        let told = told.filter(|list| !list.is_empty() && matches!(sni, Sni::Send(_)));
        let Some(list) = told else {
            return plan.without_configuration(EchStatus::NotSent);
        };
        match self.told(plan, list) {
            Some(found) => Ok(Hello::encrypted(found, EchStatus::Accepted)),
            None => plan.without_configuration(EchStatus::Unusable),
        }
    }

    /// The hello after this refusal, if another one helps and is allowed.
    pub(crate) fn second_hello(&self, refusal: &Refusal) -> Option<Hello> {
        let rejection = refusal.rejection.as_ref()?;
        let plan = self.ech.as_ref()?;
        if plan.rejections == Rejections::Doubted {
            return None;
        }
        match (rejection, &plan.otherwise) {
            (Rejection::Replaced(list), _) => {
                let found = self.usable(plan, list)?;
                Some(Hello::encrypted(found, EchStatus::AcceptedOnRetry))
            }
            (Rejection::Disabled, Otherwise::Refused) => None,
            (Rejection::Disabled, _) => Some(Hello::plain(EchStatus::Disabled)),
        }
    }

    /// What this list of the record's amounts to.
    fn told(&self, plan: &Plan, list: &[u8]) -> Option<Configuration> {
        let mut told = plan.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, found)) = &*told
            && known == list
        {
            return found.clone();
        }
        let found = self.usable(plan, list);
        *told = Some((list.to_vec(), found.clone()));
        found
    }

    fn usable(&self, plan: &Plan, list: &[u8]) -> Option<Configuration> {
        let found = Configuration::read(list, &plan.suites);
        let tried = found.and_then(|found| self.try_out(found.mode.clone()).map(|()| found));
        let noted = tried.inspect_err(|error| tracing::debug!(%error, "an ECH configuration"));
        noted.ok()
    }

    /// Whether what the builder was told can be used.
    pub(super) fn check_ech(&self) -> Result<(), BuildProblem> {
        let Some(plan) = &self.ech else {
            return Ok(());
        };
        let mode = match &plan.first {
            First::Given(hello) => hello.mode.clone(),
            First::Dns { sample } => Some(sample.clone()),
        };
        let tried = mode.map_or(Ok(()), |mode| self.try_out(mode));
        tried.map_err(|error| unusable(&error))
    }

    /// Encrypts a hello to nobody, so that a key that cannot be used is noticed before anybody
    /// waits.
    fn try_out(&self, mode: EchMode) -> Result<(), Error> {
        let Ok(nobody) = ServerName::try_from("nobody.invalid") else {
            return Ok(());
        };
        let config = self.with_mode(self.config(None), mode)?;
        ClientConnection::new(config.into(), nobody).map(|_| ())
    }

    /// The configuration for this SNI, or for one that is not settled yet, as far as it goes
    /// without DNS.
    pub(crate) fn config_without_dns(&self, sni: Option<&Sni>) -> Option<Arc<ClientConfig>> {
        let unsettled = Sni::Omit(SniOmission::Requested);
        let hello = self.first_hello(sni.unwrap_or(&unsettled), None).ok()?;
        self.config_for(sni, &hello).ok()
    }

    /// The configuration for this SNI and hello. There is one for each connection with ECH: rustls
    /// takes the mode where a configuration begins, and what else it takes is cheaper to share than
    /// to keep.
    pub(super) fn config_for(
        &self,
        sni: Option<&Sni>,
        hello: &Hello,
    ) -> Result<Arc<ClientConfig>, Error> {
        let plain = self.config(sni);
        match &hello.mode {
            None => Ok(plain.clone()),
            Some(mode) => self.with_mode(plain, mode.clone()).map(Arc::new),
        }
    }

    /// The same configuration with ECH: same verifier, identity and sessions, so that sessions are
    /// resumed with and without it.
    fn with_mode(&self, plain: &ClientConfig, mode: EchMode) -> Result<ClientConfig, Error> {
        let mut config = ClientConfig::builder_with_provider(plain.crypto_provider().clone())
            .with_ech(mode)?
            .dangerous()
            .with_custom_certificate_verifier(self.verifier.clone())
            .with_client_cert_resolver(plain.client_auth_cert_resolver.clone());
        config.alpn_protocols.clone_from(&plain.alpn_protocols);
        config.resumption = plain.resumption.clone();
        config.max_fragment_size = plain.max_fragment_size;
        config.enable_sni = plain.enable_sni;
        config.key_log = plain.key_log.clone();
        config.require_ems = plain.require_ems;
        config
            .cert_decompressors
            .clone_from(&plain.cert_decompressors);
        Ok(config)
    }

    /// What this hello offers.
    pub(super) fn offer_of(&self, hello: &Hello) -> TlsOffer {
        match &hello.mode {
            None => self.offer,
            Some(_) => TlsOffer {
                oldest: TlsVersion::V1_3,
                newest: TlsVersion::V1_3,
                ..self.offer
            },
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("first", &self.first)
            .field("otherwise", &self.otherwise)
            .field("rejections", &self.rejections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{Ech, Parameters, SpkiPin, TlsSettings, VerifyPolicy};

    #[test]
    fn a_configuration_with_ech_differs_in_nothing_else() {
        #[derive(Debug)]
        struct Log;
        impl rustls::KeyLog for Log {
            fn log(&self, _: &str, _: &[u8], _: &[u8]) {}
        }
        let settings = TlsSettings {
            verify: VerifyPolicy::pinned(SpkiPin::sha256([0; 32])),
            ech: Some(Ech::grease()),
            parameters: Parameters {
                record_size: Some(1024),
                key_log: Some(Arc::new(Log)),
                master_secret: crate::tls::MasterSecret::Extended,
                ..Parameters::default()
            },
            ..TlsSettings::default()
        };
        let client = settings.build(None, &mut Vec::new()).expect("a client");
        let unsettled = Sni::Omit(SniOmission::Requested);
        for sni in [None, Some(&unsettled)] {
            let greased = client.config_without_dns(sni).expect("a configuration");
            let plain = format!("{:?}", client.config(sni));
            let (start, end) = plain.split_once("ech_mode: None").expect("none");
            let greased = format!("{greased:?}");
            assert!(greased.starts_with(start), "{start}\n{greased}");
            assert!(greased.ends_with(end), "{end}\n{greased}");
        }
    }
}

//! Chooses the ClientHello: the first one, and the one after a rejection (RFC 9849 section 6.1.6).
//!
//! ```text
//!                    | usable configuration | no configuration, or an unusable one
//! first hello        | encrypted            | by EchFallback: clear, GREASE, or no connection
//! after a rejection  | the origin sent one: encrypted with it
//!                    | it sent none: clear, unless EchFallback::Fail
//! ```

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use rustls::{Error, crypto::hpke::Hpke};

use crate::{
    error::{BuildProblem, BuildProblemKind, EchStatus, ErrorKind},
    name::Sni,
    tls::VerifyPolicy,
};

use super::{ClearConfig, EchRejection, HelloEncryption, HelloPlan, config_list::EchConfiguration};

/// The builder's ECH setting, ready for use.
pub(in crate::tls) struct EchPlan {
    first: FirstHello,
    fallback: EchFallback,
    retry: EchRetry,
    suites: Vec<&'static dyn Hpke>,
    /// The last list published in DNS, and the configuration found in it. Each list is tried out
    /// once, and only the last is kept.
    published: Mutex<Option<(Vec<u8>, Option<EchConfiguration>)>>,
}

/// Where the first hello comes from.
#[derive(Debug)]
pub(super) enum FirstHello {
    /// It is the same for all connections.
    Fixed(HelloPlan),
    /// The `HTTPS` record decides. The sample is for a try at build time.
    Dns { sample: HelloEncryption },
}

/// What is sent where there is no usable configuration.
#[derive(Debug)]
pub(super) enum EchFallback {
    Clear,
    Grease(HelloEncryption),
    /// Nothing: the connection fails.
    Fail,
}

/// Whether a rejection leads to a second attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EchRetry {
    Allowed,
    Denied,
}

impl EchRetry {
    /// Denied where the policy does not verify a name: anyone could reject in the origin's name.
    pub(super) fn under(policy: &VerifyPolicy) -> Self {
        match policy.is_unverified() || policy.ignores_names() {
            true => Self::Denied,
            false => Self::Allowed,
        }
    }
}

impl EchPlan {
    pub(super) fn new(
        first: FirstHello,
        fallback: EchFallback,
        retry: EchRetry,
        suites: Vec<&'static dyn Hpke>,
    ) -> Self {
        Self {
            first,
            fallback,
            retry,
            suites,
            published: Mutex::default(),
        }
    }

    /// Whether the crypto provider can encrypt as configured.
    pub(in crate::tls) fn check(&self, clear: ClearConfig<'_>) -> Result<(), BuildProblem> {
        let encryption = match &self.first {
            FirstHello::Fixed(hello) => hello.encryption.as_ref(),
            FirstHello::Dns { sample } => Some(sample),
        };
        let tried = encryption.map_or(Ok(()), |encryption| encryption.try_out(clear));
        tried.map_err(|error| unusable(&error))
    }

    /// The first hello with this SNI. `published` is the `ech` value of the `HTTPS` record.
    pub(in crate::tls) fn first_hello(
        &self,
        sni: &Sni,
        published: Option<&[u8]>,
        clear: ClearConfig<'_>,
    ) -> Result<HelloPlan, ErrorKind> {
        if let FirstHello::Fixed(hello) = &self.first {
            return Ok(hello.clone());
        }
        // Without a name in SNI there is nothing to hide.
        let published = published.filter(|list| !list.is_empty() && sni.name().is_some());
        let Some(list) = published else {
            return self.without_configuration(EchStatus::NotSent);
        };
        match self.published_configuration(list, clear) {
            Some(found) => Ok(found.first_hello()),
            None => self.without_configuration(EchStatus::Unusable),
        }
    }

    /// The hello after this rejection, if a second attempt is allowed and can succeed.
    pub(in crate::tls) fn second_hello(
        &self,
        rejection: &EchRejection,
        clear: ClearConfig<'_>,
    ) -> Option<HelloPlan> {
        if self.retry == EchRetry::Denied {
            return None;
        }
        match (rejection, &self.fallback) {
            (EchRejection::Replaced(list), _) => Some(self.usable(list, clear)?.retry_hello()),
            (EchRejection::Disabled, EchFallback::Fail) => None,
            (EchRejection::Disabled, _) => Some(HelloPlan::clear(EchStatus::Disabled)),
        }
    }

    fn without_configuration(&self, why: EchStatus) -> Result<HelloPlan, ErrorKind> {
        match &self.fallback {
            EchFallback::Clear => Ok(HelloPlan::clear(why)),
            EchFallback::Grease(encryption) => Ok(HelloPlan::greased(encryption.clone())),
            EchFallback::Fail => Err(ErrorKind::EchUnavailable),
        }
    }

    fn published_configuration(
        &self,
        list: &[u8],
        clear: ClearConfig<'_>,
    ) -> Option<EchConfiguration> {
        let mut published = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((known, found)) = &*published
            && known == list
        {
            return found.clone();
        }
        let found = self.usable(list, clear);
        *published = Some((list.to_vec(), found.clone()));
        found
    }

    fn usable(&self, list: &[u8], clear: ClearConfig<'_>) -> Option<EchConfiguration> {
        let found = EchConfiguration::read(list, &self.suites);
        let tried = found.and_then(|found| found.encryption.try_out(clear).map(|()| found));
        let logged =
            tried.inspect_err(|error| tracing::debug!(%error, "ECH configuration unusable"));
        logged.ok()
    }
}

/// The problem with a configuration that cannot be used.
pub(super) fn unusable(error: &Error) -> BuildProblem {
    let why = format!("the ECH configuration cannot be used: {error}");
    BuildProblem::new("ech", BuildProblemKind::Unsupported, why)
}

impl fmt::Debug for EchPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EchPlan")
            .field("first", &self.first)
            .field("fallback", &self.fallback)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        name::{Sni, SniOmission},
        tls::{Ech, Reread, SpkiPin, TlsParameters, TlsSettings, VerifyPolicy},
    };

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
            parameters: TlsParameters::default()
                .max_record_size(1024)
                .key_log(Arc::new(Log))
                .require_extended_master_secret(),
            ..TlsSettings::default()
        };
        let loaded = settings.load(Reread::IfChanged);
        let client = loaded.expect("valid settings").client(None);
        let unsettled = Sni::omitted(SniOmission::Requested);
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

//! Who is asked about the origin's chain, and what a policy becomes when it is built.

use std::sync::Arc;

use rustls::{
    CertificateError, Error, RootCertStore,
    client::{VerifierBuilderError, WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::error::{BuildProblem, BuildProblemKind};

use super::{
    Crls, VerifyPolicy,
    crls::invalid,
    danger::Unverified,
    policy::{Grace, Names, Trust},
};

/// Who judges the chain.
#[derive(Debug)]
pub(super) enum Judge {
    Chain(WebPki),
    #[cfg(feature = "platform-verifier")]
    Platform(rustls_platform_verifier::Verifier),
    /// Nobody: the pins decide.
    Pins,
    /// Nothing is asked; the value is the proof that the policy is a fenced one.
    Nobody(Unverified),
}

/// A certificate as it was presented, and when.
#[derive(Clone, Copy)]
pub(super) struct Presented<'a> {
    pub(super) end_entity: &'a CertificateDer<'a>,
    pub(super) intermediates: &'a [CertificateDer<'a>],
    pub(super) ocsp_response: &'a [u8],
    pub(super) now: UnixTime,
}

impl Judge {
    pub(super) fn check(
        &self,
        presented: Presented<'_>,
        name: &ServerName<'_>,
        names: &Names,
    ) -> Result<(), Error> {
        let verdict = match self {
            Self::Chain(webpki) => webpki.check(presented, name),
            #[cfg(feature = "platform-verifier")]
            Self::Platform(platform) => return ask(platform, presented, name),
            Self::Pins | Self::Nobody(_) => Ok(()),
        };
        match (verdict, names) {
            // webpki looks at the name last: a chain that gets this far is a good one.
            // `tests/it/verify_matrix.rs` holds that.
            (Err(error), Names::AnyOf(_) | Names::Ignored(_)) if is_about_name(&error) => Ok(()),
            (verdict, _) => verdict,
        }
    }
}

/// webpki, and for how long after its end a chain is accepted.
#[derive(Debug)]
pub(super) struct WebPki {
    verifier: Arc<WebPkiServerVerifier>,
    grace: Option<Grace>,
}

impl WebPki {
    /// Asks about now, and about earlier moments within the grace: those at which a certificate of
    /// the chain ended.
    fn check(&self, mut presented: Presented<'_>, name: &ServerName<'_>) -> Result<(), Error> {
        /// A chain of webpki's greatest depth, if all of it has ended.
        const MOST_STEPS: usize = 8;
        let now = presented.now;
        let first = match (ask(&*self.verifier, presented, name), self.grace) {
            (Err(error), Some(_)) => error,
            (verdict, _) => return verdict,
        };
        let mut error = first.clone();
        for _ in 0..MOST_STEPS {
            let Some(earlier) = self.earlier(&error, now, presented.now) else {
                break;
            };
            presented.now = earlier;
            match ask(&*self.verifier, presented, name) {
                Ok(()) => return Ok(()),
                Err(next) => error = next,
            }
        }
        Err(match is_not_yet_valid(&error) {
            // It is not: that was asked about a moment in the past.
            true => first,
            false => error,
        })
    }

    /// The end of the certificate that this error is about, if it lies within the grace.
    fn earlier(&self, error: &Error, now: UnixTime, asked: UnixTime) -> Option<UnixTime> {
        let Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) = error
        else {
            return None;
        };
        let oldest = now.as_secs().saturating_sub(self.grace?.length.as_secs());
        let within = not_after.as_secs() >= oldest && not_after < &asked;
        within.then_some(*not_after)
    }
}

fn ask(
    verifier: &impl ServerCertVerifier,
    presented: Presented<'_>,
    name: &ServerName<'_>,
) -> Result<(), Error> {
    let Presented {
        end_entity,
        intermediates,
        ocsp_response,
        now,
    } = presented;
    let verdict = verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
    verdict.map(|_| ())
}

fn is_about_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

fn is_not_yet_valid(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }
        )
    )
}

impl VerifyPolicy {
    /// The judge, and what had to be skipped of the system's roots.
    pub(super) fn judge(
        &self,
        provider: &Arc<CryptoProvider>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<(Judge, Vec<String>)> {
        let before = problems.len();
        problems.extend(self.contradictions());
        let judge = match &self.trust {
            Trust::Roots(roots) => match roots.load() {
                Ok(loaded) => {
                    let chain = self.webpki(loaded.store, provider);
                    chain.map(|chain| (Judge::Chain(chain), loaded.skipped))
                }
                Err(problem) => Err(problem),
            },
            #[cfg(feature = "platform-verifier")]
            Trust::Platform => platform(provider).map(|judge| (judge, Vec::new())),
            Trust::Pins => Ok((Judge::Pins, Vec::new())),
            Trust::Anybody(unverified) => Ok((Judge::Nobody(*unverified), Vec::new())),
        };
        let judge = judge.map_err(|problem| problems.push(problem)).ok();
        judge.filter(|_| problems.len() == before)
    }

    fn webpki(
        &self,
        roots: RootCertStore,
        provider: &Arc<CryptoProvider>,
    ) -> Result<WebPki, BuildProblem> {
        let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
        let builder = match &self.crls {
            Some(crls) => crls.add_to(builder)?,
            None => builder,
        };
        let verifier = builder.build().map_err(|error| match error {
            VerifierBuilderError::InvalidCrl(error) => {
                invalid(format!("a revocation list cannot be used: {error:?}"))
            }
            error => BuildProblem::new("verify", BuildProblemKind::InvalidCertificate, error),
        })?;
        Ok(WebPki {
            verifier,
            grace: self.grace,
        })
    }

    /// What was asked for and cannot be had together.
    fn contradictions(&self) -> Vec<BuildProblem> {
        let mut found = Vec::new();
        let mut say = |kind, why: &str| found.push(BuildProblem::new("verify", kind, why));
        if let Names::AnyOf(names) = &self.names {
            if names.is_empty() {
                let why = "expecting_any(..) lists no name, so no certificate would ever do";
                say(BuildProblemKind::EmptyNames, why);
            }
            for problem in names.iter().filter_map(super::SanMatcher::problem) {
                say(BuildProblemKind::InvalidName, &problem.0);
            }
        }
        let by_roots = matches!(self.trust, Trust::Roots(_));
        if self.crls.is_some() && !by_roots {
            let why = "crls(..) needs a policy with roots: only a chain can be checked along lists";
            say(BuildProblemKind::Contradiction, why);
        }
        if self.grace.is_some() && !by_roots {
            let why = "accept_expired(..) needs a policy with roots: no other one looks at dates";
            say(BuildProblemKind::Contradiction, why);
        }
        if self.grace.is_some() && self.crls.as_ref().is_some_and(Crls::enforces_expiry) {
            let why = "accept_expired(..) would accept expired revocation lists too; if that is meant, say \
                       Crls::ignore_expiry()";
            say(BuildProblemKind::Contradiction, why);
        }
        #[cfg(feature = "platform-verifier")]
        if matches!(self.trust, Trust::Platform) && !matches!(self.names, Names::Expected) {
            let why =
                "the platform's verifier always checks the expected name; other names need roots";
            say(BuildProblemKind::Contradiction, why);
        }
        found
    }
}

#[cfg(feature = "platform-verifier")]
fn platform(provider: &Arc<CryptoProvider>) -> Result<Judge, BuildProblem> {
    let verifier = rustls_platform_verifier::Verifier::new(provider.clone());
    verifier.map(Judge::Platform).map_err(|error| {
        let why = format!("the platform's verifier cannot be used: {error}");
        BuildProblem::new("verify", BuildProblemKind::EmptyRoots, why)
    })
}

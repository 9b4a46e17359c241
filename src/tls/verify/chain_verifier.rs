//! Verifies the chain of an origin's certificate, as a policy demands.

use std::sync::Arc;

use rustls::{
    CertificateError, Error,
    client::{VerifierBuilderError, WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::error::{BuildProblem, BuildProblemKind, TrustedRoots};

use super::{
    VerifyPolicy,
    bounded_chain::bounded,
    contradictions::contradictions,
    crls::invalid,
    danger::unverified::Unverified,
    loaded_roots::LoadedRoots,
    root_cache::Reread,
    verify_policy::{ExpiryGrace, NameCheck, TrustAnchor},
};

/// Verifies that the chain leads to a trusted root.
#[derive(Debug)]
pub(in crate::tls) enum ChainVerifier {
    WebPki(WebPkiChain),
    #[cfg(feature = "platform-verifier")]
    Platform(rustls_platform_verifier::Verifier),
    /// Checks no chain: the pins decide.
    Pins,
    /// Checks nothing. The value proves that the policy comes from `danger`.
    Skipped(Unverified),
}

/// A certificate as the origin presented it, and the time to verify it for.
#[derive(Clone, Copy)]
pub(super) struct PresentedCertificate<'a> {
    pub(super) end_entity: &'a CertificateDer<'a>,
    pub(super) intermediates: &'a [CertificateDer<'a>],
    pub(super) ocsp_response: &'a [u8],
    pub(super) now: UnixTime,
}

impl ChainVerifier {
    /// The verifier of this policy.
    pub(in crate::tls) fn build(
        policy: &VerifyPolicy,
        reread: Reread,
        provider: &Arc<CryptoProvider>,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Self> {
        let before = problems.len();
        problems.extend(contradictions(policy));
        let built = match &policy.trust {
            TrustAnchor::Roots(roots) => roots
                .load(reread)
                .and_then(|roots| WebPkiChain::build(policy, roots, provider))
                .map(Self::WebPki),
            #[cfg(feature = "platform-verifier")]
            TrustAnchor::Platform => platform(provider),
            TrustAnchor::Pins => Ok(Self::Pins),
            TrustAnchor::Anyone(unverified) => Ok(Self::Skipped(*unverified)),
        };
        let built = built.map_err(|problem| problems.push(problem)).ok();
        built.filter(|_| problems.len() == before)
    }

    /// Whether a chain that fails with this error leads to a trusted root all the same.
    pub(super) fn is_trusted_but_for(&self, error: &Error) -> bool {
        // webpki checks the name last. Other verifiers may check it first.
        matches!(self, Self::WebPki(_)) && is_about_name(error)
    }

    /// Whether the certificate itself is a trusted root.
    pub(super) fn has_root(&self, certificate: &CertificateDer<'_>) -> bool {
        let Self::WebPki(chain) = self else {
            return false;
        };
        let anchor = webpki::anchor_from_trusted_cert(certificate);
        anchor.is_ok_and(|anchor| chain.roots.store.roots.contains(&anchor))
    }

    /// Whether it checks chains at all.
    pub(super) fn checks_chains(&self) -> bool {
        !matches!(self, Self::Pins | Self::Skipped(_))
    }

    /// What issuers are checked against; `None` if they are not.
    pub(in crate::tls) fn trusted_roots(&self) -> Option<TrustedRoots> {
        match self {
            Self::WebPki(chain) => Some(chain.roots.summary.clone()),
            #[cfg(feature = "platform-verifier")]
            Self::Platform(_) => Some(TrustedRoots::of_platform()),
            Self::Pins | Self::Skipped(_) => None,
        }
    }

    /// Why certificates of the system's store were skipped.
    pub(in crate::tls) fn skipped_roots(&self) -> &[String] {
        match self {
            Self::WebPki(chain) => &chain.roots.skipped,
            #[cfg(feature = "platform-verifier")]
            Self::Platform(_) => &[],
            Self::Pins | Self::Skipped(_) => &[],
        }
    }

    pub(super) fn check(
        &self,
        presented: PresentedCertificate<'_>,
        name: &ServerName<'_>,
        names: &NameCheck,
    ) -> Result<(), Error> {
        let intermediates = bounded(presented.end_entity, presented.intermediates);
        let presented = PresentedCertificate {
            intermediates: &intermediates,
            ..presented
        };
        let result = match self {
            Self::WebPki(webpki) => webpki.check(presented, name),
            #[cfg(feature = "platform-verifier")]
            Self::Platform(platform) => return verify(platform, presented, name),
            Self::Pins | Self::Skipped(_) => Ok(()),
        };
        match (result, names) {
            // webpki checks the name last, so a chain that fails only there is a good one.
            // `tests/it/verify_matrix.rs` depends on that.
            (Err(error), NameCheck::AnyOf(_) | NameCheck::Ignored(_)) if is_about_name(&error) => {
                Ok(())
            }
            (result, _) => result,
        }
    }
}

/// webpki, and how long after its end a chain is accepted.
#[derive(Debug)]
pub(in crate::tls) struct WebPkiChain {
    /// Shared with other connectors.
    roots: Arc<LoadedRoots>,
    verifier: Arc<WebPkiServerVerifier>,
    grace: Option<ExpiryGrace>,
}

impl WebPkiChain {
    fn build(
        policy: &VerifyPolicy,
        roots: Arc<LoadedRoots>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, BuildProblem> {
        let builder =
            WebPkiServerVerifier::builder_with_provider(roots.store.clone(), provider.clone());
        let builder = match &policy.crls {
            Some(crls) => crls.add_to(builder)?,
            None => builder,
        };
        let verifier = builder.build().map_err(|error| match error {
            VerifierBuilderError::InvalidCrl(error) => {
                invalid(format!("a revocation list cannot be used: {error:?}"))
            }
            error => BuildProblem::new("verify", BuildProblemKind::InvalidCertificate, error),
        })?;
        Ok(Self {
            roots,
            verifier,
            grace: policy.grace,
        })
    }

    /// Verifies for now, then for earlier moments within the grace period: those at which a
    /// certificate of the chain ended.
    fn check(
        &self,
        mut presented: PresentedCertificate<'_>,
        name: &ServerName<'_>,
    ) -> Result<(), Error> {
        /// The depth of webpki's longest chain, in case all of it has ended.
        const MAX_STEPS: usize = 8;
        let now = presented.now;
        let first = match (verify(&*self.verifier, presented, name), self.grace) {
            (Err(error), Some(_)) => error,
            (result, _) => return result,
        };
        let mut error = first.clone();
        for _ in 0..MAX_STEPS {
            let Some(earlier) = self.earlier(&error, now, presented.now) else {
                break;
            };
            presented.now = earlier;
            match verify(&*self.verifier, presented, name) {
                Ok(()) => return Ok(()),
                Err(next) => error = next,
            }
        }
        Err(match is_not_yet_valid(&error) {
            // That holds for an earlier moment only: it is valid by now.
            true => first,
            false => error,
        })
    }

    /// The end of the certificate that this error is about, if it is within the grace period.
    fn earlier(&self, error: &Error, now: UnixTime, verified: UnixTime) -> Option<UnixTime> {
        let Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) = error
        else {
            return None;
        };
        let oldest = now.as_secs().saturating_sub(self.grace?.length.as_secs());
        let within = not_after.as_secs() >= oldest && not_after < &verified;
        within.then_some(*not_after)
    }
}

fn verify(
    verifier: &impl ServerCertVerifier,
    presented: PresentedCertificate<'_>,
    name: &ServerName<'_>,
) -> Result<(), Error> {
    let PresentedCertificate {
        end_entity,
        intermediates,
        ocsp_response,
        now,
    } = presented;
    let result = verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
    result.map(|_| ())
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

#[cfg(feature = "platform-verifier")]
fn platform(provider: &Arc<CryptoProvider>) -> Result<ChainVerifier, BuildProblem> {
    let verifier = rustls_platform_verifier::Verifier::new(provider.clone());
    verifier.map(ChainVerifier::Platform).map_err(|error| {
        let why = format!("the platform's verifier cannot be used: {error}");
        BuildProblem::new("verify", BuildProblemKind::Empty, why)
    })
}

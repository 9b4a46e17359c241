//! What may still be wrong with the best attempt, by the evidence of all attempts.
//!
//! If no attempt works, the diagnosis of the best one is still worth more than that of a single
//! error: what other attempts have refuted is taken out of it.

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, Diagnosis, FixKind},
    error::{Error, ErrorKind, PeerCertificate, TlsVersion},
    origin::Scheme,
};

use super::{
    attempt::{ProbeAttempt, Step},
    attempt_result::AttemptResult,
    candidates::{candidate_names, changes_of_fix},
    findings::ANOTHER_NAME,
    key_exchange_groups::GroupOrder,
    known_edge::{is_http_only, is_known_edge},
    progress::Progress,
    setting_change::SettingChange,
};

const HANDSHAKE_FAILURE: u8 = 40;

/// What may still be wrong with the best attempt.
///
/// Leaves out fixes that were tried on it, because none got further, and causes that an attempt
/// refutes. Causes in SNI come last if every known name was tried in vain.
pub(super) fn remaining_of(attempts: &[ProbeAttempt], best: &ProbeAttempt) -> Diagnosis {
    let others = Others { attempts, best };
    if let Some(found) = others.other_service() {
        return found;
    }
    let untried = best
        .diagnosis()
        .without(|fix| others.has_tried(fix) || is_prohibited(fix, best));
    let causes = untried.causes().iter();
    let causes = causes.filter(|cause| !others.refute(cause));
    let mut causes: Vec<_> = causes.cloned().collect();
    if others.have_tried_names() {
        causes = causes.into_iter().map(doubted_if_about_sni).collect();
    }
    let no_common_cipher = others.no_common_cipher();
    if let Some(cause) = no_common_cipher.filter(|cause| !others.refute(cause)) {
        causes.retain(|found| found.id() != cause.id());
        causes.insert(0, cause);
    }
    if let Some(cause) = others.no_name_served() {
        causes.retain(|found| !is_about_sni(found));
        causes.insert(0, cause);
    }
    // Only the answers to single versions tell missing cipher suites from an unknown name.
    let is_name_likely =
        |cause: &Cause| is_about_sni(cause) && cause.certainty() > Certainty::Possible;
    let is_unsettled = others.have_tried_names() && !others.is_version_refused();
    if causes.iter().any(is_name_likely) && is_unsettled {
        let causes = causes.iter_mut();
        let causes = causes.filter(|cause| cause.id() == CauseId::NoCommonCipher);
        causes.for_each(|cause| *cause = cause.clone().at_most(Certainty::Possible));
    }
    if let Some(cause) = others.intercepted() {
        causes = causes
            .into_iter()
            .map(|cause| cause.at_most(Certainty::Likely))
            .collect();
        causes.insert(0, cause);
    }
    let diagnosis = match causes.is_empty() {
        // A doubtful cause is better than none.
        true => untried,
        false => Diagnosis::ranked(causes),
    };
    match others.certificate_for_another_sni() {
        Some(cause) => diagnosis.and(cause),
        None => diagnosis,
    }
}

/// Whether the fix weakens the proof of the origin's identity: it trusts a key that an edge with
/// public certificates would not have, or sends plaintext.
fn is_prohibited(fix: &FixKind, best: &ProbeAttempt) -> bool {
    let origin = best.origin();
    match fix {
        FixKind::AndPin(_) | FixKind::Pin(_) => is_known_edge(&origin),
        FixKind::Builder(url) => {
            let gives_up_tls = url.scheme() == Scheme::Http && origin.scheme() == Scheme::Https;
            gives_up_tls && !is_http_only(&origin)
        }
        _ => false,
    }
}

/// A cause in SNI after every known name was tried in vain.
fn doubted_if_about_sni(cause: Cause) -> Cause {
    match is_about_sni(&cause) && cause.certainty() < Certainty::Certain {
        true => cause.at_most(Certainty::Possible),
        false => cause,
    }
}

fn is_about_sni(cause: &Cause) -> bool {
    [CauseId::SniMissing, CauseId::SniNotServed].contains(&cause.id())
}

fn alert(attempt: &ProbeAttempt) -> Option<u8> {
    Some(attempt.error()?.facts().alert()?.code())
}

/// The attempts, as evidence about the best one.
struct Others<'a> {
    attempts: &'a [ProbeAttempt],
    best: &'a ProbeAttempt,
}

impl<'a> Others<'a> {
    /// The attempts that were one change away from the best one.
    fn changed(&self) -> impl Iterator<Item = (&'a ProbeAttempt, &'a SettingChange)> {
        let best = self.best;
        self.attempts
            .iter()
            .filter_map(move |attempt| match &attempt.step {
                Step::Changed(change) if best.combination.with(change) == attempt.combination => {
                    Some((attempt, change))
                }
                _ => None,
            })
    }

    fn has_tried(&self, fix: &FixKind) -> bool {
        let changes = changes_of_fix(fix);
        !changes.is_empty() && changes.iter().all(|change| self.is_tried(change))
    }

    fn is_tried(&self, change: &SettingChange) -> bool {
        let combination = self.best.combination.with(change);
        let mut attempts = self.attempts.iter();
        attempts.any(|attempt| attempt.combination == combination)
    }

    /// The diagnosis of an attempt to the same address whose peer named its service. Its first
    /// bytes are those of a service other than a web server.
    fn other_service(&self) -> Option<Diagnosis> {
        if self.best.progress() > Progress::Connected {
            return None;
        }
        let dialled = self.best.origin().dial().clone();
        let same_peer = self
            .attempts
            .iter()
            .filter(|it| *it.origin().dial() == dialled);
        let mut diagnoses = same_peer.map(ProbeAttempt::diagnosis);
        diagnoses.find(|diagnosis| {
            let likeliest = diagnosis.likeliest();
            likeliest.is_some_and(|cause| {
                cause.id() == CauseId::OtherService && cause.certainty() == Certainty::Certain
            })
        })
    }

    /// Whether an attempt shows that this is not the cause.
    fn refute(&self, cause: &Cause) -> bool {
        let id = cause.id();
        if id == CauseId::SniAndHostDisagree {
            return cause.certainty() < Certainty::Certain && self.have_refused_agreeing_names();
        }
        if id == CauseId::ForwardedProto {
            return self.changed().any(|(attempt, change)| {
                *change == SettingChange::ClientScheme && attempt.progress() <= self.best.progress()
            });
        }
        if id == CauseId::NoCommonCipher {
            return self.is_another_sni_served();
        }
        let is_test: fn(&SettingChange) -> bool = match id {
            CauseId::HttpToTlsPort if !self.has_sent_tls() => {
                |change| matches!(change, SettingChange::Url(url) if url.scheme() == Scheme::Https)
            }
            CauseId::ClientHelloDropped => {
                |change| matches!(change, SettingChange::Groups(GroupOrder::Classical))
            }
            CauseId::ProxyHeaderNotExpected => {
                |change| matches!(change, SettingChange::NoProxyHeader)
            }
            CauseId::ProxyHeaderExpected => |change| matches!(change, SettingChange::ProxyHeader),
            _ => return false,
        };
        let is_http = self.best.origin().scheme() == Scheme::Http;
        let sent_http = is_http && self.best.progress() >= Progress::Answered;
        let in_vain = |(attempt, change): (&ProbeAttempt, &SettingChange)| {
            is_test(change) && attempt.progress() <= Progress::Connected
        };
        sent_http || self.changed().any(in_vain)
    }

    /// Whether a request whose Host is the name in SNI was refused, too.
    fn have_refused_agreeing_names(&self) -> bool {
        let mut attempts = self.attempts.iter();
        attempts.any(|attempt| {
            let origin = attempt.origin();
            let sni = origin.sni().name();
            let agrees = sni.is_some_and(|sni| {
                let host = origin.host().host();
                host.eq_ignore_ascii_case(sni.as_str())
            });
            agrees && attempt.status().is_some() && attempt.progress() <= self.best.progress()
        })
    }

    /// Whether the peer answered plain HTTP with TLS, or with a page that says so.
    fn has_sent_tls(&self) -> bool {
        let diagnosis = self.best.diagnosis();
        let mut causes = diagnosis.causes().iter();
        let cause = causes.find(|cause| cause.id() == CauseId::HttpToTlsPort);
        self.best.status().is_some() || cause.is_some_and(|it| it.is_shown_by(Clue::FirstBytes))
    }

    /// Whether SNI was changed to another name, and that got no further.
    fn have_tried_names(&self) -> bool {
        self.changed()
            .any(|(_, change)| matches!(change, SettingChange::Sni(sni) if sni.name().is_some()))
    }

    /// The origin supports none of the cipher suites or groups: other names get the same alert 40,
    /// or other versions get another alert.
    fn no_common_cipher(&self) -> Option<Cause> {
        if !self.is_refused_by_alert_40() || is_known_edge(&self.best.origin()) {
            return None;
        }
        let (text, clues): (_, &[Clue]) = if self.is_refused_version(TlsVersion::V1_3) {
            (
                "the origin supports TLS 1.2, and none of the cipher suites or groups offered for \
                 it: it may support only suites with CBC or CCM, or have a key on P-521",
                &[Clue::Alert, Clue::Offer, Clue::Probe],
            )
        } else if self.is_refused_version(TlsVersion::V1_2) {
            (
                "the origin supports TLS 1.3, and none of the cipher suites or groups offered for \
                 it: it may support only CCM suites, or only the group P-521",
                &[Clue::Alert, Clue::Offer, Clue::Probe],
            )
        } else if self.is_another_name_refused() {
            (
                "the origin supports none of the offered cipher suites or groups: it refuses the \
                 names tried",
                &[Clue::Alert, Clue::Probe],
            )
        } else if self.refuses_each_change(HANDSHAKE_FAILURE) {
            (
                "the origin supports none of the offered cipher suites or groups: it refuses its \
                 only known name, no name, and each version alike",
                &[Clue::Alert, Clue::Probe],
            )
        } else {
            return None;
        };
        let fix = "enable on the origin an ECDHE suite with AES-GCM, and the group secp256r1";
        Some(
            Cause::new(CauseId::NoCommonCipher, Certainty::Likely, text)
                .shown_by(clues)
                .confirmed_by(Confirmation::Listener)
                .fixed_by([FixKind::Advice(fix)]),
        )
    }

    /// Each known name in SNI is refused alike, as by a peer without a common cipher suite.
    fn no_name_served(&self) -> Option<Cause> {
        let is_alone = self.refuses_each_change(HANDSHAKE_FAILURE);
        let is_name_open = self.is_refused_by_alert_40()
            && (is_alone || self.is_another_name_refused())
            && !self.is_version_refused()
            && !self.is_another_sni_served();
        is_name_open.then(|| {
            let text = match is_alone {
                true => "the edge does not serve the name in SNI, and no other name is known",
                false => "the edge serves none of the names that were tried in SNI",
            };
            Cause::new(CauseId::SniNotServed, Certainty::Likely, text)
                .shown_by(&[Clue::Alert, Clue::Probe])
                .confirmed_by(Confirmation::EdgeConfiguration)
                .fixed_by([FixKind::Advice(ANOTHER_NAME)])
        })
    }

    /// Whether another SNI, or none, got a certificate.
    fn is_another_sni_served(&self) -> bool {
        self.changed().any(|(attempt, change)| {
            matches!(change, SettingChange::Sni(_))
                && attempt.progress() >= Progress::CertificateReceived
        })
    }

    fn is_refused_by_alert_40(&self) -> bool {
        alert(self.best) == Some(HANDSHAKE_FAILURE) && self.best.progress() == Progress::Answered
    }

    /// Whether another name in SNI got the same alert 40.
    fn is_another_name_refused(&self) -> bool {
        self.changed().any(|(attempt, change)| {
            matches!(change, SettingChange::Sni(sni) if sni.name().is_some())
                && alert(attempt) == Some(HANDSHAKE_FAILURE)
        })
    }

    /// Another SNI, or none, gets a certificate, although for other names than the expected one.
    fn certificate_for_another_sni(&self) -> Option<Cause> {
        if self.best.progress() >= Progress::CertificateReceived {
            return None;
        }
        let (attempt, change, error) = self.changed().find_map(|(attempt, change)| {
            let is_sni = matches!(change, SettingChange::Sni(_));
            let is_received = attempt.progress() == Progress::CertificateReceived;
            Some((attempt, change, attempt.error()?)).filter(|_| is_sni && is_received)
        })?;
        let names = error
            .facts()
            .certificate()
            .map(PeerCertificate::names_in_brief)?;
        let text = format!(
            "with {change}, the origin presents a certificate for {names}; {} is expected",
            attempt.origin().expected_name()
        );
        let of_attempt = attempt.diagnosis();
        let mut fixes = of_attempt.causes().iter().flat_map(Cause::fix_kinds);
        let expected = fixes.find_map(|fix| match (change, fix) {
            (SettingChange::Sni(sni), FixKind::ExpectPresented(name)) => {
                let sni_call = FixKind::Sni(sni.name()?.clone());
                let names = SettingChange::SniAndExpectedName(sni.clone(), name.clone().into());
                let host = attempt.host_to_keep(self.best);
                // The last one, as its text ends in a condition.
                let calls = [Some(sni_call), host, Some(fix.clone())];
                let fix = FixKind::Together(calls.into_iter().flatten().collect());
                (!self.is_tried(&names)).then_some(fix)
            }
            _ => None,
        });
        // Without SNI, an edge presents a default certificate, which says nothing about the site.
        let certainty = match expected {
            Some(_) => Certainty::Likely,
            None => Certainty::Possible,
        };
        Some(
            Cause::new(CauseId::CertificateForAnotherName, certainty, text)
                .shown_by(&[Clue::Sni, Clue::Names, Clue::Probe])
                .confirmed_by(Confirmation::EdgeConfiguration)
                .fixed_by(expected),
        )
    }

    /// Whether the peer sends this alert whatever is changed, and no other name is known.
    fn refuses_each_change(&self, code: u8) -> bool {
        let is_made = |wanted: &SettingChange| self.changed().any(|(_, change)| change == wanted);
        let [v1_2, v1_3] = TlsVersion::ALL.map(|version| SettingChange::Versions(version, version));
        candidate_names(self.best, &[]).len() == 1
            && is_made(&v1_2)
            && is_made(&v1_3)
            && self.changed().all(|(it, _)| alert(it) == Some(code))
    }

    /// Whether the peer answers an offer of one version that it does not support it.
    fn is_version_refused(&self) -> bool {
        let mut versions = TlsVersion::ALL.into_iter();
        versions.any(|version| self.is_refused_version(version))
    }

    /// Whether the peer answers an offer of this version alone that it does not support it.
    fn is_refused_version(&self, version: TlsVersion) -> bool {
        self.changed().any(|(attempt, change)| {
            let error = attempt.error().map(Error::kind);
            *change == SettingChange::Versions(version, version)
                && error == Some(ErrorKind::TlsVersionMismatch)
        })
    }

    /// The peer answers in plain HTTP where TLS is expected, and refuses the request.
    fn intercepted(&self) -> Option<Cause> {
        if self.best.progress() > Progress::Connected {
            return None;
        }
        let mut attempts = self.attempts.iter();
        let status = attempts.find_map(|attempt| match &attempt.result {
            AttemptResult::Response(status, ..)
                if attempt.combination.is_plaintext_in_place_of_tls()
                    && attempt.progress() == Progress::Connected =>
            {
                Some(*status)
            }
            _ => None,
        })?;
        let text = format!(
            "a device on the path answers in place of the origin: it sends plain HTTP where TLS is \
             expected, and status {} to a valid request",
            status.as_u16()
        );
        Some(
            Cause::new(CauseId::Interception, Certainty::Likely, text)
                .shown_by(&[Clue::FirstBytes, Clue::Status])
                .confirmed_by(Confirmation::AnotherNetwork),
        )
    }
}

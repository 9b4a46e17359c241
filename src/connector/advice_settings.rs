//! `AdviceSettings`: which advice a connector gives. `advice.rs` decides what is advised.

use std::time::Duration;

use super::advice_id::AdviceId;

/// Which [advice](super::Advice) the connector gives, and when it warns of expiring certificates.
///
/// | call | default |
/// |---|---|
/// | [`silence`](Self::silence) | all advice is given |
/// | [`expiry_notice`](Self::expiry_notice) | 14 days |
///
/// ```
/// use cdn_origin::{CdnOriginConnector, connector::{AdviceId, AdviceSettings}};
///
/// let connector = CdnOriginConnector::builder("http://origin.example:443")
///     .advice(AdviceSettings::default().silence(AdviceId::PlainHttpOnTlsPort))
///     .build()?;
/// assert!(connector.advice().is_empty());
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "these settings do nothing until a builder is given them"]
pub struct AdviceSettings {
    pub(crate) silenced: Silenced,
    pub(crate) expiry_notice: Option<Duration>,
}

#[derive(Clone, Debug)]
pub(crate) enum Silenced {
    All,
    Only(Vec<AdviceId>),
}

impl Default for Silenced {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

impl AdviceSettings {
    /// Silences this advice: the connector neither logs nor lists it.
    ///
    /// Call it once for each id. All other advice is still given.
    ///
    /// ```
    /// use cdn_origin::connector::{AdviceId, AdviceSettings};
    ///
    /// let advice = AdviceSettings::default()
    ///     .silence(AdviceId::HostDiffersFromSni)
    ///     .silence(AdviceId::NoTls13);
    /// ```
    pub fn silence(mut self, id: AdviceId) -> Self {
        if let Silenced::Only(ids) = &mut self.silenced {
            ids.push(id);
        }
        self
    }

    /// Sets how long before the expiry of an origin's certificate it is reported.
    ///
    /// The default is 14 days. A warning is logged through `tracing`, once for each certificate.
    /// Observers get [`certificate_expiring`](crate::observe::Observer::certificate_expiring), for
    /// each connection. Zero turns both off.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cdn_origin::connector::AdviceSettings;
    ///
    /// let advice = AdviceSettings::default().expiry_notice(Duration::from_secs(30 * 24 * 3600));
    /// ```
    pub fn expiry_notice(mut self, before: Duration) -> Self {
        self.expiry_notice = Some(before);
        self
    }

    pub(super) fn silence_all(&mut self) {
        self.silenced = Silenced::All;
    }

    pub(super) fn silences(&self, id: AdviceId) -> bool {
        match &self.silenced {
            Silenced::All => true,
            Silenced::Only(ids) => ids.contains(&id),
        }
    }

    /// The notice, if one was set.
    pub(super) fn chosen_expiry_notice(&self) -> Option<Duration> {
        self.expiry_notice
    }
}

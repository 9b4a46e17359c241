//! `LoggedNames`: the four names as fields of a log event.

use std::fmt;

use tracing::field::{DisplayValue, display};

use crate::{
    name::{DialTarget, HostAuthority, Sni},
    origin::{Origin, Scheme},
};

use super::{Facts, PeerText};

/// A DNS name with a port fits. A client may have chosen a longer Host.
const LONGEST: usize = 260;

/// The four names, as far as they are known. Nothing is formatted before it is logged.
#[derive(Default)]
pub(crate) struct LoggedNames<'a> {
    pub(crate) dial: Option<DisplayValue<&'a DialTarget>>,
    pub(crate) sni: Option<DisplayValue<&'a Sni>>,
    pub(crate) expected_name: Option<DisplayValue<Capped<&'a dyn fmt::Display>>>,
    pub(crate) host: Option<DisplayValue<Capped<&'a HostAuthority>>>,
}

impl<'a> LoggedNames<'a> {
    /// The names of a failure.
    pub(crate) fn of(facts: &'a Facts) -> Self {
        match facts.origin() {
            Some(origin) => Self {
                host: facts.host().map(|host| display(Capped(host))),
                ..Self::of_origin(origin, Some(facts))
            },
            None => Self::default(),
        }
    }

    /// The names of a request that was answered, with the facts of its connection.
    pub(crate) fn of_answered(
        origin: &'a Origin,
        host: &'a HostAuthority,
        connection: Option<&'a Facts>,
    ) -> Self {
        Self {
            host: Some(display(Capped(host))),
            ..Self::of_origin(origin, connection)
        }
    }

    fn of_origin(origin: &'a Origin, connection: Option<&'a Facts>) -> Self {
        let is_tls = origin.scheme() == Scheme::Https;
        let alternatives = connection.and_then(|facts| facts.alternatives.as_ref());
        let expected: &dyn fmt::Display = match alternatives {
            Some(names) => names,
            None => origin.expected_name(),
        };
        Self {
            dial: Some(display(origin.dial())),
            sni: is_tls.then(|| display(origin.sni())),
            expected_name: is_tls.then(|| display(Capped(expected))),
            host: None,
        }
    }
}

/// A name, escaped and capped.
pub(crate) struct Capped<T>(T);

impl<T: fmt::Display> fmt::Display for Capped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PeerText::new(&self.0, LONGEST).fmt(f)
    }
}

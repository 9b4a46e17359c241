//! The offered TLS versions, from a range to rustls.

use std::ops::{Bound, RangeBounds};

use rustls::{ProtocolVersion, SupportedProtocolVersion};

use crate::error::{BuildProblem, BuildProblemKind, TlsVersion};

/// The oldest and the newest offered version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Versions {
    pub(super) oldest: TlsVersion,
    pub(super) newest: TlsVersion,
}

impl Versions {
    pub(super) fn in_range(
        range: &(Bound<TlsVersion>, Bound<TlsVersion>),
    ) -> Result<Self, BuildProblem> {
        let mut inside = TlsVersion::ALL
            .into_iter()
            .filter(|version| range.contains(version));
        let Some(oldest) = inside.next() else {
            let why =
                "the range holds no version; `TlsVersion::V1_2..=TlsVersion::V1_3` is the widest";
            return Err(BuildProblem::new(
                "tls_versions",
                BuildProblemKind::Empty,
                why,
            ));
        };
        let newest = inside.next_back().unwrap_or(oldest);
        Ok(Self { oldest, newest })
    }

    /// All versions from the oldest to the newest.
    pub(super) fn offered(self) -> impl Iterator<Item = TlsVersion> {
        let all = TlsVersion::ALL.into_iter();
        all.filter(move |version| (self.oldest..=self.newest).contains(version))
    }

    pub(super) fn wire(version: TlsVersion) -> ProtocolVersion {
        match version {
            TlsVersion::V1_2 => ProtocolVersion::TLSv1_2,
            TlsVersion::V1_3 => ProtocolVersion::TLSv1_3,
        }
    }

    pub(super) fn supported(self) -> Vec<&'static SupportedProtocolVersion> {
        self.offered()
            .map(|version| match version {
                TlsVersion::V1_2 => &rustls::version::TLS12,
                TlsVersion::V1_3 => &rustls::version::TLS13,
            })
            .collect()
    }
}

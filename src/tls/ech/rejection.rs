//! The origin's rejection of an encrypted ClientHello (RFC 9849 section 6.1.6).
//!
//! `plan.rs` decides whether its retry configurations are used.
//!
//! This is the one file that uses `rustls::internal`, which semantic versioning does not cover.
//! rustls hands out the retry configurations in a type of that module. `EchConfig::new` takes
//! bytes, and only the internal codec turns the one into the other. The same codec reads the public
//! name of a configuration. If a release of rustls changes it, this file does not compile, or a
//! test below fails. That is why the feature `ech` is off by default.
//!
//! rustls reports a rejection at the end of a handshake: after the certificate was verified for the
//! public name and the peer has proven to hold its key. No one else can reject.

use rustls::{
    Error, PeerIncompatible,
    internal::msgs::{codec::Codec, handshake::EchConfigPayload},
};

/// What the origin sent along with its rejection.
#[derive(Debug, Eq, PartialEq)]
pub(in crate::tls) enum EchRejection {
    /// An `ECHConfigList` to use instead.
    Replaced(Vec<u8>),
    /// No configuration of a known version: the origin has turned ECH off.
    Disabled,
}

impl EchRejection {
    /// The rejection in this error, if it is one.
    pub(in crate::tls) fn in_error(error: &Error) -> Option<Self> {
        match error {
            Error::PeerIncompatible(PeerIncompatible::ServerRejectedEncryptedClientHello(
                configs,
            )) => Some(Self::with(configs.as_ref())),
            _ => None,
        }
    }

    fn with(configs: Option<&Vec<EchConfigPayload>>) -> Self {
        let known = |config: &EchConfigPayload| matches!(config, EchConfigPayload::V18(_));
        match configs.filter(|configs| configs.iter().any(known)) {
            Some(configs) => Self::Replaced(configs.get_encoding()),
            None => Self::Disabled,
        }
    }
}

/// The public name of the first configuration in this list that is usable by itself.
pub(super) fn public_name(list: &[u8], is_usable: impl Fn(&[u8]) -> bool) -> Option<String> {
    let configs = Vec::<EchConfigPayload>::read_bytes(list).ok()?;
    configs.into_iter().find_map(|config| {
        let alone = vec![config];
        let is_usable = is_usable(&alone.get_encoding());
        match &alone[..] {
            [EchConfigPayload::V18(contents)] if is_usable => {
                Some(contents.public_name.as_ref().to_owned())
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::{ErrorKind, Facts, Stage},
        origin::{ChosenNames, Origin},
    };

    /// One configuration of the known version (0xfe0d), with an extension, and one of another
    /// version.
    const LIST: &[u8] = b"\x00\x33\xfe\x0d\x00\x2b\x07\x00\x20\x00\x04\x01\x02\x03\x04\
        \x00\x08\x00\x01\x00\x01\x00\x01\x00\x03\
        \x40\x0epublic.example\x00\x06\x12\x34\x00\x02\xab\xcd\xfe\x0e\x00\x00";
    const UNKNOWN: &[u8] = b"\x00\x06\xfe\x0e\x00\x02\x01\x02";

    fn read(list: &[u8]) -> Vec<EchConfigPayload> {
        Codec::read_bytes(list).unwrap()
    }

    #[test]
    fn a_list_comes_out_byte_for_byte_as_it_was_sent() {
        let rejection = EchRejection::with(Some(&read(LIST)));
        assert_eq!(rejection, EchRejection::Replaced(LIST.to_vec()));
    }

    #[test]
    fn the_public_name_is_that_of_the_first_configuration_that_is_usable() {
        let name = |is_usable: bool| public_name(LIST, |_| is_usable);
        assert_eq!(name(true).as_deref(), Some("public.example"));
        assert_eq!(name(false), None);
        assert_eq!(public_name(UNKNOWN, |_| true), None);
        assert_eq!(public_name(b"garbage", |_| true), None);
    }

    #[test]
    fn hundreds_of_configurations_make_a_short_error() {
        let configs = Some(read(LIST).into_iter().cycle().take(600).collect());
        let incompatible = PeerIncompatible::ServerRejectedEncryptedClientHello(configs);
        let url = "https://www.example.test".parse().expect("a URL");
        let facts = Facts {
            origin: Some(Origin::settle(&url, &ChosenNames::default()).into()),
            ..Facts::default()
        };
        let error = crate::error::Error::with_source(
            ErrorKind::EchRejected,
            Stage::Handshake,
            facts,
            Error::from(incompatible),
        );
        let source = std::error::Error::source(&error).unwrap();
        let texts = [
            format!("{error:?}"),
            source.to_string(),
            format!("{source:?}"),
        ];
        for text in texts {
            assert!(text.len() < 600, "{} bytes", text.len());
        }
        let report = error.report().to_string();
        assert!(report.lines().count() <= 60, "{report}");
        assert!(report.lines().all(|line| line.len() <= 80), "{report}");
        let found = crate::error::source_chain::find::<Error>(&error).unwrap();
        let rejection = EchRejection::in_error(found);
        assert!(matches!(rejection, Some(EchRejection::Replaced(_))));
    }

    #[test]
    fn an_origin_that_sends_nothing_or_nothing_of_a_known_version_has_turned_ech_off() {
        assert_eq!(EchRejection::with(None), EchRejection::Disabled);
        assert_eq!(
            EchRejection::with(Some(&Vec::new())),
            EchRejection::Disabled
        );
        assert_eq!(
            EchRejection::with(Some(&read(UNKNOWN))),
            EchRejection::Disabled
        );
    }
}

//! What was offered and agreed in TLS, in plain values that need no TLS library.

use std::fmt;

/// A version of TLS. Older ones are not offered.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 ([RFC 5246](https://www.rfc-editor.org/rfc/rfc5246)).
    V1_2,
    /// TLS 1.3 ([RFC 8446](https://www.rfc-editor.org/rfc/rfc8446)).
    V1_3,
}

impl TlsVersion {
    pub(crate) const ALL: [Self; 2] = [Self::V1_2, Self::V1_3];
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_2 => "TLS 1.2",
            Self::V1_3 => "TLS 1.3",
        })
    }
}

/// What the ClientHello offers, apart from the server name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TlsOffer {
    /// The oldest version offered.
    pub oldest: TlsVersion,
    /// The newest version offered.
    pub newest: TlsVersion,
    /// The application protocols offered (RFC 7301), in order of preference.
    pub protocols: &'static [&'static str],
    /// Who decided on cipher suites, groups and signature schemes.
    pub parameters: OfferedParameters,
}

/// Who decided on the cipher suites, key exchange groups and signature schemes of a ClientHello.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OfferedParameters {
    /// Some were chosen, or the crypto provider was: they may be too few for the origin.
    Chosen,
    /// They are all that the usual crypto provider has.
    #[default]
    Usual,
}

impl fmt::Display for TlsOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.oldest == self.newest {
            write!(f, "{} only", self.oldest)?;
        } else {
            write!(f, "{} to {}", self.oldest, self.newest)?;
        }
        write!(f, "; ALPN {}", self.protocols.join(", "))
    }
}

/// What a finished handshake agreed on.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TlsSession {
    /// The version.
    pub version: TlsVersion,
    /// The cipher suite's IANA name.
    pub cipher_suite: &'static str,
    /// The application protocol, if the peer chose one.
    pub protocol: Option<String>,
    /// The IANA name of the group in which keys were exchanged; none was in a TLS 1.2 session that
    /// is resumed.
    pub group: Option<&'static str>,
    /// The IANA name of the scheme by which the peer proved that it holds its certificate's key;
    /// absent in a resumed session.
    pub signature_scheme: Option<&'static str>,
    /// What became of Encrypted ClientHello.
    pub ech: EncryptedHello,
    /// Whether an earlier session was resumed, so that no certificate was sent again.
    pub resumed: bool,
    /// Whether a request was sent before the handshake had ended, and what became of it.
    pub early_data: EarlyData,
}

/// What became of Encrypted ClientHello ([RFC 9849](https://www.rfc-editor.org/rfc/rfc9849)) on the
/// way to a connection. What it is used for is said by [`Ech`](crate::tls::Ech).
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EncryptedHello {
    /// None was sent.
    #[default]
    NotSent,
    /// Random bytes were sent in its place.
    Greased,
    /// The origin read it: the name in SNI was hidden.
    Accepted,
    /// The origin rejected the first, over an earlier connection, and read the one that was
    /// encrypted as it had said then: the name in SNI was hidden.
    AcceptedOnRetry,
    /// The origin rejected it, over an earlier connection, and has turned ECH off: this connection
    /// is without, and the name in SNI was sent in the clear.
    Disabled,
    /// None was sent: the configuration in the `HTTPS` record cannot be used.
    Unusable,
}

/// What became of the client's own certificate in a handshake.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ClientCertificate {
    /// The peer did not ask for one, or the handshake did not come so far.
    #[default]
    NotAsked,
    /// The peer asked, and there was none, or none that it would take.
    Withheld,
    /// The peer asked, and was sent one.
    Sent,
}

/// What became of early data, or 0-RTT ([RFC 8446 section
/// 2.3](https://www.rfc-editor.org/rfc/rfc8446#section-2.3)), in a handshake that succeeded.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EarlyData {
    /// None was sent.
    #[default]
    NotSent,
    /// The origin took it: the request has been in the first flight.
    Accepted,
    /// The origin did not look at it, and the request was sent after the handshake.
    Rejected,
}

impl fmt::Display for TlsSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.protocol.as_deref().unwrap_or("none");
        write!(
            f,
            "{}, {}, ALPN {protocol}",
            self.version, self.cipher_suite
        )?;
        f.write_str(match self.ech {
            EncryptedHello::NotSent | EncryptedHello::Greased => "",
            EncryptedHello::Accepted => ", encrypted ClientHello",
            EncryptedHello::AcceptedOnRetry => ", encrypted ClientHello on retry",
            EncryptedHello::Disabled => ", encrypted ClientHello disabled by the origin",
            EncryptedHello::Unusable => ", encrypted ClientHello unusable as DNS has it",
        })?;
        if self.resumed {
            f.write_str(", resumed")?;
        }
        match self.early_data {
            EarlyData::NotSent => Ok(()),
            EarlyData::Accepted => f.write_str(", early data"),
            EarlyData::Rejected => f.write_str(", early data rejected"),
        }
    }
}

/// A TLS alert by its number in [RFC 8446 section
/// 6](https://www.rfc-editor.org/rfc/rfc8446#section-6).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Alert(u8);

impl Alert {
    pub(crate) const fn new(code: u8) -> Self {
        Self(code)
    }

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        self.0
    }

    /// The name in the IANA registry, or `unknown`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            22 => "record_overflow",
            40 => "handshake_failure",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            100 => "no_renegotiation",
            109 => "missing_extension",
            110 => "unsupported_extension",
            112 => "unrecognized_name",
            113 => "bad_certificate_status_response",
            115 => "unknown_psk_identity",
            116 => "certificate_required",
            120 => "no_application_protocol",
            121 => "ech_required",
            _ => "unknown",
        }
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "alert {} ({})", self.0, self.name())
    }
}

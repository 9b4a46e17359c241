//! TLS alerts by number and name.

use std::fmt;

/// A TLS alert, by its number in [RFC 8446 section 6].
///
/// [RFC 8446 section 6]: https://www.rfc-editor.org/rfc/rfc8446#section-6
///
/// `Display` is number and name, as reports have them.
///
/// ```
/// use cdn_origin::Error;
///
/// /// The edge refuses the name in SNI in one of two ways.
/// fn refuses_the_name(error: &Error) -> bool {
///     let refusals = ["handshake_failure", "unrecognized_name"];
///     error.facts().alert().is_some_and(|alert| refusals.contains(&alert.name()))
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Alert(u8);

impl Alert {
    pub(crate) const fn new(code: u8) -> Self {
        Self(code)
    }

    /// Returns the alert's number.
    ///
    /// ```
    /// use cdn_origin::Error;
    ///
    /// /// Whether the edge does not know the name in SNI: `unrecognized_name`.
    /// fn is_unknown_name(error: &Error) -> bool {
    ///     error.facts().alert().is_some_and(|alert| alert.code() == 112)
    /// }
    /// ```
    #[must_use]
    pub fn code(self) -> u8 {
        self.0
    }

    /// Returns the alert's name in the IANA registry, or `unknown`.
    ///
    /// The numbers of older versions of TLS are included. OpenSSL prints other texts for the same
    /// alerts: `sslv3 alert handshake failure` is `handshake_failure`.
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

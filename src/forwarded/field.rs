//! The forwarded fields.

use http::{HeaderName, header::FORWARDED};

/// A field that describes the client to the origin.
///
/// ```
/// use cdn_origin::forwarded::{ForwardedField, ForwardedLayer};
///
/// // The origin reads only the standard field.
/// let layer = ForwardedLayer::new().fields([ForwardedField::Forwarded]);
/// # drop(layer);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ForwardedField {
    /// `Forwarded` ([RFC 7239](https://www.rfc-editor.org/rfc/rfc7239)).
    Forwarded,
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `X-Forwarded-Host`.
    XForwardedHost,
    /// `X-Forwarded-Port`.
    XForwardedPort,
    /// `X-Forwarded-Proto`.
    XForwardedProto,
    /// `X-Real-IP`.
    XRealIp,
}

impl ForwardedField {
    pub(super) const ALL: [Self; 6] = [
        Self::Forwarded,
        Self::XForwardedFor,
        Self::XForwardedHost,
        Self::XForwardedPort,
        Self::XForwardedProto,
        Self::XRealIp,
    ];

    /// The name of the field.
    pub(super) const fn name(self) -> HeaderName {
        match self {
            Self::Forwarded => FORWARDED,
            Self::XForwardedFor => const { HeaderName::from_static("x-forwarded-for") },
            Self::XForwardedHost => const { HeaderName::from_static("x-forwarded-host") },
            Self::XForwardedPort => const { HeaderName::from_static("x-forwarded-port") },
            Self::XForwardedProto => const { HeaderName::from_static("x-forwarded-proto") },
            Self::XRealIp => const { HeaderName::from_static("x-real-ip") },
        }
    }

    /// The field's name, for lines.
    pub(super) fn name_of_line(self) -> &'static HeaderName {
        static NAMES: [HeaderName; 6] = [
            ForwardedField::Forwarded.name(),
            ForwardedField::XForwardedFor.name(),
            ForwardedField::XForwardedHost.name(),
            ForwardedField::XForwardedPort.name(),
            ForwardedField::XForwardedProto.name(),
            ForwardedField::XRealIp.name(),
        ];
        &NAMES[self as usize]
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of fields, as bits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct FieldSet(u8);

impl FieldSet {
    pub(super) const fn with(self, field: ForwardedField) -> Self {
        Self(self.0 | field.bit())
    }

    pub(super) const fn contains(self, field: ForwardedField) -> bool {
        self.0 & field.bit() != 0
    }
}

impl FromIterator<ForwardedField> for FieldSet {
    fn from_iter<I: IntoIterator<Item = ForwardedField>>(fields: I) -> Self {
        fields.into_iter().fold(Self::default(), Self::with)
    }
}

//! `ImportNote`: what becomes of one directive.

use std::{borrow::Cow, fmt};

use crate::error::PeerText;

/// What becomes of a directive.
///
/// | kind | what is left to do |
/// |---|---|
/// | `Mapped` | nothing |
/// | `NoEffect` | nothing |
/// | `Warning` | decide: the text names the risk |
/// | `ByHand` | write the call that the text names |
/// | `Refused` | the text names another way, if there is one |
/// | `Unmapped` | look it up: it may be misspelt |
///
/// ```
/// use cdn_origin::import::{Imported, NoteKind};
///
/// /// Whether a reader has to look at the file again: these kinds leave something to do.
/// fn is_complete(imported: &Imported) -> bool {
///     use NoteKind::{ByHand, Refused, Unmapped, Warning};
///     let open = [ByHand, Refused, Unmapped, Warning];
///     !imported.notes().iter().any(|note| open.contains(&note.kind))
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum NoteKind {
    /// The importer does not translate it. The text names the call to write.
    ByHand,
    /// The configuration has it, or it is the default.
    Mapped,
    /// It concerns neither the origin nor what is sent to it.
    NoEffect,
    /// It cannot be imported. The text says why.
    Refused,
    /// The importer does not know it.
    Unmapped,
    /// It, or its absence, is unsafe or breaks requests. The text says what the import does.
    Warning,
}

impl NoteKind {
    /// Returns the kind in words, such as `no effect`.
    ///
    /// ```
    /// use cdn_origin::import::NoteKind;
    ///
    /// assert_eq!(NoteKind::NoEffect.as_str(), "no effect");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ByHand => "by hand",
            Self::Mapped => "mapped",
            Self::NoEffect => "no effect",
            Self::Refused => "refused",
            Self::Unmapped => "unmapped",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What becomes of one directive, or of its absence.
///
/// It prints as `line 3: proxy_ssl_verify: warning: ...`. Values of fields are not in it: they may
/// be secret.
///
/// ```
/// use cdn_origin::import::{self, NoteKind};
///
/// let text = "location / {
///     proxy_pass https://a.example;
///     proxy_ssl_verify off;
/// }";
/// let imported = import::nginx(text)?;
/// let note = imported.notes().iter().find(|note| note.line == 3);
/// let found = note.map(|note| (note.kind, note.directive.as_str()));
/// assert_eq!(found, Some((NoteKind::Warning, "proxy_ssl_verify")));
/// # Ok::<(), import::ImportError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ImportNote {
    /// The line of the directive, counted from 1.
    ///
    /// For a directive that is missing, the line of the one that it would belong to.
    pub line: usize,
    /// The name of the directive, such as `proxy_set_header Host`.
    pub directive: String,
    /// What becomes of it.
    pub kind: NoteKind,
    /// The call that replaces it, or the reason why there is none.
    pub text: Cow<'static, str>,
}

impl ImportNote {
    pub(super) fn new(line: usize, directive: &str, outcome: Outcome) -> Self {
        const MAX_DIRECTIVE: usize = 80;
        Self {
            line,
            directive: PeerText::new(directive, MAX_DIRECTIVE).into(),
            kind: outcome.kind,
            text: outcome.text,
        }
    }
}

impl fmt::Display for ImportNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            directive,
            kind,
            text,
        } = self;
        write!(f, "line {line}: {directive}: {kind}: {text}")
    }
}

/// The text about a line that lets only some clients in.
pub(super) const ACCESS: &str = "access is not checked: a layer in front of the proxy";

/// What becomes of a directive: kind and text of its note.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Outcome {
    pub(super) kind: NoteKind,
    pub(super) text: Cow<'static, str>,
}

impl Outcome {
    pub(super) fn by_hand(text: impl Into<Cow<'static, str>>) -> Self {
        Self::of(NoteKind::ByHand, text)
    }

    pub(super) fn mapped(text: impl Into<Cow<'static, str>>) -> Self {
        Self::of(NoteKind::Mapped, text)
    }

    pub(super) fn no_effect(text: impl Into<Cow<'static, str>>) -> Self {
        Self::of(NoteKind::NoEffect, text)
    }

    pub(super) fn refused(text: impl Into<Cow<'static, str>>) -> Self {
        Self::of(NoteKind::Refused, text)
    }

    /// Of a value that the configuration does not accept.
    pub(super) fn unusable(problem: &str) -> Self {
        Self::refused(format!("the value cannot be used: {problem}"))
    }

    /// Of a line that lets only some clients in, or only with a secret: nothing checks that here.
    pub(super) fn access() -> Self {
        Self::refused(ACCESS)
    }

    pub(super) fn unmapped() -> Self {
        Self::of(NoteKind::Unmapped, "not known to the importer")
    }

    pub(super) fn warning(text: impl Into<Cow<'static, str>>) -> Self {
        Self::of(NoteKind::Warning, text)
    }

    pub(super) fn of(kind: NoteKind, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

//! How reliable the source of an entry is.

/// The kind of source that an entry was taken from.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum SourceKind {
    /// The edge's own documentation or source code, or a capture of its traffic.
    Primary,
    /// A report of others, such as a scanner's list. No diagnosis calls such an entry certain.
    Secondary,
}

//! What is known of the edges of CDNs and of common servers, as tables.
//!
//! | file | table | used for |
//! |---|---|---|
//! | `host_suffix` | suffixes of the host names that an edge gives to its customers | recognising the dialled edge |
//! | `profiles` | documented limits and requirements of an edge | defaults of a connector, advice |
//! | `placeholder` | certificates that an edge presents for an unknown SNI | diagnosing failed handshakes |
//! | `public_issuers` | issuers whose roots every system trusts | diagnosing an incomplete chain |
//! | `error_pages` | error responses that an edge generates itself | diagnosing refused requests |
//! | `response_marks` | fields that an edge adds to each response it relays | telling a relayed response from the edge's own |
//!
//! Every entry names its source. A [`SourceKind::Primary`] source can make a diagnosis certain, a
//! [`SourceKind::Secondary`] one cannot. Edges change: read the source again before you rely on an
//! old entry.
//!
//! Everything here is data and pure functions over it. Nothing is public: users see the effects in
//! [`AppliedProfile`](crate::connector::AppliedProfile), in advice and in diagnoses.

mod edge_error;
mod error_page;
mod error_pages;
mod host_suffix;
mod placeholder;
mod profile;
mod profiles;
mod public_issuers;
mod response_marks;
mod source_kind;
mod vendor;

pub(crate) use edge_error::EdgeErrorKind;
pub(crate) use error_page::{ErrorPage, EvidenceStrength};
pub(crate) use error_pages::known_error_pages;
pub(crate) use host_suffix::{edge_of_host, is_bucket_with_dots, regional_bucket_host};
pub(crate) use placeholder::{placeholder_by_names, placeholder_by_subject};
pub(crate) use profile::EdgeProfile;
pub(crate) use profiles::profile_of;
pub(crate) use public_issuers::is_public_issuer;
pub(crate) use response_marks::{edges_passed, is_relayed};
pub(crate) use source_kind::SourceKind;
pub(crate) use vendor::Edge;

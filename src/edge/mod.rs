//! What is known of the edges of CDNs and of common servers, as tables.
//!
//! | file | table | used for |
//! |---|---|---|
//! | `edge_of_host` | suffixes of an edge's host names | recognising the dialled edge |
//! | `profile_table` | documented limits and requirements | defaults of a connector, advice |
//! | `placeholder_certificates` | certificates for an unknown SNI | diagnosing failed handshakes |
//! | `public_issuers` | widely trusted issuers | diagnosing an incomplete chain |
//! | `edge_error_pages` | error responses of the edge itself | diagnosing refused requests |
//! | `server_error_pages` | the same of servers and applications | the same |
//! | `response_marks` | fields that an edge adds to responses | recognising relayed responses |
//! | `vendor`, `profile`, `edge_error`, `error_page`, `source_kind` | their types | |
//!
//! Every entry names its source. A [`SourceKind::Primary`] source can make a diagnosis certain, a
//! [`SourceKind::Secondary`] one cannot. Edges change: read the source again before you rely on an
//! old entry.
//!
//! Everything here is data and pure functions over it. Nothing is public: users see the effects in
//! the defaults of a [profile](crate::connector::CdnOriginBuilder::without_edge_profile), in advice
//! and in diagnoses.

mod edge_error;
mod edge_error_pages;
mod edge_of_host;
mod error_page;
mod placeholder_certificates;
mod profile;
mod profile_table;
mod public_issuers;
mod response_marks;
mod server_error_pages;
mod source_kind;
mod vendor;

pub(crate) use edge_error::EdgeErrorKind;
pub(crate) use edge_error_pages::known_error_pages;
pub(crate) use edge_of_host::{
    edge_of_host, is_bucket_in_path, is_bucket_with_dots, is_site_of_edge, regional_bucket_host,
};
pub(crate) use error_page::{ErrorPage, EvidenceStrength};
pub(crate) use placeholder_certificates::{placeholder_by_names, placeholder_by_subject};
pub(crate) use profile::EdgeProfile;
pub(crate) use profile_table::profile_of;
pub(crate) use public_issuers::is_public_issuer;
pub(crate) use response_marks::{edges_passed, is_own_redirect, is_relayed, is_server_page};
pub(crate) use source_kind::SourceKind;
pub(crate) use vendor::Edge;

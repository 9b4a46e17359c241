//! The fields of `tls_certificates`, and where the texts of certificates are.
//!
//! ```text
//! "tls_certificates": [{ "certificate_chain": { "filename": "/tls/chain.pem" },
//!                        "private_key": { "filename": "/tls/key.pem" } }]
//!
//! .client_identity(ClientIdentity::pem_files("/tls/chain.pem", "/tls/key.pem"))
//! ```

use crate::import::{note::Outcome, values::mapped_file};

use super::{
    cluster::{Cluster, ClusterRow},
    message::{Mapping, NoteSink, read},
    node::JsonNode,
};

const PLAIN_KEY: &str = "write a plain key with `openssl pkey -in key.pem -out plain.pem`";

pub(super) const ROWS: [ClusterRow; 8] = [
    ClusterRow::maps(
        "tls_certificates.certificate_chain",
        chain,
        "`ClientIdentity::pem_files`",
    ),
    ClusterRow::maps(
        "tls_certificates.private_key",
        key,
        "`ClientIdentity::pem_files`",
    ),
    ClusterRow::refused("tls_certificates.pkcs12", PLAIN_KEY),
    ClusterRow::refused("tls_certificates.password", PLAIN_KEY),
    ClusterRow::by_hand(
        "tls_certificates.watched_directory",
        "`CdnOriginConnector::reload_if_changed`, called at intervals",
    ),
    ClusterRow::by_hand(
        "tls_certificates.private_key_provider",
        "`ClientIdentity::resolver`",
    ),
    ClusterRow::no_effect("tls_certificates.ocsp_staple", "it concerns servers"),
    ClusterRow::no_effect(
        "tls_certificates.signed_certificate_timestamp",
        "it concerns servers",
    ),
];

/// Reads the first certificate. A connector has one.
pub(super) fn certificates(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let mut certificates = node.list()?.iter();
    let Some(first) = certificates.next() else {
        return Ok(Outcome::no_effect("there is no certificate"));
    };
    read(cluster, "tls_certificates", first, &ROWS);
    for other in certificates {
        let outcome = Outcome::by_hand("`ClientIdentity::resolver` chooses among several");
        cluster.note(other.line, "tls_certificates", outcome);
    }
    Ok(Outcome::mapped(text))
}

fn chain(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let path = file(node, "`ClientIdentity::pem`")?;
    cluster.shared.tls.certificate = Some(path.to_owned());
    Ok(mapped_file(path, text))
}

fn key(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let path = file(node, "`ClientIdentity::pem`")?;
    cluster.shared.tls.key = Some(path.to_owned());
    Ok(mapped_file(path, text))
}

/// The path of a data source. `call` takes the text itself.
///
/// By hand for `inline_string`, `inline_bytes` and environment variables: a key is never copied
/// into code.
pub(super) fn file<'a>(source: &'a JsonNode, call: &'static str) -> Result<&'a str, Outcome> {
    match source.get("filename") {
        Some(path) => path.text(),
        None => Err(Outcome::by_hand(format!(
            "the text is not in a file: {call}"
        ))),
    }
}

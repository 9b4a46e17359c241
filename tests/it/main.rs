//! The integration tests, in one binary.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails; `allow-unwrap-in-tests` does not reach the helpers"
)]

mod adapter_matrix;
mod adapters;
mod after_handshake;
mod architecture;
mod awaited_bodies;
mod bodies;
mod building;
mod cancellation;
mod causes;
mod certificate_causes;
mod certificate_chains;
mod client_deadline;
mod client_facts;
mod closing_origin;
#[cfg(feature = "serde")]
mod config;
#[cfg(feature = "axum")]
mod cookbook;
mod draining;
mod early_answers;
mod early_data;
mod ech;
mod edge_pages;
mod edge_setups;
mod errors;
mod exchange_causes;
mod exposure;
mod extremes;
mod failing;
mod fair_shares;
mod faults;
mod field;
mod fix_texts;
mod former_origins;
mod forwarded;
mod frames;
mod fuzzing;
mod groups;
#[cfg(feature = "axum")]
mod grpc;
mod guard;
mod guide_tables;
mod hardening;
mod hardening_index;
#[cfg(feature = "hickory")]
mod hickory;
#[cfg(feature = "hickory")]
mod hickory_tls;
mod host_rewrite;
mod hostile_certificates;
mod hostile_chains;
mod hosts;
mod http_get;
mod identity;
#[cfg(feature = "import")]
mod import;
mod interop;
mod late_ends;
mod library_errors;
mod limits;
mod links;
mod local_system;
mod look_alikes;
mod lookups_of_families;
mod maps;
mod memory;
mod messages;
mod names;
mod observe;
mod origin;
mod parameters;
mod peers;
mod pki;
mod pool;
mod pool_dns;
mod pool_ends;
mod pool_hostile;
mod pool_http2;
mod pool_http2_retries;
mod pool_http2_waits;
mod pool_lock;
mod pool_replay;
mod pool_retries;
mod pool_runtimes;
mod pool_silent;
mod pool_stale;
mod pool_tasks;
mod pool_waits;
#[rustfmt::skip]
mod printed_code;
mod probe;
mod probe_evidence;
mod probe_headers;
mod probe_hosts;
mod probe_peers;
#[cfg(feature = "cli")]
mod probe_program;
mod probe_stalls;
mod probe_tls;
mod profiles;
mod proofs;
#[cfg(feature = "axum")]
mod proxy_fields;
mod proxy_headers;
mod proxy_protocol;
mod public_api;
mod race;
mod recipes;
mod relay;
mod reload;
mod request_content;
mod request_facts;
#[cfg(feature = "reqwest")]
mod reqwest_client;
mod resolve;
mod response_case;
mod response_rewrite;
mod responses;
mod resumption;
mod rfc;
#[cfg(all(feature = "axum", feature = "metrics", feature = "serde"))]
mod serve_example;
mod settings_page;
mod simulation;
mod smuggling;
mod sni;
mod socket_adapter;
mod sockets;
mod supply_chain;
mod support;
mod symptom_index;
mod tenants;
mod test_edge;
mod timeout_stages;
mod tls_edges;
mod tls_facts;
#[cfg(feature = "tonic")]
mod tonic_endpoint;
#[cfg(feature = "axum")]
mod trailers;
mod transports;
mod types;
mod unread;
#[cfg(feature = "axum")]
mod upgrades;
mod uploads;
mod verify;
mod verify_limbo;
mod verify_matrix;
mod verify_policies;
mod verify_revocation;
mod verify_webpki;
mod versions;

//! The rules for errors: tables of "if the evidence is this, the cause is that".
//!
//! | file | question |
//! |---|---|
//! | `error_evidence` | What is known of the failure? |
//! | `presented_certificate` | What is known of the certificate? |
//! | `rule` | What is a rule? |
//! | `unsent_requests` | Why was the request not sent? |
//! | `connect_failures` | Why was no address reached? |
//! | `tls_alerts` | Which alert did the peer send, and when? |
//! | `client_certificate_refusals` | Why does it refuse our client certificate? |
//! | `certificate_names`, `unknown_issuers` | Is the certificate for other names, or untrusted? |
//! | `certificate_refusals` | Why else was the certificate refused? |
//! | `ech_failures` | Did Encrypted Client Hello fail? |
//! | `handshake_failures`, `tls_versions` | Why else did the handshake fail? |
//! | `service_greetings` | Which service names itself in its first bytes? |
//! | `broken_tls` | How did the peer break the TLS protocol? |
//! | `proxy_protocol_mismatch` | Was a PROXY protocol header unexpected, or missing? |
//! | `http_faults` | Which rule of HTTP/1 does the response break? |
//! | `http2_codes` | What does an error code of HTTP/2 mean? |
//! | `exchange_failures` | Why did the request get no response? |
//! | `diagnose_error` | Which of these tables apply to an error? |

mod broken_tls;
mod certificate_names;
mod certificate_refusals;
mod client_certificate_refusals;
mod connect_failures;
mod diagnose_error;
mod ech_failures;
mod error_evidence;
mod exchange_failures;
mod handshake_failures;
mod http2_codes;
mod http_faults;
mod presented_certificate;
mod proxy_protocol_mismatch;
mod rule;
mod service_greetings;
mod tls_alerts;
mod tls_versions;
mod unknown_issuers;
mod unsent_requests;

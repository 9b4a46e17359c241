//! The rules for errors: tables of "if the evidence is this, the cause is that".
//!
//! | file | question |
//! |---|---|
//! | `evidence` | What is known of the failure? |
//! | `presented_certificate` | What is known of the certificate? |
//! | `rule` | What is a rule? |
//! | `refused_requests` | Why was the request refused before it was sent? |
//! | `connect` | Why was no address reached? |
//! | `alerts` | Which alert did the peer send, and when? |
//! | `client_certificate_refusals` | Why does it refuse our client certificate? |
//! | `certificate_names`, `unknown_issuers`, `certificates` | Why was the certificate refused? |
//! | `ech` | Did Encrypted Client Hello fail? |
//! | `handshake`, `tls_versions` | Why else did the handshake fail? |
//! | `service_greetings` | Which service names itself in its first bytes? |
//! | `broken_tls` | How did the peer break the TLS protocol? |
//! | `proxy_protocol` | Was a PROXY protocol header unexpected, or missing? |
//! | `http` | Which rule of HTTP does the response break? |
//! | `exchange` | Why did the request get no response? |
//! | `diagnose` | Which of these tables apply to an error? |

mod alerts;
mod broken_tls;
mod certificate_names;
mod certificates;
mod client_certificate_refusals;
mod connect;
mod diagnose;
mod ech;
mod evidence;
mod exchange;
mod handshake;
mod http;
mod presented_certificate;
mod proxy_protocol;
mod refused_requests;
mod rule;
mod service_greetings;
mod tls_versions;
mod unknown_issuers;

//! Finds by trial which names and protocols an origin accepts.
//!
//! The diagnosis of one failure is often only likely: TLS alert 40 has several causes. A probe
//! changes one thing at a time. A change that gets further makes its cause certain, and the result
//! is builder code that works.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = cdn_origin::CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!     .host("www.example.com")
//!     .build()?;
//! let findings = cdn_origin::probe(&connector).await?;
//! println!("{findings}"); // every attempt, the causes, and the builder code that works
//! # Ok(())
//! # }
//! ```
//!
//! The same at the command line:
//!
//! ```text
//! cargo install cdn-origin --features cli
//! cdn-origin-probe https://d1234567890.cloudfront.net --host www.example.com
//! cdn-origin-probe --config origins.toml     # each origin of a configuration file
//! ```
//!
//! With a configuration file, it sends the Host that the service sends, and prints keys in place of
//! builder code.
//!
//! A probe is a tool for engineers, not for the path of requests. It opens a few connections, one
//! after the other, with a pause in between. On each it sends one `GET /`.
//!
//! # What counts as proof
//!
//! Attempts are ranked by what they proved about the peer, not by the stage at which they failed:
//!
//! | proved | by |
//! |---|---|
//! | nothing | no address was reached |
//! | connected | TCP connected; nothing, or another protocol, came back |
//! | answered | bytes of the protocol that was tried: a TLS alert, the start of a response |
//! | certificate received | a certificate for other names than the expected one |
//! | expected certificate | a certificate for the expected name, refused for another reason |
//! | verified | the certificate was accepted |
//! | refused by the edge | a response that the edge itself sent, such as a 421 |
//! | site error | an error that may be the site's own |
//! | success | any other response |
//!
//! A success works. So does a 401, 404 or 405 possibly: an API may have nothing at `/`. Any other
//! error, such as a 403 or a 503, may be a refusal of the Host, and does not count as working.
//!
//! A change is the fix if the attempt with it proved more, and enough for this kind of change:
//!
//! | change | proved at least |
//! |---|---|
//! | https in place of http, small ClientHello, ALPN | answered |
//! | with or without a PROXY protocol header | answered |
//! | TLS versions, NIST curves first | certificate received |
//! | SNI | expected certificate, or a certificate for that SNI, as no default certificate is |
//! | expected name | verified |
//! | SNI with an expected name | verified |
//! | Host, SNI with the same Host, `X-Forwarded-Proto: https` | site error |
//!
//! * **Chance is excluded.** If the failure was silence, the end of the connection or an error of
//!   the site, the attempt before the change is made again. If it gets further this time, the
//!   change proved nothing.
//! * **Certain** means that two attempts differed only in this change, and that the failure is
//!   stable. If a limit leaves no time to repeat the failed attempt, the cause is only likely. It
//!   is only likely, too, if another Host replaces an error of the site that names no cause.
//! * **An answer is no proof that the Host is served.** A default site answers any Host. So the
//!   last attempt repeats what works with a made-up Host. If it gets the same status, the result is
//!   only [possible](Findings::working_certainty).
//! * **Failed changes count, too.** Their fixes are removed. Plain HTTP to a TLS port is no cause
//!   if a ClientHello got no byte of TLS back. If every name is refused alike, the edge likely
//!   serves another name; where only one is known, missing cipher suites are as likely. If one
//!   attempt reveals the service, such as SSH, that cause is given for all.
//!
//! # What it tries
//!
//! The best attempt so far decides which changes are tried, each alone, in this order:
//!
//! | it ended | changes |
//! |---|---|
//! | at the TCP connect | https at port 443; http at port 80 if the endpoint has no TLS |
//! | in the handshake: plain HTTP came back | plain http, see below |
//! | in the handshake: no common version | TLS 1.2 to 1.3, TLS 1.2, TLS 1.3 |
//! | in the handshake: no common ALPN | h2 and http/1.1, http/1.1 |
//! | in the handshake: certificate for another name | expected name, SNI, no SNI, added name |
//! | in the handshake: certificate refused | other SNI, no SNI |
//! | in the handshake: an alert, or no SNI | SNI, small ClientHello, NIST curves, versions, ALPN |
//! | in the handshake: the end | small ClientHello, as above, PROXY protocol header |
//! | in the handshake: silence | small ClientHello, SNI, TLS 1.2 |
//! | after plain http, without a response | https, PROXY protocol header |
//! | with a redirect to https or to the same address | `X-Forwarded-Proto: https`, https |
//! | after a configured PROXY protocol header | first of all, none |
//! | after the TLS handshake | ALPN, unless the origin refuses the client |
//! | with a response that refuses | the fixes of its diagnosis, then Host, then SNI |
//!
//! A small ClientHello has no post-quantum key share, which is larger than a packet. It is tried
//! before TLS versions are blamed. If another name in SNI gets a certificate in place of an alert,
//! no groups, versions or ALPN are tried: the ClientHello is accepted.
//!
//! Names to try come from [`Probe::try_name`], then from Host, the expected name, the URL, SNI and
//! the dialled host. An added name is expected, too, if the certificate is valid for it.
//!
//! If no change gets further, two names may be wrong. Then SNI is changed together with a second
//! name, as far as the attempts with that SNI alone suggest one:
//!
//! | with the SNI alone | is tried together with it |
//! |---|---|
//! | a certificate that is valid for a name to try, or for the SNI itself | that expected name |
//! | a response that refuses | the same name in Host |
//!
//! The probe ends with what works and its repetition with a made-up Host, if no change proves more,
//! or at a limit: 19 attempts and 60 s by default. An attempt has 10 s to connect, 10 s for the
//! response, and 10 s for the body of a success. If the peer stalls, its line says what was
//! missing: TCP, the TLS answer, the response, or the body.
//!
//! # What it never does
//!
//! * **Weaken verification.** Each attempt uses the policy of the connector. If every attempt fails
//!   because the certificate has no trusted issuer, that is the cause in the findings. A key that
//!   is presented in place of a known edge's is not offered as a pin.
//! * **Send plaintext to an https origin unasked.** Plain http is tried only if the peer answered
//!   the ClientHello in plain HTTP, or if the endpoint is known not to support TLS. Port 443 and
//!   edges with TLS never get it. Only a success counts then: a device on the path may send a
//!   refusal or a redirect.
//!
//!   To try plain http, probe an http URL. A peer that answers a PROXY protocol header in plain
//!   HTTP may still expect TLS. So the probe sends it a ClientHello without the header, and no
//!   plain http.
//! * **Offer an unproved name.** A name that only the certificate contains is not tried: the peer
//!   that presents a certificate chooses its names. The findings list it as `fix, not tried`.
//! * **Send more than `GET /`.** It has no cookies, credentials or body. `X-Forwarded-Proto: https`
//!   is added only after a redirect that this field may end.

// | file | what it holds |
// |---|---|
// | `run`, `probe_settings` | configures a probe and runs it |
// | `search` | makes attempts, each one change away from the best so far |
// | `candidates` | which changes are tried next |
// | `combination`, `setting_change` | the settings of an attempt, and one difference |
// | `run_attempt` | the connection and the request of one attempt |
// | `attempt`, `attempt_result` | an attempt, and how it ended |
// | `progress` | how much an attempt has proved about the peer |
// | `compare_hosts` | whether the origin answers any Host alike |
// | `deduce_cause` | the cause that an attempt with a change proves |
// | `conclusion` | what may still be wrong with the best attempt |
// | `known_edge`, `key_exchange_groups` | what attempts offer to a known edge, and in TLS |
// | `findings` | the result, and the code that it prints |

mod attempt;
mod attempt_result;
mod candidates;
mod combination;
mod compare_hosts;
mod conclusion;
mod deduce_cause;
mod findings;
mod key_exchange_groups;
mod known_edge;
#[cfg(test)]
mod printed_code;
mod probe_settings;
mod progress;
mod run;
mod run_attempt;
mod search;
mod setting_change;

use crate::connector::CdnOriginConnector;

pub use attempt::ProbeAttempt;
pub use findings::Findings;
pub use run::Probe;

/// Creates a probe of a connector's origin. `.await` runs it.
///
/// The connector itself is not changed, and its pool is not used.
///
/// # Examples
///
/// ```no_run
/// # async fn run(connector: cdn_origin::CdnOriginConnector) -> Result<(), cdn_origin::Error> {
/// let findings = cdn_origin::probe(&connector).await?;
/// println!("{findings}");
/// if let Some(working) = findings.working() {
///     println!("this works:\n{}", working.builder_code());
/// }
/// # Ok(())
/// # }
/// ```
pub fn probe(connector: &CdnOriginConnector) -> Probe {
    Probe::new(connector)
}

//! `Timeouts`: how long connecting may take. Other files enforce it:
//!
//! | timeout | file |
//! |---|---|
//! | `dial` | `dial/tcp_dialer.rs`; of other transports: `dial/transport.rs` |
//! | `dial`, of the PROXY header | `dial/proxy_protocol.rs` |
//! | `tls_handshake` | `tls/handshake/run_handshake.rs` |
//! | `connect` | `connect.rs`, which shortens the timeout of each step |

use std::time::Duration;

use crate::error::{BuildProblem, BuildProblemKind};

/// How long connecting may take: the timeout of each step, and of all steps together.
///
/// | call | default | starts | ends |
/// |---|---|---|---|
/// | [`dial`](Self::dial) | 10 s | with the look-up | after TCP and PROXY header |
/// | [`tls_handshake`](Self::tls_handshake) | 10 s | with the ClientHello | with the handshake |
/// | [`connect`](Self::connect) | 15 s | with the look-up | when the stream is ready |
///
/// ```text
/// resolve ──> connect TCP ──> PROXY header ──> TLS handshake ──> stream
/// |<------------- dial ------------------->|<-- tls_handshake -->|
/// |<------------------------- connect -------------------------->|
/// ```
///
/// If a step takes longer, the connect fails with
/// [`ErrorKind::TimedOut`](crate::error::ErrorKind::TimedOut), and
/// [`Error::stage`](crate::Error::stage) names the step. `OriginProxy` answers 504. `build()` fails
/// for a timeout of zero. `Duration::MAX` turns a timeout off. The [guide](crate::guide::timeouts)
/// also lists the timeouts of the pool and the proxy.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, connector::Timeouts};
///
/// let timeouts = Timeouts::default()
///     .dial(Duration::from_secs(2))
///     .tls_handshake(Duration::from_secs(2))
///     .connect(Duration::from_secs(3));
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .timeouts(timeouts)
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "these timeouts do nothing until a builder is given them"]
pub struct Timeouts {
    pub(crate) dial: Duration,
    pub(crate) tls_handshake: Duration,
    pub(crate) connect: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            dial: Duration::from_secs(10),
            tls_handshake: Duration::from_secs(10),
            connect: Duration::from_secs(15),
        }
    }
}

impl Timeouts {
    /// Sets the timeout of resolving and connecting, for all addresses together.
    ///
    /// The default is 10 s. It includes writing the [PROXY header](crate::dial::ProxyProtocol).
    ///
    /// ```
    /// use std::time::Duration;
    /// use cdn_origin::connector::Timeouts;
    ///
    /// let timeouts = Timeouts::default().dial(Duration::from_secs(3));
    /// ```
    pub fn dial(mut self, timeout: Duration) -> Self {
        self.dial = timeout;
        self
    }

    /// Sets the timeout of the TLS handshake.
    ///
    /// The default is 10 s. A second handshake, after the origin has rejected ECH, has a timeout of
    /// its own.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cdn_origin::connector::Timeouts;
    ///
    /// let timeouts = Timeouts::default().tls_handshake(Duration::from_secs(3));
    /// ```
    pub fn tls_handshake(mut self, timeout: Duration) -> Self {
        self.tls_handshake = timeout;
        self
    }

    /// Sets the timeout of all steps together, from the look-up to the end of the handshake.
    ///
    /// The default is 15 s. Each step may take the remaining time, but at most its own timeout.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cdn_origin::connector::Timeouts;
    ///
    /// let timeouts = Timeouts::default().connect(Duration::from_secs(5));
    /// ```
    pub fn connect(mut self, timeout: Duration) -> Self {
        self.connect = timeout;
        self
    }

    pub(super) fn check(&self, problems: &mut Vec<BuildProblem>) {
        let all = [
            ("Timeouts::dial", self.dial),
            ("Timeouts::tls_handshake", self.tls_handshake),
            ("Timeouts::connect", self.connect),
        ];
        for (setter, _) in all.into_iter().filter(|(_, timeout)| timeout.is_zero()) {
            let why = "a timeout must be greater than zero";
            let kind = BuildProblemKind::OutOfRange;
            problems.push(BuildProblem::new(setter, kind, why));
        }
    }
}

//! `SocketOptions`: options that are set before the connect (`connect_socket.rs`).

#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use socket2::SockRef;

use crate::{
    dial::{Families, TcpKeepalive},
    error::{BuildProblem, BuildProblemKind},
};

/// Options of dialled TCP sockets.
///
/// | call | nginx | HAProxy | default |
/// |---|---|---|---|
/// | [`local_address`] | `proxy_bind` | `source` | the system's choice |
/// | [`interface`], Linux | | `source .. interface` | the system's choice |
/// | [`user_timeout`], Linux | | `tcp-ut` | the system's |
/// | [`send_buffer`] | `proxy_socket_sndbuf` | | the system's |
/// | [`receive_buffer`] | `proxy_socket_rcvbuf` | | the system's |
/// | [`mark`], Linux | | `set-bc-mark` | none |
/// | [`dscp`] | | `set-bc-tos` | 0 |
/// | [`keepalive`] | `proxy_socket_keepalive` | `option srvtcpka` | 15 s, 15 s, 3 probes |
/// | [`no_keepalive`] | | | keepalive is on |
/// | [`nagle`] | `tcp_nodelay off` | | off: `TCP_NODELAY` is set |
/// | [`each`], Unix | | | none |
///
/// `build()` fails for an invalid value, and for a Linux option on another system. TCP Fast Open is
/// [not offered](crate::dial#what-is-not-offered).
///
/// [`local_address`]: Self::local_address
/// [`interface`]: Self::interface
/// [`user_timeout`]: Self::user_timeout
/// [`send_buffer`]: Self::send_buffer
/// [`receive_buffer`]: Self::receive_buffer
/// [`mark`]: Self::mark
/// [`dscp`]: Self::dscp
/// [`keepalive`]: Self::keepalive
/// [`no_keepalive`]: Self::no_keepalive
/// [`nagle`]: Self::nagle
#[cfg_attr(unix, doc = "[`each`]: Self::each")]
#[cfg_attr(not(unix), doc = "[`each`]: crate::dial::SocketOptions")]
///
/// ```
/// use std::{net::Ipv4Addr, time::Duration};
///
/// use cdn_origin::{CdnOriginConnector, dial::SocketOptions};
///
/// let options = SocketOptions::default().local_address(Ipv4Addr::LOCALHOST).dscp(10);
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .socket_options(options)
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "these options do nothing until a builder is given them"]
pub struct SocketOptions {
    pub(crate) local_v4: Option<Ipv4Addr>,
    pub(crate) local_v6: Option<Ipv6Addr>,
    pub(crate) interface: Option<String>,
    pub(crate) nagle: bool,
    pub(crate) user_timeout: Option<Duration>,
    pub(crate) send_buffer: Option<usize>,
    pub(crate) receive_buffer: Option<usize>,
    pub(crate) mark: Option<u32>,
    pub(crate) dscp: Option<u8>,
    pub(crate) keepalive: TcpKeepalive,
    pub(crate) each: Option<SocketHook>,
}

/// The application's own options.
pub(crate) type SocketHook = Arc<dyn Fn(&SockRef<'_>) -> io::Result<()> + Send + Sync>;

impl SocketOptions {
    /// Whether no option was set.
    #[cfg(feature = "reqwest")]
    pub(crate) fn is_default(&self) -> bool {
        let Self {
            local_v4,
            local_v6,
            interface,
            nagle,
            user_timeout,
            send_buffer,
            receive_buffer,
            mark,
            dscp,
            keepalive,
            each,
        } = self;
        let addresses = local_v4.is_none() && local_v6.is_none() && interface.is_none();
        let buffers = send_buffer.is_none() && receive_buffer.is_none();
        let marks = mark.is_none() && dscp.is_none();
        let times = user_timeout.is_none() && *keepalive == TcpKeepalive::default() && !nagle;
        addresses && buffers && marks && times && each.is_none()
    }

    /// Sets the local address to connect from.
    ///
    /// Call it once for each address family. Only families with a local address are then dialled.
    ///
    /// Each connection then occupies one ephemeral port of this address, whatever its destination.
    /// Linux has about 28 000, and a closed connection can keep its port for one minute. nginx and
    /// HAProxy avoid that limit with `IP_BIND_ADDRESS_NO_PORT`. Here, `each` can set it, for
    /// example with `IpBindAddressNoPort` of the crate `nix`.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use cdn_origin::dial::SocketOptions;
    ///
    /// let options = SocketOptions::default().local_address(Ipv4Addr::LOCALHOST);
    /// ```
    pub fn local_address(mut self, address: impl Into<IpAddr>) -> Self {
        match address.into() {
            IpAddr::V4(address) => self.local_v4 = Some(address),
            IpAddr::V6(address) => self.local_v6 = Some(address),
        }
        self
    }

    /// Sets the network interface to connect through, such as `eth1` (`SO_BINDTODEVICE`).
    ///
    /// Linux only. Kernels before 5.7 require `CAP_NET_RAW`.
    pub fn interface(mut self, name: impl Into<String>) -> Self {
        self.interface = Some(name.into());
        self
    }

    /// Sets the TCP keepalive probes, which detect a peer that has disappeared.
    ///
    /// The first probe is sent after `idle` without data, then one every `interval`. The system
    /// closes the connection after `retries` probes without an answer ([RFC 9293 section 3.8.4]).
    /// The default is 15 s, 15 s and 3 probes.
    ///
    /// As in Linux, whole seconds from 1 s to 32 767 s count, and from 1 to 127 retries.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cdn_origin::dial::SocketOptions;
    ///
    /// let (idle, interval) = (Duration::from_secs(60), Duration::from_secs(10));
    /// let options = SocketOptions::default().keepalive(idle, interval, 6);
    /// ```
    ///
    /// [RFC 9293 section 3.8.4]: https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4
    pub fn keepalive(mut self, idle: Duration, interval: Duration, retries: u32) -> Self {
        self.keepalive = TcpKeepalive::probe(idle, interval, retries);
        self
    }

    /// Turns TCP keepalive off.
    pub fn no_keepalive(mut self) -> Self {
        self.keepalive = TcpKeepalive::off();
        self
    }

    /// Turns Nagle's algorithm on, which delays small writes while earlier ones are unacknowledged.
    ///
    /// The default is off: `TCP_NODELAY` is set.
    pub fn nagle(mut self) -> Self {
        self.nagle = true;
        self
    }

    /// Sets how long sent data may stay unacknowledged (`TCP_USER_TIMEOUT`).
    ///
    /// The system then closes the connection ([RFC 5482](https://www.rfc-editor.org/rfc/rfc5482)).
    /// The default is the system's. Linux only. Times are clamped to 1 ms to 24 days, the limits of
    /// Linux. `build()` fails for zero.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, dial::SocketOptions};
    ///
    /// let connector = CdnOriginConnector::builder("https://origin.example")
    ///     .socket_options(SocketOptions::default().user_timeout(Duration::from_secs(30)))
    ///     .build()?;
    /// # drop(connector);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn user_timeout(mut self, time: Duration) -> Self {
        self.user_timeout = Some(time);
        self
    }

    /// Sets the size of the send buffer in bytes (`SO_SNDBUF`).
    ///
    /// The default is the system's, which adapts. The system has limits of its own, and uses the
    /// nearest size. `build()` fails for zero.
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.send_buffer = Some(bytes);
        self
    }

    /// Sets the size of the receive buffer in bytes (`SO_RCVBUF`).
    ///
    /// The default is the system's, which adapts. The system has limits of its own, and uses the
    /// nearest size. `build()` fails for zero.
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.receive_buffer = Some(bytes);
        self
    }

    /// Sets the mark of packets for routing (`SO_MARK`).
    ///
    /// The default is none. Linux only, and requires `CAP_NET_ADMIN`.
    pub fn mark(mut self, mark: u32) -> Self {
        self.mark = Some(mark);
        self
    }

    /// Sets the differentiated services code point of packets
    /// ([RFC 2474](https://www.rfc-editor.org/rfc/rfc2474)).
    ///
    /// The default is 0. `build()` fails for more than 63.
    pub fn dscp(mut self, code_point: u8) -> Self {
        self.dscp = Some(code_point);
        self
    }

    /// Calls `set` on each socket before it connects, for options without a setter here.
    ///
    /// `socket2::SockRef::from(&fd)` and `rustix::net::sockopt` set options of such a socket. An
    /// error fails the attempt to connect.
    ///
    /// ```
    /// use cdn_origin::dial::SocketOptions;
    ///
    /// let options = SocketOptions::default()
    ///     .each(|socket| socket2::SockRef::from(&socket).set_ttl_v4(32));
    /// ```
    #[cfg(unix)]
    pub fn each(
        mut self,
        set: impl Fn(BorrowedFd<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        use std::os::fd::AsFd;
        self.each = Some(Arc::new(move |socket| set(socket.as_fd())));
        self
    }

    /// The address families that have a local address. Both, if none is set.
    pub(crate) fn families(&self) -> Families {
        match (self.local_v4, self.local_v6) {
            (Some(_), None) => Families::V4,
            (None, Some(_)) => Families::V6,
            (Some(_), Some(_)) | (None, None) => Families::Both,
        }
    }

    /// The local address from which to connect to `address`.
    pub(super) fn local(&self, address: IpAddr) -> Option<IpAddr> {
        match address {
            IpAddr::V4(_) => self.local_v4.map(IpAddr::V4),
            IpAddr::V6(_) => self.local_v6.map(IpAddr::V6),
        }
    }

    /// Sets everything except the local address.
    pub(super) fn apply(&self, socket: &SockRef<'_>, address: IpAddr) -> io::Result<()> {
        // Heads and bodies are written in full, so coalescing only adds delay.
        socket.set_tcp_nodelay(!self.nagle)?;
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes.min(MAX_BUFFER))?;
        }
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes.min(MAX_BUFFER))?;
        }
        if let Some(code_point) = self.dscp {
            // The low two bits are the congestion notification field.
            let octet = u32::from(code_point) << 2;
            match address {
                IpAddr::V4(_) => socket.set_tos_v4(octet)?,
                IpAddr::V6(_) => socket.set_tclass_v6(octet)?,
            }
        }
        self.keepalive.apply(socket)?;
        self.apply_user_timeout(socket)?;
        self.choose_route(socket)?;
        match &self.each {
            Some(set) => set(socket),
            None => Ok(()),
        }
    }

    #[cfg(target_os = "linux")]
    fn apply_user_timeout(&self, socket: &SockRef<'_>) -> io::Result<()> {
        match self.user_timeout {
            Some(time) => {
                let time = time.clamp(MIN_USER_TIMEOUT, MAX_USER_TIMEOUT);
                socket.set_tcp_user_timeout(Some(time))
            }
            None => Ok(()),
        }
    }

    /// Sets the options that affect routing.
    #[cfg(target_os = "linux")]
    pub(super) fn choose_route(&self, socket: &SockRef<'_>) -> io::Result<()> {
        if let Some(name) = &self.interface {
            socket.bind_device(Some(name.as_bytes()))?;
        }
        match self.mark {
            Some(mark) => socket.set_mark(mark),
            None => Ok(()),
        }
    }

    /// Does nothing: [`check`](Self::check) refuses the option on this system.
    #[cfg(not(target_os = "linux"))]
    fn apply_user_timeout(&self, _: &SockRef<'_>) -> io::Result<()> {
        Ok(())
    }

    /// Does nothing: [`check`](Self::check) refuses the option on this system.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn choose_route(&self, _: &SockRef<'_>) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn check(&self, problems: &mut Vec<BuildProblem>) {
        let mut refuse = |setter, why: &'static str| {
            let kind = BuildProblemKind::Unsupported;
            problems.push(BuildProblem::new(setter, kind, why));
        };
        if self.dscp.is_some_and(|code_point| code_point > 63) {
            refuse("SocketOptions::dscp", "a code point is at most 63");
        }
        if self.interface.as_deref().is_some_and(is_invalid_interface) {
            let why = "an interface's name has 1 to 15 bytes, without a slash, a space or a zero";
            refuse("SocketOptions::interface", why);
        }
        if self.user_timeout.is_some_and(|time| time.is_zero()) {
            let why = "zero would mean the system's default";
            refuse("SocketOptions::user_timeout", why);
        }
        if self.send_buffer == Some(0) {
            refuse("SocketOptions::send_buffer", TOO_SMALL);
        }
        if self.receive_buffer == Some(0) {
            refuse("SocketOptions::receive_buffer", TOO_SMALL);
        }
        if !cfg!(target_os = "linux") {
            let linux_only = [
                ("SocketOptions::interface", self.interface.is_some()),
                ("SocketOptions::mark", self.mark.is_some()),
                ("SocketOptions::user_timeout", self.user_timeout.is_some()),
            ];
            for (setter, _) in linux_only.into_iter().filter(|(_, is_set)| *is_set) {
                refuse(setter, "only Linux has this option");
            }
        }
    }
}

const TOO_SMALL: &str = "a buffer holds at least one byte";

/// The system takes sizes as a C `int`.
const MAX_BUFFER: usize = i32::MAX as usize;

/// Zero would mean the system's default.
#[cfg(target_os = "linux")]
const MIN_USER_TIMEOUT: Duration = Duration::from_millis(1);

/// Linux takes milliseconds as a C `int`.
#[cfg(target_os = "linux")]
const MAX_USER_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);

/// Whether the kernel refuses the name. It has at most 15 bytes before the final zero byte.
fn is_invalid_interface(name: &str) -> bool {
    name.is_empty()
        || name.len() > 15
        || name.contains(['/', '\0'])
        || name.contains(char::is_whitespace)
}

impl fmt::Debug for SocketOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketOptions")
            .field("local_v4", &self.local_v4)
            .field("local_v6", &self.local_v6)
            .field("interface", &self.interface)
            .field("nagle", &self.nagle)
            .field("user_timeout", &self.user_timeout)
            .field("send_buffer", &self.send_buffer)
            .field("receive_buffer", &self.receive_buffer)
            .field("mark", &self.mark)
            .field("dscp", &self.dscp)
            .field("keepalive", &self.keepalive)
            .finish_non_exhaustive()
    }
}

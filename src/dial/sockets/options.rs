//! Socket options.

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
/// | [`local_address`](Self::local_address) | `proxy_bind` | `source` | the system chooses |
/// | [`interface`](Self::interface), Linux | | `source .. interface` | the system chooses |
/// | [`user_timeout`](Self::user_timeout), Linux | | `tcp-ut` | the system's |
/// | [`send_buffer`](Self::send_buffer), [`receive_buffer`](Self::receive_buffer) | `proxy_socket_sndbuf`, `proxy_socket_rcvbuf` | | the system's |
/// | [`mark`](Self::mark), Linux | | `set-bc-mark` | none |
/// | [`dscp`](Self::dscp) | | `set-bc-tos` | 0 |
/// | [`keepalive`](Self::keepalive) | `proxy_socket_keepalive` | `option srvtcpka` | after 15 s, every 15 s, 3 probes |
/// | [`nagle`](Self::nagle) | `tcp_nodelay off` | | off: nothing is delayed |
/// | [`each`](Self::each), Unix | | | |
///
/// TCP Fast Open is [not offered](crate::dial#what-is-not-offered).
///
/// ```
/// use std::{net::Ipv4Addr, time::Duration};
///
/// use cdn_origin::{CdnOriginConnector, dial::SocketOptions};
///
/// let options = SocketOptions::default()
///     .local_address(Ipv4Addr::LOCALHOST)
///     .dscp(10);
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .socket_options(options)
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "these options do nothing until a builder is given them"]
pub struct SocketOptions {
    local_v4: Option<Ipv4Addr>,
    local_v6: Option<Ipv6Addr>,
    interface: Option<String>,
    nagle: bool,
    user_timeout: Option<Duration>,
    send_buffer: Option<usize>,
    receive_buffer: Option<usize>,
    mark: Option<u32>,
    dscp: Option<u8>,
    keepalive: TcpKeepalive,
    each: Option<Each>,
}

/// The caller's own options.
type Each = Arc<dyn Fn(&SockRef<'_>) -> io::Result<()> + Send + Sync>;

impl SocketOptions {
    /// Connects from this address. Call it once for each family: once it was called, only families
    /// that have an address are dialled.
    ///
    /// Each connection then takes a port of this address for itself, wherever it leads to: there
    /// can be as many as the system has ephemeral ports, some 28 000 on Linux, and those just
    /// closed count for a minute. nginx and HAProxy set `IP_BIND_ADDRESS_NO_PORT` against that;
    /// [`each`](Self::each) with `IpBindAddressNoPort` of the crate `nix` does so here.
    pub fn local_address(mut self, address: impl Into<IpAddr>) -> Self {
        match address.into() {
            IpAddr::V4(address) => self.local_v4 = Some(address),
            IpAddr::V6(address) => self.local_v6 = Some(address),
        }
        self
    }

    /// Connects through this interface, such as `eth1`. Linux alone; older kernels ask for
    /// `CAP_NET_RAW`.
    pub fn interface(mut self, name: impl Into<String>) -> Self {
        self.interface = Some(name.into());
        self
    }

    /// Sets TCP keepalive.
    ///
    /// The default probes an idle connection after 15 s, every 15 s, and gives up after 3 probes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cdn_origin::dial::{SocketOptions, TcpKeepalive};
    ///
    /// let (idle, interval) = (Duration::from_secs(60), Duration::from_secs(10));
    /// let options = SocketOptions::default().keepalive(TcpKeepalive::probe(idle, interval, 6));
    /// ```
    pub fn keepalive(mut self, keepalive: TcpKeepalive) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// Leaves Nagle's algorithm on, which delays small writes while others are under way.
    pub fn nagle(mut self) -> Self {
        self.nagle = true;
        self
    }

    /// Gives up a connection whose data was not acknowledged for this long (`TCP_USER_TIMEOUT`).
    /// Linux alone.
    pub fn user_timeout(mut self, time: Duration) -> Self {
        self.user_timeout = Some(time);
        self
    }

    /// The size of the send buffer in bytes (`SO_SNDBUF`).
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.send_buffer = Some(bytes);
        self
    }

    /// The size of the receive buffer in bytes (`SO_RCVBUF`).
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.receive_buffer = Some(bytes);
        self
    }

    /// Marks packets for routing (`SO_MARK`). Linux alone, and asks for `CAP_NET_ADMIN`.
    pub fn mark(mut self, mark: u32) -> Self {
        self.mark = Some(mark);
        self
    }

    /// The differentiated services code point of packets, 0 to 63 ([RFC
    /// 2474](https://www.rfc-editor.org/rfc/rfc2474)).
    pub fn dscp(mut self, code_point: u8) -> Self {
        self.dscp = Some(code_point);
        self
    }

    /// Does this to each socket before it connects, for options that have no call here.
    /// `socket2::SockRef::from(&fd)` and `rustix::net::sockopt` set them.
    #[cfg(unix)]
    pub fn each(
        mut self,
        set: impl Fn(BorrowedFd<'_>) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        use std::os::fd::AsFd;
        self.each = Some(Arc::new(move |socket| set(socket.as_fd())));
        self
    }

    /// The families that can be dialled from the local addresses given.
    pub(crate) fn families(&self) -> Families {
        match (self.local_v4, self.local_v6) {
            (Some(_), None) => Families::V4,
            (None, Some(_)) => Families::V6,
            (Some(_), Some(_)) | (None, None) => Families::Both,
        }
    }

    /// The local address to connect from to such an address.
    pub(super) fn local(&self, address: IpAddr) -> Option<IpAddr> {
        match address {
            IpAddr::V4(_) => self.local_v4.map(IpAddr::V4),
            IpAddr::V6(_) => self.local_v6.map(IpAddr::V6),
        }
    }

    /// Sets everything except the local address.
    pub(super) fn apply(&self, socket: &SockRef<'_>, address: IpAddr) -> io::Result<()> {
        // Heads and bodies are written whole, so waiting for more to coalesce only adds delay.
        socket.set_tcp_nodelay(!self.nagle)?;
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(code_point) = self.dscp {
            // The two bits below belong to congestion notification.
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
            Some(time) => socket.set_tcp_user_timeout(Some(time)),
            None => Ok(()),
        }
    }

    /// Sets what decides how packets are routed, on a socket of any kind.
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

    /// [`check`](Self::check) has refused it.
    #[cfg(not(target_os = "linux"))]
    fn apply_user_timeout(&self, _: &SockRef<'_>) -> io::Result<()> {
        Ok(())
    }

    /// [`check`](Self::check) has refused it.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn choose_route(&self, _: &SockRef<'_>) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn check(&self, problems: &mut Vec<BuildProblem>) {
        let mut refuse = |setter, why: &'static str| {
            let kind = BuildProblemKind::InvalidSocketOption;
            problems.push(BuildProblem::new(setter, kind, why));
        };
        if self.dscp.is_some_and(|code_point| code_point > 63) {
            refuse("SocketOptions::dscp", "a code point is at most 63");
        }
        if self.interface.as_deref().is_some_and(is_no_interface) {
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

/// What the kernel refuses as the name of an interface, which ends in a zero byte within 16.
fn is_no_interface(name: &str) -> bool {
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

//! TCP by way of the system's resolver: every address in turn, within one deadline.

use std::{io, net::SocketAddr};

use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout_at},
};

use crate::{
    error::{Attempt, Facts, Stage},
    name::{DialTarget, Host},
};

use super::{DialFailure, TcpKeepalive};

#[derive(Clone, Debug)]
pub(crate) struct TcpDialer {
    pub(crate) keepalive: TcpKeepalive,
}

impl TcpDialer {
    /// Connects by `deadline` and adds to `facts` what it sees.
    pub(super) async fn dial(
        &self,
        target: &DialTarget,
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<TcpStream, DialFailure> {
        let started = Instant::now();
        let addresses = resolve(target, deadline).await;
        facts.elapsed.resolve = Some(started.elapsed());
        let addresses = addresses?;

        let started = Instant::now();
        let connected = self.try_all(&addresses, deadline, facts).await;
        facts.elapsed.dial = Some(started.elapsed());
        connected
    }

    async fn try_all(
        &self,
        addresses: &[SocketAddr],
        deadline: Instant,
        facts: &mut Facts,
    ) -> Result<TcpStream, DialFailure> {
        let mut telling: Option<io::Error> = None;
        for (index, address) in addresses.iter().enumerate() {
            let share = fair_share(deadline, addresses.len() - index);
            match self.try_one(*address, share).await {
                Ok(stream) => {
                    facts.peer = Some(*address);
                    return Ok(stream);
                }
                Err(error) => {
                    facts.attempts.push(Attempt::new(*address, &error));
                    if telling
                        .as_ref()
                        .is_none_or(|kept| weight(kept) <= weight(&error))
                    {
                        telling = Some(error);
                    }
                }
            }
        }
        if Instant::now() >= deadline {
            return Err(DialFailure::timed_out(Stage::Dial));
        }
        Err(match telling {
            Some(error) => DialFailure::connecting(error.into()),
            None => DialFailure::resolving(io::ErrorKind::NotFound.into()),
        })
    }

    async fn try_one(&self, address: SocketAddr, deadline: Instant) -> io::Result<TcpStream> {
        let stream = timeout_at(deadline, TcpStream::connect(address)).await??;
        // Heads and bodies are written whole, so waiting for more to coalesce only adds delay.
        stream.set_nodelay(true)?;
        self.keepalive.apply(&stream)?;
        Ok(stream)
    }
}

async fn resolve(target: &DialTarget, deadline: Instant) -> Result<Vec<SocketAddr>, DialFailure> {
    let port = target.port().unwrap_or_default();
    let name = match target.host() {
        Host::Ip(ip) => return Ok(vec![SocketAddr::new(*ip, port)]),
        Host::Dns(name) => name,
    };
    match timeout_at(deadline, lookup_host((name.as_str(), port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => Err(DialFailure::resolving(error)),
        Err(_elapsed) => Err(DialFailure::timed_out(Stage::Resolve)),
    }
}

/// The moment by which this attempt must end so that all that remain get as much time.
fn fair_share(deadline: Instant, remaining: usize) -> Instant {
    let now = Instant::now();
    let left = deadline.saturating_duration_since(now);
    let remaining = u32::try_from(remaining).unwrap_or(u32::MAX).max(1);
    now + left / remaining
}

/// How much a failure tells about the origin. An address family without a route tells nothing.
fn weight(error: &io::Error) -> u8 {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => 3,
        io::ErrorKind::TimedOut => 2,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => 0,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    // A look-up that really fails would ask a name server.
    #[tokio::test]
    async fn a_name_without_addresses_is_a_failure_to_resolve() {
        let dialer = TcpDialer {
            keepalive: TcpKeepalive::default(),
        };
        let deadline = Instant::now() + std::time::Duration::from_secs(60);
        let outcome = dialer.try_all(&[], deadline, &mut Facts::default()).await;
        let failure = outcome.map(drop).unwrap_err();
        assert_eq!(
            (failure.kind, failure.stage),
            (ErrorKind::ResolveFailed, Stage::Resolve)
        );
    }

    #[test]
    fn a_family_without_a_route_does_not_hide_what_the_other_said() {
        let weigh = |kind: io::ErrorKind| weight(&kind.into());
        assert!(weigh(io::ErrorKind::ConnectionRefused) > weigh(io::ErrorKind::TimedOut));
        assert!(weigh(io::ErrorKind::TimedOut) > weigh(io::ErrorKind::NetworkUnreachable));
    }
}

//! Processes that serve.

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// A process that serves at an address. It is terminated on drop.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a program of ours, which prints its address.
    pub(crate) fn of_ours(command: &mut Command) -> Self {
        let (child, addresses) = Self::printing(command, 1);
        let address = addresses[0];
        Self { child, address }
    }

    /// Starts a program of ours that prints several addresses, one a line.
    pub(crate) fn printing(command: &mut Command, count: usize) -> (Child, Vec<SocketAddr>) {
        let mut child = spawn(command.stdout(Stdio::piped()));
        let output = BufReader::new(child.stdout.as_mut().unwrap());
        let lines = output.lines().take(count);
        let addresses = lines.map(|line| line.unwrap().parse().expect("an address"));
        let addresses: Vec<_> = addresses.collect();
        assert_eq!(addresses.len(), count, "{command:?} ended early");
        (child, addresses)
    }

    /// Starts a program that is configured to serve at this address, and waits until it does.
    pub(crate) fn at(address: SocketAddr, command: &mut Command) -> Self {
        let mut child = spawn(command);
        while TcpStream::connect(address).is_err() {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("{command:?} ended early: {status}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, address }
    }

    pub(crate) fn with(child: Child, address: SocketAddr) -> Self {
        Self { child, address }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Terminates the process, and waits for its end.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Addresses that are free now, for programs that cannot choose one.
pub(crate) fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners
        .each_ref()
        .map(|listener| listener.local_addr().unwrap())
}

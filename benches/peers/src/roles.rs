//! Further processes of a run: the same program in another role.

use std::{net::SocketAddr, process::Command};

use tokio::net::TcpListener;

use crate::{gate, origin, proxy, section};

/// A command that starts this program in a role.
pub(crate) fn command(role: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(role);
    command
}

/// Runs the role that the arguments name, until it ends or the process is killed.
pub(crate) fn run(arguments: &[&str]) -> bool {
    match arguments {
        ["role:origin", certificate, key] => {
            on_threads(1, origin::own::serve(certificate, key));
        }
        ["role:proxy", kind, origin, protocol, certificate, threads] => {
            let pem = read(certificate);
            let proxy = proxy::in_rust(kind, address(origin), protocol, &pem);
            on_threads(threads.parse().unwrap(), proxy);
        }
        ["role:connect", kind, times, origin, certificate] => {
            let times = times.parse().unwrap();
            on_threads(
                1,
                section::connect::open(kind, times, address(origin), &read(certificate)),
            );
        }
        ["role:gate", path, times, certificate, key] => {
            let times = times.parse().unwrap();
            on_threads(1, gate::repeat(path, times, certificate, key));
        }
        ["role:idle", count, origin] => {
            on_threads(
                1,
                section::idle::serve(count.parse().unwrap(), address(origin)),
            );
        }
        ["role:memory", origin, certificate] => {
            on_threads(
                1,
                section::memory::measure(address(origin), &read(certificate)),
            );
        }
        _ => return false,
    }
    true
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(file).unwrap()
}

pub(crate) fn on_threads<T>(threads: usize, work: impl Future<Output = T>) -> T {
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(threads).enable_all().build();
    runtime.unwrap().block_on(work)
}

/// Listens on a free port.
pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Prints the address of a listener, for the process that started this one.
pub(crate) fn print_address(listener: &TcpListener) {
    println!("{}", listener.local_addr().unwrap());
}

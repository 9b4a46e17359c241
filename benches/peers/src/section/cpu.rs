//! CPU time of a request, in user code and in the kernel.
//!
//! It depends on the load of the machine and on the memory layout of the process. All processes
//! therefore share one core as batch jobs, the rounds of the proxies alternate, and each proxy is
//! started several times. Differences below 5 % are noise.

use std::process::Command;

use crate::{
    client::Load,
    measure::{process, rounds::Rounds},
    options::Options,
    origin::Origin,
    proxy::{ProxyKind, Route},
    server::Server,
    setup::{Setup, program},
    workload::{self, Workload},
};

use super::table;

/// Set in the process whose children share a core.
const SHARING: &str = "PEERS_SHARE_ONE_CORE";

pub(crate) fn run(options: &Options) {
    if std::env::var_os(SHARING).is_none() && program("chrt").is_some() {
        return run_on_one_core();
    }
    let setup = Setup::new();
    let origin = Origin::start(&setup);
    for workload in workload::ALL {
        if options.selects(&workload) {
            compare(options, &workload, &setup, &origin);
        }
    }
}

/// Runs this section in a new process, which has one core and the policy of batch jobs.
fn run_on_one_core() {
    let arguments = std::env::args().skip(1);
    let options = arguments.filter(|argument| {
        let mut sections = [
            "instructions",
            "throughput",
            "cache",
            "connect",
            "idle",
            "memory",
        ];
        sections.iter_mut().all(|section| section != argument)
    });
    let status = Command::new("taskset")
        .args(["-c", "0", "chrt", "--batch", "0"])
        .arg(std::env::current_exe().unwrap())
        .args(options.filter(|argument| argument != "cpu"))
        .arg("cpu")
        .env(SHARING, "1")
        .status();
    assert!(status.unwrap().success());
}

fn compare(options: &Options, workload: &Workload, setup: &Setup, origin: &Origin) {
    let (starts, rounds) = if options.quick { (1, 5) } else { (5, 7) };
    let mut proxies = options.proxies();
    proxies.retain(|proxy| proxy.reaches(workload.origin));
    let mut results = vec![Rounds::default(); proxies.len()];
    for _ in 0..starts {
        let mut running: Vec<_> = proxies
            .iter()
            .map(|proxy| Running::start(*proxy, workload, setup, origin))
            .collect();
        for _ in 0..rounds {
            for (running, results) in running.iter_mut().zip(&mut results) {
                results.push(running.round(workload.requests / 4));
            }
        }
    }
    let rows = proxies.iter().zip(&results).map(|(proxy, rounds)| {
        let spread = format!("± {:.1} %", rounds.spread());
        (*proxy, rounds.median(), spread)
    });
    let rows: Vec<_> = rows.collect();
    table::print(workload.name, "CPU µs", &rows);
}

struct Running {
    server: Server,
    load: Load,
}

impl Running {
    fn start(proxy: ProxyKind, workload: &Workload, setup: &Setup, origin: &Origin) -> Self {
        let route = Route {
            client_protocol: workload.client,
            origin: origin.address(workload.origin),
            origin_protocol: workload.origin,
            threads: 1,
        };
        let server = proxy.start(setup, &route, super::as_is);
        let mut load = Load::connect(server.address, *workload);
        load.send(workload.requests / 10);
        Self { server, load }
    }

    /// The CPU time of a request in one round, in microseconds.
    fn round(&mut self, requests: usize) -> f64 {
        let before = process::cpu_seconds(self.server.process());
        self.load.send(requests);
        let taken = process::cpu_seconds(self.server.process()) - before;
        taken * 1e6 / requests as f64
    }
}

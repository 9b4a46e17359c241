//! A browser's requests on many connections.
//!
//! The proxy is kept to as many cores as it has threads. The first figure is what it serves in a
//! second of CPU time on each: its requests per second where nothing else is slower. The requests
//! per second of the run are also those of the client, the origin and the load of the machine.

use std::{process::Command, time::Instant};

use crate::{
    client::Load,
    measure::{process, rounds::Rounds},
    options::Options,
    origin::Origin,
    proxy::{ProxyKind, Route},
    server::Server,
    setup::{Setup, program},
    workload::Workload,
};

use super::table;

const CONNECTIONS: [usize; 4] = [8, 16, 32, 64];

pub(crate) fn run(options: &Options) {
    let setup = Setup::new();
    let origin = Origin::start(&setup);
    for threads in [1, 2] {
        for connections in CONNECTIONS {
            if options.quick && connections % 64 > 8 {
                continue;
            }
            compare(options, threads, connections, &setup, &origin);
        }
    }
}

#[derive(Default)]
struct Results {
    per_busy_second: Rounds,
    per_second: Rounds,
    waits: Rounds,
}

fn compare(options: &Options, threads: usize, connections: usize, setup: &Setup, origin: &Origin) {
    let rounds = if options.quick { 5 } else { 15 };
    let workload = Workload::with_connections(connections);
    let mut running: Vec<_> = options
        .proxies()
        .into_iter()
        .map(|proxy| Running::start(proxy, threads, workload, setup, origin))
        .collect();
    for _ in 0..rounds {
        for running in &mut running {
            running.round(workload.requests);
        }
    }
    let rows = running.iter().map(|running| {
        let results = &running.results;
        let rest = format!(
            "± {:.1} %; {:.0} in a second, {:.2} waits a request",
            results.per_busy_second.spread(),
            results.per_second.median(),
            results.waits.median(),
        );
        (running.proxy, results.per_busy_second.median(), rest)
    });
    let rows: Vec<_> = rows.collect();
    let title = format!("1 KiB, 16 fields, {connections} connections, threads: {threads}");
    table::print(&title, "requests/CPU s", &rows);
}

struct Running {
    proxy: ProxyKind,
    threads: usize,
    server: Server,
    load: Load,
    results: Results,
}

impl Running {
    fn start(
        proxy: ProxyKind,
        threads: usize,
        workload: Workload,
        setup: &Setup,
        origin: &Origin,
    ) -> Self {
        let route = Route {
            client_protocol: workload.client,
            origin: origin.address(workload.origin),
            origin_protocol: workload.origin,
            threads,
        };
        let server = proxy.start(setup, &route, |command| on_first_cores(threads, command));
        let mut load = Load::connect(server.address, workload);
        load.send(workload.requests);
        Self {
            proxy,
            threads,
            server,
            load,
            results: Results::default(),
        }
    }

    fn round(&mut self, requests: usize) {
        let process = self.server.process();
        let (cpu, waits, start) = (
            process::cpu_seconds(process),
            process::waits(process),
            Instant::now(),
        );
        self.load.send(requests);
        let seconds = start.elapsed().as_secs_f64();
        let cpu = process::cpu_seconds(process) - cpu;
        let waits = process::waits(process) - waits;
        let results = &mut self.results;
        let threads = self.threads as f64;
        results
            .per_busy_second
            .push(requests as f64 / cpu * threads);
        results.per_second.push(requests as f64 / seconds);
        results.waits.push(waits as f64 / requests as f64);
    }
}

/// Keeps the proxy to as many cores as it has threads.
fn on_first_cores(threads: usize, command: &Command) -> Command {
    let Some(taskset) = program("taskset") else {
        return super::as_is(command);
    };
    let mut pinned = Command::new(taskset);
    pinned.args(["-c", &format!("0-{}", threads - 1)]);
    pinned.arg(command.get_program()).args(command.get_args());
    pinned
}

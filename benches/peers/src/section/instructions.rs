//! User instructions of a request.

use crate::{
    client,
    measure::callgrind::{self, Callgrind, Events},
    options::Options,
    origin::Origin,
    proxy::{ProxyKind, Route},
    setup::{self, Setup},
    workload::{self, Workload},
};

use super::table;

pub(crate) fn run(options: &Options) {
    if setup::program("valgrind").is_none() {
        return;
    }
    let setup = Setup::new();
    let origin = Origin::start(&setup);
    for mut workload in workload::ALL {
        if !options.selects(&workload) {
            continue;
        }
        if options.quick {
            workload.requests /= 4;
        }
        let mut rows = Vec::new();
        for proxy in options.proxies() {
            if proxy.reaches(workload.origin) {
                let counts = count(proxy, &workload, &setup, &origin, Events::Instructions);
                rows.push((proxy, counts[0], String::new()));
            }
        }
        table::print(workload.name, "instructions", &rows);
    }
}

/// The counts of a request through a proxy with one thread.
pub(crate) fn count(
    proxy: ProxyKind,
    workload: &Workload,
    setup: &Setup,
    origin: &Origin,
    events: Events,
) -> Vec<f64> {
    let route = Route {
        client_protocol: workload.client,
        origin: origin.address(workload.origin),
        origin_protocol: workload.origin,
        threads: 1,
    };
    let few = workload.requests / 10 + workload.concurrency;
    callgrind::each(few, few + workload.requests, |requests| {
        let callgrind = Callgrind::new(setup, events);
        let server = proxy.start(setup, &route, |command| callgrind.wrap(command));
        client::send(server.address, *workload, requests);
        callgrind.stop(server)
    })
}

//! Cache misses of a request, with the caches that callgrind simulates: the sizes of this CPU's.

use crate::{
    measure::callgrind::Events,
    options::Options,
    origin::Origin,
    setup::{self, Setup},
    workload::Workload,
};

use super::instructions::count;

pub(crate) fn run(options: &Options) {
    if setup::program("valgrind").is_none() {
        return;
    }
    let setup = Setup::new();
    let origin = Origin::start(&setup);
    for connections in [1, 64] {
        let mut workload = Workload::with_connections(connections);
        if options.quick {
            workload.requests /= 4;
        }
        println!(
            "\n{:<38} {:>12} {:>9} {:>9} {:>9} {:>9}",
            format!("1 KiB, 16 fields, connections: {connections}"),
            "instructions",
            "I1 miss",
            "D1 read",
            "D1 write",
            "LL miss"
        );
        for proxy in options.proxies() {
            let counts = count(proxy, &workload, &setup, &origin, Events::CacheMisses);
            let [ir, _, _, i1, d1_read, d1_write, lli, lld_read, lld_write] = counts[..] else {
                panic!("callgrind counted {counts:?}");
            };
            println!(
                "  {:<36} {ir:>12.0} {i1:>9.1} {d1_read:>9.1} {d1_write:>9.1} {:>9.1}",
                proxy.name(),
                lli + lld_read + lld_write
            );
        }
    }
}

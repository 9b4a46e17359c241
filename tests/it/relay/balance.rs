//! Checks that nothing is left of the requests through a pool.

use std::time::Duration;

use cdn_origin::OriginProxy;
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};

use super::Network;

/// How long nothing may take, in paused time, that no deadline of the proxy bounds.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The tasks of the runtime, itself not counted.
pub(crate) fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Waits until the pool has no request, stream or tunnel, and checks its counters and sockets.
pub(crate) async fn becomes_quiet(proxy: &OriginProxy, network: &Network) {
    let quiet = async {
        loop {
            let pool = proxy.snapshot().pool;
            let busy = pool.in_flight + pool.waiting + pool.streams + pool.tunnels;
            let is_balanced = pool.opened == pool.closed_total() + pool.open as u64;
            let open = network.open();
            if busy == 0 && pool.open == pool.idle && is_balanced && open == pool.open {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    if timeout(LONG, quiet).await.is_err() {
        let (open, pool) = (network.open(), proxy.snapshot().pool);
        panic!("the pool does not become quiet: {open} sockets, {pool:?}");
    }
}

/// Drops the proxy, stops the origin, and waits until no socket and no further task is left.
pub(crate) async fn leaves_nothing(proxy: OriginProxy, network: Network, tasks: usize) {
    drop(proxy);
    network.stop_servers();
    let gone = async {
        while network.open() > 0 || alive_tasks() > tasks {
            sleep(Duration::from_millis(10)).await;
        }
    };
    if timeout(LONG, gone).await.is_err() {
        let (open, alive) = (network.open(), alive_tasks());
        panic!("{open} connections and {alive} tasks are left of {tasks}");
    }
}

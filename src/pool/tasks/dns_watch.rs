//! `DnsWatch`: retires connections to addresses that the origin's name no longer has.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use crate::connector::{CdnOriginConnector, KnownAddresses, WaitFor};

use crate::pool::{checkout, serve_waiters::serve_waiters, shared_pool::SharedPool};

use super::single_instance::SingleInstance;

/// The pause between two look-ups. One whose cached answer has not expired sends no query.
const INTERVAL: Duration = Duration::from_secs(1);

/// The task that watches the addresses of the origin's name. It ends with the last connection, or
/// the pool.
pub(crate) struct DnsWatch(SingleInstance);

impl DnsWatch {
    /// Spawns the task if DNS is followed, unless it runs.
    pub(crate) fn ensure(pool: &Arc<SharedPool>) {
        if pool.settings().grace.is_none() {
            return;
        }
        if let Some(mark) = SingleInstance::set(pool, |running| &mut running.dns_watch) {
            let connector = pool.connector().clone();
            pool.tasks().spawn_for_pool(Self(mark).run(connector));
        }
    }

    async fn run(self, connector: CdnOriginConnector) {
        while self.goes_on() {
            sleep(INTERVAL).await;
            let answer = connector.addresses(WaitFor::AllFamilies).await;
            if let (Ok(answer), Some(pool)) = (answer, self.0.pool()) {
                retire_absent(&pool, &answer);
            }
        }
        self.0.forget();
    }

    /// Whether there is still a connection. Otherwise the next one that opens spawns another task.
    fn goes_on(&self) -> bool {
        self.0.pool().is_some_and(|pool| {
            pool.with(|inventory| {
                inventory.running.dns_watch = inventory.open() > 0;
                inventory.running.dns_watch
            })
        })
    }
}

fn retire_absent(pool: &SharedPool, answer: &KnownAddresses) {
    let now = Instant::now();
    pool.with(|inventory| checkout::retire_absent(inventory, answer, now));
    serve_waiters(pool);
}

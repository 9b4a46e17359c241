//! `Prewarm`: keeps a minimum of connections ready for requests.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{sync::oneshot, time::sleep};

use crate::error::{Error, ErrorKind, Facts, Stage};

use crate::pool::{checkout::ConnectionKey, shared_pool::SharedPool};

use super::{
    connect_task::{Connect, ConnectResult, Recipient},
    single_instance::SingleInstance,
};

/// The pause after a first failed connect. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Opens the minimum of connections, at least one, and has it kept up from then on.
///
/// # Errors
///
/// [`ErrorKind::PrewarmUnsupported`] with the PROXY protocol, because no client could use the
/// connections. Otherwise the error of the first connect that fails.
pub(crate) async fn prewarm(pool: Arc<SharedPool>) -> Result<(), Error> {
    let connector = pool.connector();
    if connector.sends_client_address() {
        let facts = Facts {
            origin: connector.shared_origin().cloned(),
            ..Facts::default()
        };
        return Err(Error::new(
            ErrorKind::PrewarmUnsupported,
            Stage::Dial,
            facts,
        ));
    }
    pool.with(|inventory| inventory.is_prewarmed = true);
    let wanted = pool.settings().min_idle.max(1);
    open_missing(&Arc::downgrade(&pool), wanted).await
}

/// The task that replaces the connections that requests take, one at a time. While the origin
/// refuses them, the pauses grow.
pub(crate) struct Prewarm(SingleInstance);

impl Prewarm {
    /// Spawns the task if connections are missing, unless it runs.
    pub(crate) fn ensure(pool: &Arc<SharedPool>) {
        let min_idle = pool.settings().min_idle;
        if min_idle == 0
            || !pool.with_current(|inventory| {
                inventory.is_prewarmed && inventory.ready(pool.settings()) < min_idle
            })
        {
            return;
        }
        if let Some(mark) = SingleInstance::set(pool, |running| &mut running.prewarm) {
            pool.tasks().spawn_for_pool(Self(mark).run(min_idle));
        }
    }

    async fn run(self, min_idle: usize) {
        let mut pause = FIRST_PAUSE;
        loop {
            match open_missing(self.0.weak(), min_idle).await {
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, ?pause, "connect in advance failed"),
            }
            match self.0.pool() {
                Some(pool) if is_missing(&pool, min_idle) => {}
                _ => return,
            }
            sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }
}

/// Opens connections until as many as wanted are ready. Does not keep the pool alive meanwhile.
async fn open_missing(pool: &Weak<SharedPool>, wanted: usize) -> Result<(), Error> {
    for _ in 0..wanted {
        let outcome = pool.upgrade().and_then(|pool| open_one(&pool, wanted));
        let Some(outcome) = outcome else {
            return Ok(());
        };
        if let Ok(Err(error)) = outcome.await {
            return Err(error);
        }
    }
    Ok(())
}

/// Begins a connect, if one is missing.
fn open_one(pool: &Arc<SharedPool>, wanted: usize) -> Option<oneshot::Receiver<ConnectResult>> {
    let is_missing = is_missing(pool, wanted);
    let permit = is_missing.then(|| pool.connect_permit(&ConnectionKey::here(None)))??;
    Some(Connect::spawn(pool, permit, Recipient::FirstWaiter))
}

/// Whether there is room for a connection that is missing.
fn is_missing(pool: &SharedPool, wanted: usize) -> bool {
    !pool.requests().is_draining()
        && pool
            .with_current(|it| !it.is_full(pool.settings()) && it.ready(pool.settings()) < wanted)
}

//! The task that follows the origin's name, and lets go of connections to addresses that it has no
//! more.

use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};

use crate::connector::ConnectionInfo;

use super::{Shared, ending::Reason, slot::Slot, state::State};

/// Between two looks at the name's addresses. Unless its answer has ended, a look asks nobody.
const PACE: Duration = Duration::from_secs(1);
/// A look-up that takes longer tells nothing.
const PATIENCE: Duration = Duration::from_secs(30);

impl Shared {
    /// A connection stands.
    pub(super) fn stands(self: &Arc<Self>, slot: &mut Slot, info: &ConnectionInfo) {
        let mut state = self.lock();
        slot.stand(&mut state);
        state.addresses.opened(info);
        drop(state);
        if self.settings.grace.is_some() {
            self.start_following();
        }
    }

    /// Starts the task, unless it runs.
    fn start_following(self: &Arc<Self>) {
        if std::mem::replace(&mut self.lock().following, true) {
            return;
        }
        let follower = Follower(Arc::downgrade(self));
        let connector = self.connector.clone();
        tokio::spawn(async move {
            while follower.goes_on() {
                sleep(PACE).await;
                let told = timeout(PATIENCE, connector.addresses()).await;
                if let (Ok(Some(addresses)), Some(shared)) = (told, follower.0.upgrade()) {
                    shared.keep_to(&addresses);
                }
            }
            follower.has_ended();
        });
    }

    /// The name has these addresses: lets go of connections to those that it has had no more for
    /// too long.
    fn keep_to(self: &Arc<Self>, addresses: &[SocketAddr]) {
        let mut state = self.lock();
        let State {
            addresses: known,
            resting,
            multiplexed,
            ..
        } = &mut *state;
        known.told(addresses, Instant::now());
        let (vanished, left) = std::mem::take(resting)
            .into_iter()
            .partition::<Vec<_>, _>(|connection| known.lack(connection.info()));
        resting.extend(left);
        let also = multiplexed.take(Reason::Vanished, |connection| known.lack(connection.info()));
        drop(state);
        if vanished.is_empty() && also.is_empty() {
            return;
        }
        for connection in vanished {
            connection.end(Reason::Vanished);
        }
        drop(also);
        self.settle();
    }
}

/// The task that follows. When its runtime ends, another may be started.
struct Follower(Weak<Shared>);

impl Follower {
    /// Whether there is still a connection. Otherwise the next that is opened starts another task.
    fn goes_on(&self) -> bool {
        self.0.upgrade().is_some_and(|shared| {
            let mut state = shared.lock();
            state.following = state.open > 0;
            state.following
        })
    }

    /// `goes_on` has noted it, and another may run by now.
    fn has_ended(mut self) {
        self.0 = Weak::new();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.lock().following = false;
        }
    }
}

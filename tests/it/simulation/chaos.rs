//! What goes wrong: faults of connections and connects, restarts of the origin, reloads.

use std::{sync::Arc, time::Duration};

use cdn_origin::{CdnOriginConnector, OriginProxy};
use tokio::time::sleep;

use crate::relay::{Connects, Fault, Network, Plan, Protocol, Towards, Trigger};

use super::{run::Pace, world::World};

/// Breaks things until it is dropped.
pub(super) struct Chaos {
    pub(super) world: Arc<World>,
    pub(super) network: Network,
    pub(super) proxy: OriginProxy,
    pub(super) connector: CdnOriginConnector,
    pub(super) protocol: Protocol,
    pub(super) rng: fastrand::Rng,
    pub(super) pace: Pace,
}

impl Chaos {
    pub(super) async fn run(mut self) {
        loop {
            sleep(self.pace.millis(&mut self.rng, 60)).await;
            match self.rng.u8(..100) {
                0 => {
                    self.network.stop_servers();
                    self.world.totals().restarts += 1;
                }
                1..4 => {
                    self.network.retire_servers();
                    self.world.totals().restarts += 1;
                }
                4..6 => {
                    self.connector.reload(|tls| tls).unwrap();
                    self.world.totals().reloads += 1;
                }
                6..8 => {
                    self.network.begin_generation();
                    self.proxy.retire_connections();
                    self.world.totals().reloads += 1;
                }
                8 => self.proxy.close_tunnels(),
                9..40 => self.plan_connect(),
                _ => self.fault(),
            }
        }
    }

    fn plan_connect(&mut self) {
        let connects = match self.rng.u8(..8) {
            0 => Connects::Never,
            1 => Connects::Refused,
            2 => Connects::AndCloses,
            3 => Connects::Later(Duration::from_millis(self.rng.u64(..500))),
            _ => Connects::AtOnce,
        };
        if connects != Connects::AtOnce {
            self.world.totals().faults += 1;
        }
        let fault = (connects == Connects::AtOnce).then(|| {
            let trigger = Trigger::Bytes(self.rng.usize(..4000));
            (self.towards(), trigger, self.any_fault())
        });
        self.network.plan(Plan {
            connects,
            fault,
            ..Plan::default()
        });
    }

    /// Plans a fault on a connection that is open.
    fn fault(&mut self) {
        let wires = self.network.open_wires();
        if wires.is_empty() {
            return;
        }
        let wire = &wires[self.rng.usize(..wires.len())];
        let fault = self.any_fault();
        match self.rng.u8(..4) {
            0 if fault != Fault::Corrupt => wire.begin(self.towards(), fault),
            _ => {
                let trigger = Trigger::Bytes(self.rng.usize(..30_000));
                wire.plan(self.towards(), trigger, fault);
            }
        }
    }

    fn towards(&mut self) -> Towards {
        match self.rng.bool() {
            true => Towards::Origin,
            false => Towards::Proxy,
        }
    }

    fn any_fault(&mut self) -> Fault {
        match self.rng.u8(..8) {
            0 => Fault::Drop,
            1 => Fault::Truncate,
            // Nothing protects the bytes of plain http.
            2 if self.protocol.is_tls() => Fault::Corrupt,
            2 | 3 => Fault::Reset,
            4 => Fault::HalfClose,
            5 => Fault::Stall,
            6 => Fault::Bytewise,
            _ => Fault::Delay(Duration::from_millis(self.rng.u64(..3000))),
        }
    }
}

//! `Network`: the transport of a connector, and the servers behind it.

use std::{
    collections::VecDeque,
    future::{Future, pending},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cdn_origin::{CdnOriginConnector, VerifyPolicy, connector::CdnOriginBuilder, tls::Roots};
use http::{Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::time::sleep;
use tower::service_fn;

use super::{
    Arrival, Fault, NAME, OriginBody, Protocol, Towards, Trigger, Wire,
    servers::{Connection, Handler, SERVERS, ServerTasks, serve},
    wire::End,
};

/// What happens to a connect.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Connects {
    #[default]
    AtOnce,
    Later(Duration),
    Never,
    Refused,
    /// It succeeds, and the connection ends at once.
    AndCloses,
}

/// A connect to come, and the fault of its connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) connects: Connects,
    pub(crate) fault: Option<(Towards, Trigger, Fault)>,
    /// A fault in the first frames of an HTTP/2 origin.
    pub(crate) at_settings: Option<Fault>,
}

struct State {
    plans: VecDeque<Plan>,
    wires: Vec<Wire>,
    pieces: Option<usize>,
    generation: usize,
}

/// The network between a pool and its origin. Its clones are the same network.
#[derive(Clone)]
pub(crate) struct Network {
    protocol: Protocol,
    handler: Handler,
    servers: ServerTasks,
    state: Arc<Mutex<State>>,
}

impl Network {
    /// A network to an origin that responds by the handler.
    pub(crate) fn new<F, A>(protocol: Protocol, handler: F) -> Self
    where
        F: Fn(Arrival) -> A + Send + Sync + 'static,
        A: Future<Output = Response<OriginBody>> + Send + 'static,
    {
        Self {
            protocol,
            handler: Arc::new(move |arrival| Box::pin(handler(arrival))),
            servers: ServerTasks::default(),
            state: Arc::new(Mutex::new(State {
                plans: VecDeque::new(),
                wires: Vec::new(),
                pieces: None,
                generation: 0,
            })),
        }
    }

    /// A connector that dials through this network.
    pub(crate) fn connector(&self) -> CdnOriginBuilder {
        let network = self.clone();
        let transport = service_fn(move |_: Uri| network.clone().connect());
        match self.protocol.is_tls() {
            true => CdnOriginConnector::builder(format!("https://{NAME}"))
                .verify(VerifyPolicy::roots(Roots::pem(SERVERS.root_pem.clone()))),
            false => CdnOriginConnector::builder(format!("http://{NAME}")),
        }
        .transport(transport)
    }

    async fn connect(self) -> io::Result<TokioIo<End>> {
        let (plan, generation) = {
            let mut state = self.state();
            let plan = state.plans.pop_front();
            (plan.unwrap_or_default(), state.generation)
        };
        match plan.connects {
            Connects::AtOnce | Connects::AndCloses => {}
            Connects::Later(time) => sleep(time).await,
            Connects::Never => pending().await,
            Connects::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
        }
        let (wire, near, far) = Wire::new(generation);
        wire.set_pieces(self.state().pieces);
        if let Some((towards, trigger, fault)) = plan.fault {
            wire.plan(towards, trigger, fault);
        }
        if plan.connects == Connects::AndCloses {
            wire.begin(Towards::Proxy, Fault::Truncate);
        }
        let connection = Connection {
            wire: wire.clone(),
            handler: self.handler.clone(),
            tasks: self.servers.clone(),
        };
        let serving = serve(self.protocol, far, plan.at_settings, connection);
        self.servers.spawn(serving);
        self.state().wires.push(wire);
        Ok(TokioIo::new(near))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the plan of the next connect without one.
    pub(crate) fn plan(&self, plan: Plan) {
        self.state().plans.push_back(plan);
    }

    /// Lets bytes of all connections arrive in pieces of this size, with a round of the runtime
    /// after each, or all at once.
    pub(crate) fn set_pieces(&self, size: Option<usize>) {
        self.state().pieces = size;
        self.wires().iter().for_each(|wire| wire.set_pieces(size));
    }

    /// The proxy retires its connections.
    pub(crate) fn begin_generation(&self) {
        self.state().generation += 1;
    }

    /// How often it has done so.
    pub(crate) fn generation(&self) -> usize {
        self.state().generation
    }

    /// All connections so far.
    pub(crate) fn wires(&self) -> Vec<Wire> {
        self.state().wires.clone()
    }

    /// The connections that the proxy holds.
    pub(crate) fn open_wires(&self) -> Vec<Wire> {
        let wires = self.wires().into_iter();
        wires.filter(Wire::is_open).collect()
    }

    /// Later connects succeed at once.
    pub(crate) fn forget_plans(&self) {
        self.state().plans.clear();
    }

    /// The latest connection.
    pub(crate) fn last_wire(&self) -> Wire {
        let wire = self.state().wires.last().cloned();
        wire.expect("a connection")
    }

    /// The number of connections that the proxy holds.
    pub(crate) fn open(&self) -> usize {
        self.open_wires().len()
    }

    /// Closes present connections after their requests, as a server does that is replaced.
    pub(crate) fn retire_servers(&self) {
        self.servers.retire();
    }

    /// Stops all servers, as the end of the origin's process would.
    pub(crate) fn stop_servers(&self) {
        self.servers.abort();
    }
}

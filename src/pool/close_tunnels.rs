//! `TunnelCloser`: ends all tunnels of a pool, when the application calls `close_tunnels`.

use tokio_util::sync::CancellationToken;

/// The end of the tunnels that exist, and of those that are requested. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TunnelCloser(CancellationToken);

impl TunnelCloser {
    /// Ends the tunnels that hold this.
    pub(crate) fn close_tunnels(&self) {
        self.0.cancel();
    }

    /// Runs a tunnel to its end. `None` if [`close_tunnels`](Self::close_tunnels) ended it.
    pub(crate) async fn run_until_closed<T>(&self, tunnel: impl Future<Output = T>) -> Option<T> {
        self.0.run_until_cancelled(tunnel).await
    }
}

//! SIGHUP and SIGTERM.

use std::{future::Future, io};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::Sender,
};

/// Sends a message for each SIGHUP. The future ends at SIGTERM.
pub(crate) fn signals(reload: Sender<()>) -> io::Result<impl Future<Output = ()> + use<>> {
    let mut hangups = signal(SignalKind::hangup())?;
    let mut terminations = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() && reload.send(()).await.is_ok() {}
    });
    Ok(async move {
        terminations.recv().await;
    })
}

use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy, connector::CdnOriginBuilder};
use tokio::task::spawn_blocking;
use tower::BoxError;

/// The certificate has an internal name, and the company's authority has issued it.
pub fn origin(company_ca: &str) -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://www.example.com")
        .expected_name("origin.internal.example")
        .verify(VerifyPolicy::roots(Roots::pem_file(company_ca)))
}

/// Reads the file again at each SIGHUP.
#[cfg(unix)]
pub async fn reload_on_sighup(connector: CdnOriginConnector) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangups = signal(SignalKind::hangup())?;
    while hangups.recv().await.is_some() {
        // A file that cannot be used changes nothing.
        if let Err(error) = reload(connector.clone()).await {
            tracing::warn!(error, "roots were not reloaded");
        }
    }
    Ok(())
}

/// Reads the file again if it has changed. New requests then use new connections.
pub async fn reload(connector: CdnOriginConnector) -> Result<(), BoxError> {
    spawn_blocking(move || connector.reload_if_changed()).await??;
    Ok(())
}

use std::time::Duration;

use cdn_origin::{CdnOriginConnector, connector::CdnOriginBuilder, tls::ClientIdentity};

/// Shows a client certificate to the origin.
pub fn origin(certificate: &str, key: &str) -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://www.example.com")
        .client_identity(ClientIdentity::pem_files(certificate, key))
}

/// Reads the files again when they have changed. New connections use them.
pub async fn watch_files(connector: CdnOriginConnector) {
    let mut timer = tokio::time::interval(Duration::from_secs(60));
    loop {
        timer.tick().await;
        let connector = connector.clone();
        let reload = move || connector.reload_if_changed();
        // A file that cannot be used changes nothing.
        if let Ok(Err(error)) = tokio::task::spawn_blocking(reload).await {
            tracing::warn!(%error, "certificates were not reloaded");
        }
    }
}

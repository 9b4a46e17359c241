//! Shows the service with two origins of its own: a reload, one that fails, metrics and the end.

#[path = "../local_origin/mod.rs"]
mod local_origin;

use std::{fs, io::Write, time::Duration};

use axum::body::Body;
use cdn_origin::{CdnOriginConnector, HostRewriteLayer, OriginProxy, access_log::AccessLogLayer};
use http::Request;
use http_body_util::BodyExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
};
use tower::{BoxError, ServiceExt};

use super::{admin, service::Service};
use local_origin::{get, start};

/// Prints what clients and operators get.
pub(crate) async fn show(
    out: &mut impl Write,
    prometheus: PrometheusHandle,
) -> Result<(), BoxError> {
    let mut servers = JoinSet::new();
    let first = start("the first origin", &mut servers).await?;
    let second = start("the second origin", &mut servers).await?;
    let file = tempfile::NamedTempFile::new()?;
    let shop = |key: &str, origin| {
        let unknown = "unknown = \"not_found\"";
        format!("{unknown}\nhosts.\"shop.example\".origin.{key} = \"http://{origin}\"")
    };
    fs::write(file.path(), shop("url", first))?;

    let (lines, mut logged) = mpsc::unbounded_channel();
    let access_log = AccessLogLayer::json(move |line| drop(lines.send(line.to_owned())));
    let service = Service::read(file.path().to_owned(), access_log)?;
    let admin = admin::pages(&service, prometheus);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = CdnOriginConnector::builder(format!("http://{}", listener.local_addr()?));
    let client = OriginProxy::new(client.build()?).host_rewrite(HostRewriteLayer::preserve());
    let (reload, reloads) = mpsc::channel(1);
    let (stop, stopping) = oneshot::channel::<()>();
    let showing = async {
        for host in ["shop.example", "other.example"] {
            let (status, text) = get(client.clone(), host).await?;
            writeln!(out, "{host}: {status}: {text}")?;
        }
        for (what, key) in [("a new origin", "url"), ("a mistake", "ulr")] {
            fs::write(file.path(), shop(key, second))?;
            reload.send(()).await?;
            // There is room for another message once the file was read.
            drop(reload.reserve().await?);
            let (status, text) = get(client.clone(), "shop.example").await?;
            writeln!(out, "after {what} in the file: {status}: {text}")?;
        }
        // The exporter writes its metrics in any order.
        let request = Request::get("/metrics").body(Body::empty())?;
        let page = admin.oneshot(request).await?.into_body().collect().await?;
        let page = String::from_utf8_lossy(&page.to_bytes()).into_owned();
        for name in ["causes_total", "reload_failures_total"].map(|it| format!("cdn_origin_{it}")) {
            for line in page.lines().filter(|line| line.starts_with(&name)) {
                writeln!(out, "{line}")?;
            }
        }
        drop(stop);
        Ok::<_, BoxError>(())
    };
    let (served, shown) = tokio::join!(
        service.serve(listener, reloads, stopping, Duration::ZERO),
        showing
    );
    served?;
    shown?;
    while let Some(line) = logged.recv().await {
        writeln!(out, "access log: {line}")?;
    }
    Ok(writeln!(out, "the service has stopped")?)
}

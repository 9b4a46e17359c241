//! `AccessLogLayer`: what is logged, and where to.

use std::{fmt, sync::Arc};

use super::options::{ClientFields, LineFormat, QueryUse};

/// A layer that writes a line for each request. See the [module](super).
///
/// ```
/// use axum::Router;
/// use cdn_origin::{CdnOriginConnector, OriginProxy, access_log::AccessLogLayer};
/// use tower::ServiceBuilder;
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let (sender, lines) = std::sync::mpsc::channel();
/// let log = AccessLogLayer::json(move |line| drop(sender.send(line.to_owned())));
/// let proxy = ServiceBuilder::new().layer(log).service(OriginProxy::new(connector));
/// let app: Router = Router::new().fallback_service(proxy);
/// // A thread of its own takes the lines from `lines` and writes them to a file.
/// # drop((app, lines));
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct AccessLogLayer {
    pub(super) format: LineFormat,
    pub(super) query: QueryUse,
    pub(super) client_fields: ClientFields,
    pub(super) sink: Arc<dyn Fn(&str) + Send + Sync>,
}

impl AccessLogLayer {
    /// Logs lines in the combined format of Apache and nginx, with the exchange in `key=value`.
    ///
    /// `sink` gets each line without its end. It is called on the task of the request, and must not
    /// block: write to a buffer or a channel, as the [module](super) shows. `println!` may block.
    ///
    /// ```
    /// use cdn_origin::access_log::AccessLogLayer;
    ///
    /// let (sender, lines) = std::sync::mpsc::channel();
    /// let layer = AccessLogLayer::combined(move |line| drop(sender.send(line.to_owned())));
    /// # drop((layer, lines));
    /// ```
    pub fn combined(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::new(LineFormat::Combined, sink)
    }

    /// Logs one JSON object a line. `sink` is as in [`combined`](Self::combined).
    ///
    /// ```
    /// use cdn_origin::access_log::AccessLogLayer;
    ///
    /// let (sender, lines) = std::sync::mpsc::channel();
    /// let layer = AccessLogLayer::json(move |line| drop(sender.send(line.to_owned())));
    /// # drop((layer, lines));
    /// ```
    pub fn json(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::new(LineFormat::Json, sink)
    }

    fn new(format: LineFormat, sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self {
            format,
            query: QueryUse::LeftOut,
            client_fields: ClientFields::LeftOut,
            sink: Arc::new(sink),
        }
    }

    /// Logs the query of requests, which may contain secrets. By default, it is left out.
    ///
    /// ```
    /// use cdn_origin::access_log::AccessLogLayer;
    ///
    /// # fn layer(sink: fn(&str)) -> AccessLogLayer {
    /// AccessLogLayer::json(sink).log_query()
    /// # }
    /// ```
    pub fn log_query(mut self) -> Self {
        self.query = QueryUse::Logged;
        self
    }

    /// Logs `User-Agent`, and `Referer` without its query. By default, both are left out: the
    /// client chooses their values, which may identify a person.
    ///
    /// The combined format has a dash in their place, which its parsers know.
    ///
    /// ```
    /// use cdn_origin::access_log::AccessLogLayer;
    ///
    /// # fn layer(sink: fn(&str)) -> AccessLogLayer {
    /// // The fields of nginx's and Apache's `combined`.
    /// AccessLogLayer::combined(sink).log_client_fields()
    /// # }
    /// ```
    pub fn log_client_fields(mut self) -> Self {
        self.client_fields = ClientFields::Logged;
        self
    }
}

impl fmt::Debug for AccessLogLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLogLayer")
            .field("format", &self.format)
            .field("query", &self.query)
            .field("client_fields", &self.client_fields)
            .finish_non_exhaustive()
    }
}

//! `PendingEntry`: an entry whose line is written exactly once.
//!
//! The line is written by `Drop`, so that a client that leaves, a panic and the end of a body all
//! end in exactly one line. Its last owner writes it: the future until there is a response, then
//! the body.

use http::Request;

use crate::observe::ExchangeCollector;

use super::{AccessLogLayer, log_entry::LogEntry, log_line, options::LineFormat};

/// An entry whose line is written when this is dropped.
pub(super) struct PendingEntry {
    pub(super) entry: LogEntry,
    layer: AccessLogLayer,
}

impl PendingEntry {
    /// Begins the entry of a request that arrives now. Its exchanges are collected.
    ///
    /// A collector that is there already belongs to a layer further out, and is shared with it.
    pub(super) fn of<B>(request: &mut Request<B>, layer: &AccessLogLayer) -> Self {
        let known = request.extensions().get::<ExchangeCollector>().cloned();
        let collector = known.unwrap_or_else(|| {
            let collector = ExchangeCollector::default();
            request.extensions_mut().insert(collector.clone());
            collector
        });
        Self {
            entry: LogEntry::of(request, layer, collector),
            layer: layer.clone(),
        }
    }
}

impl Drop for PendingEntry {
    fn drop(&mut self) {
        let line = match self.layer.format {
            LineFormat::Combined => log_line::combined(&self.entry),
            LineFormat::Json => log_line::json(&self.entry),
        };
        (self.layer.sink)(&line);
    }
}

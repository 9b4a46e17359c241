//! Connections that begin with a request, in early data. Only the pool asks for them: it knows what
//! it sends.

use bytes::Bytes;
use http::Uri;

use super::{CdnOriginConnector, Connecting, service::Speech};

impl CdnOriginConnector {
    /// How many bytes the next connection may begin with, before its handshake has ended.
    pub(crate) fn early_room(&self) -> usize {
        let (Some(origin), Some(trust)) = (self.origin(), self.trust()) else {
            return 0;
        };
        trust
            .client()
            .early_data_limit(origin.sni(), origin.expected_name())
    }

    /// Connects to the fixed origin, for HTTP/1.1 alone: with these bytes in early data where the
    /// origin takes them, which the facts of the connection tell.
    pub(crate) fn connect_early(&self, head: Bytes) -> Connecting {
        self.connecting(Uri::default(), Speech::Early(head))
    }
}

//! `pingora_peer!`: an `HttpPeer` of Pingora, without a dependency on Pingora.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that no other peer of this process has.
#[must_use]
pub fn next_group() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

/// Makes an `HttpPeer` of Pingora 0.9 whose connections a connector opens.
///
/// The argument is a `&CdnOriginConnector`. Your crate needs `pingora-core` as a dependency.
///
/// Pingora gets a [socket](crate::adapt::socket) for each connection, and the report of a failed
/// connect in its error. It does not apply its own `connection_timeout`: the connector's
/// [`Timeouts`](crate::connector::Timeouts) bound the connect.
///
/// Pingora reuses the connections of a peer and of its clones, and never those of another peer. So
/// call the macro once for an origin, and clone the peer for each request.
///
/// ```ignore
/// let peer = cdn_origin::pingora_peer!(&connector);
/// ```
#[macro_export]
macro_rules! pingora_peer {
    ($connector:expr) => {{
        #[derive(Debug)]
        struct OriginConnect($crate::CdnOriginConnector);

        impl ::pingora_core::connectors::L4Connect for OriginConnect {
            // As `async_trait` writes it.
            fn connect<'connector, 'address, 'future>(
                &'connector self,
                _: &'address ::pingora_core::protocols::l4::socket::SocketAddr,
            ) -> ::std::pin::Pin<
                ::std::boxed::Box<
                    dyn ::std::future::Future<
                            Output = ::pingora_core::Result<
                                ::pingora_core::protocols::l4::stream::Stream,
                            >,
                        > + ::std::marker::Send
                        + 'future,
                >,
            >
            where
                'connector: 'future,
                'address: 'future,
                Self: 'future,
            {
                ::std::boxed::Box::pin(async move {
                    match $crate::adapt::socket::connect(&self.0).await {
                        ::std::result::Result::Ok(socket) => ::std::result::Result::Ok(
                            ::pingora_core::protocols::l4::stream::Stream::from(socket),
                        ),
                        ::std::result::Result::Err(error) => ::pingora_core::Error::e_because(
                            ::pingora_core::ErrorType::ConnectError,
                            ::std::string::ToString::to_string(&error.report()),
                            error,
                        ),
                    }
                })
            }
        }

        let connector: &$crate::CdnOriginConnector = $connector;
        // The address is not dialled, and the peer has no TLS of its own.
        let mut peer = ::pingora_core::upstreams::peer::HttpPeer::new(
            "0.0.0.0:0",
            false,
            ::std::string::String::new(),
        );
        peer.group_key = $crate::adapt::next_group();
        peer.options.custom_l4 = ::std::option::Option::Some(::std::sync::Arc::new(OriginConnect(
            ::std::clone::Clone::clone(connector),
        )));
        peer
    }};
}

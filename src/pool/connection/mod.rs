//! What is checked out: connections over HTTP/1, HTTP/2 and for upgrades, and their sockets.
//!
//! | | HTTP/1 | HTTP/2 | upgrade |
//! |---|---|---|---|
//! | kept by the pool | `Http1Connection`, while idle | `Http2Connection` | not at all |
//! | held by a request | `PooledHttp1` | `PooledStream` | `DedicatedConnection` |
//! | driven by | the request's task | `Http2Driver` | `DedicatedDriver` |
//! | dropped unfinished | closes the connection | resets the stream | closes the connection |
//!
//! A request whose response has ended may still be sent: `OngoingUpload` hands it to the pool.
//! `TrackedIo` ties the permit of a connection to its socket, so that the pool counts sockets.
//! `IdleCheck` peeks at the socket before a request is written to an idle connection.
//!
//! `CloseReason` is why a connection was closed, for the counters. `Silence` reports that a request
//! waited in vain, so connections may be dead.

mod connection_life;
mod dedicated;
mod http1;
mod http2;
mod http2_stream;
mod hyper_client;
mod idle_check;
mod listing;
mod pooled;
mod response_body;
mod silent_connection;
mod tracked_io;
mod upload;

pub(super) use crate::observe::CloseReason;
pub(super) use connection_life::ConnectionLife;
pub(super) use dedicated::{DedicatedConnection, DedicatedIo};
pub(super) use http1::{Http1Connection, PooledHttp1};
pub(super) use http2::{Http2Connection, Http2Parts, Http2Task};
pub(super) use http2_stream::{NewHttp2, PooledStream, UnlistedHttp2};
pub(crate) use pooled::PooledConnection;
pub(crate) use response_body::ResponseBody;
pub(super) use silent_connection::Silence;
pub(super) use upload::{OngoingUpload, UnfinishedUpload};

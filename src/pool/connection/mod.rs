//! What is checked out: connections over HTTP/1, HTTP/2 and for upgrades, and their sockets.
//!
//! | | HTTP/1 | HTTP/2 | upgrade |
//! |---|---|---|---|
//! | kept by the pool | `Http1Connection`, while idle | `Http2Connection` | not at all |
//! | held by a request | `PooledHttp1` | `PooledStream` | `UpgradeConnection` |
//! | driven by | the request's task | `Http2Driver` | `UpgradeDriver` |
//! | dropped unfinished | closes the connection | resets the stream | closes the connection |
//!
//! | file | what it holds |
//! |---|---|
//! | `pooled_connection` | what a request holds, over any protocol |
//! | `http1_connection` | a connection of one request at a time, and its idle state |
//! | `http2_connection`, `pooled_http2_stream` | a connection of many requests, and its streams |
//! | `upgrade_connection` | a connection for one upgrade, and its tunnel |
//! | `tracked_io` | the socket, which holds the permit, so that the pool counts sockets |
//! | `expiry` | when a connection expires: `max_age`, `max_uses`, `idle_timeout` |
//! | `peek_before_write` | whether an idle socket has ended, before a request is written to it |
//! | `silent_connection` | whether a connection may be dead, because a request waited in vain |
//! | `connection_life` | why a connection was closed, and how many requests it served |
//! | `connection_authentication` | whether a request authenticates its connection, by NTLM |
//! | `set_membership` | whether an HTTP/2 connection is listed for further requests |
//! | `response_body` | the body of a response, over any protocol |
//! | `ongoing_upload` | a request that is still sent after its response has ended |

mod connection_authentication;
mod connection_life;
mod expiry;
mod http1_connection;
mod http2_connection;
mod ongoing_upload;
mod peek_before_write;
mod pooled_connection;
mod pooled_http2_stream;
mod response_body;
mod set_membership;
mod silent_connection;
mod tracked_io;
mod upgrade_connection;

pub(super) use crate::observe::CloseReason;
pub(super) use connection_life::ConnectionLife;
pub(super) use http1_connection::{Http1Connection, PooledHttp1};
pub(super) use http2_connection::{Http2Connection, Http2Parts, Http2Task};
pub(super) use ongoing_upload::{OngoingUpload, UnfinishedUpload};
pub(crate) use pooled_connection::PooledConnection;
pub(super) use pooled_http2_stream::{NewHttp2, PooledStream, UnlistedHttp2};
pub(crate) use response_body::ResponseBody;
pub(super) use silent_connection::Silence;
pub(super) use upgrade_connection::{UpgradeConnection, UpgradeIo};

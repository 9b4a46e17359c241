//! A client that sends the requests of a workload.

pub(crate) mod http1;
mod http2;

use std::{cell::Cell, net::SocketAddr, rc::Rc};

use tokio::net::TcpStream;

use crate::workload::{Protocol, Workload};

/// Clients of one proxy. Its connections are kept between calls of `send`.
pub(crate) struct Load {
    workload: Workload,
    connections: Vec<Connection>,
    runtime: tokio::runtime::Runtime,
}

enum Connection {
    Http1(Box<http1::Client<TcpStream>>),
    Http2(http2::Client),
}

impl Load {
    /// Connects, and sends one request on each connection.
    pub(crate) fn connect(address: SocketAddr, workload: Workload) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let connections = runtime.block_on(connect(address, &workload));
        let mut load = Self {
            workload,
            connections,
            runtime,
        };
        load.warm_up();
        load
    }

    /// Has the proxy open its connections one after the other: under callgrind, handshakes at once
    /// take longer than a proxy waits.
    fn warm_up(&mut self) {
        for connection in std::mem::take(&mut self.connections) {
            self.connections.push(connection);
            self.send(self.connections.len());
        }
    }

    /// Sends so many requests, and reads the responses.
    pub(crate) fn send(&mut self, requests: usize) {
        let connections = std::mem::take(&mut self.connections);
        let work = send_on(connections, self.workload, requests);
        let tasks = tokio::task::LocalSet::new();
        self.connections = self.runtime.block_on(tasks.run_until(work));
    }
}

async fn send_on(
    connections: Vec<Connection>,
    workload: Workload,
    requests: usize,
) -> Vec<Connection> {
    let left = Rc::new(Cell::new(requests));
    let tasks = connections.into_iter().map(|mut connection| {
        let left = left.clone();
        tokio::task::spawn_local(async move {
            while let Some(after) = left.get().checked_sub(1) {
                left.set(after);
                match &mut connection {
                    Connection::Http1(client) => client.exchange(after).await,
                    Connection::Http2(client) => client.exchange(&workload, after).await,
                }
            }
            connection
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut connections = Vec::new();
    for task in tasks {
        connections.push(task.await.unwrap());
    }
    connections
}

async fn connect(address: SocketAddr, workload: &Workload) -> Vec<Connection> {
    let mut connections = Vec::new();
    let shared = match workload.client {
        Protocol::Http1 => None,
        Protocol::Http2 => Some(http2::Client::connect(address).await),
    };
    for _ in 0..workload.concurrency {
        connections.push(match &shared {
            Some(shared) => Connection::Http2(shared.clone()),
            None => {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                Connection::Http1(Box::new(http1::Client::new(stream, workload)))
            }
        });
    }
    connections
}

/// Connects to a proxy, sends requests and disconnects.
pub(crate) fn send(address: SocketAddr, workload: Workload, requests: usize) {
    Load::connect(address, workload).send(requests);
}

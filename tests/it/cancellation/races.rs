//! Races of addresses, over real sockets.

use std::{net::SocketAddr, time::Duration};

use cdn_origin::dial::HappyEyeballs;
use http::Uri;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tower::ServiceExt;

use crate::{
    resolve::{ScriptedResolver, listener, over},
    support::{Blackhole, refused_address},
};

use super::polls::{EITHER, When, at_each_poll};

async fn race(addresses: Vec<SocketAddr>, listener: TcpListener, when: &[When]) {
    let soon = HappyEyeballs::default().attempt_delay(Duration::from_millis(10));
    at_each_poll(when, 1, async |polls| {
        let resolver = ScriptedResolver::addresses(addresses.clone());
        let connector = over(resolver).happy_eyeballs(soon).build().unwrap();
        let connect = connector.clone().oneshot(Uri::default());
        let connected = polls.of(&[], connect).await;
        let completed = connected.map(Result::unwrap).is_some();
        // The next connect works, and no earlier connection stays open.
        let mut stream = connector.oneshot(Uri::default()).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        drop(stream);
        let mut received = 0;
        while received == 0 {
            let (mut accepted, _) = listener.accept().await.unwrap();
            received = accepted.read_to_end(&mut Vec::new()).await.unwrap();
        }
        completed
    })
    .await;
}

#[tokio::test]
async fn a_race_with_an_address_that_refuses() {
    let refused = refused_address();
    let (listener, live) = listener().await;
    race(vec![refused.address(), live], listener, EITHER).await;
}

/// Polls in each round would only wait for the delay between two attempts.
#[tokio::test]
async fn a_race_with_an_address_that_does_not_answer() {
    let silent = Blackhole::new().await;
    let (listener, live) = listener().await;
    race(vec![silent.address(), live], listener, &[When::Woken]).await;
}

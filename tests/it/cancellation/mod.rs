//! Each public future, dropped at each of its polls: nothing leaks, and the next request works.
//!
//! [`polls`] drops a future after one poll, after two, and so on, until it completes or has been
//! polled 200 times, while bytes arrive in small pieces. It does so twice: with polls only when the
//! future is woken, and with a poll after each round of the runtime, so that the other tasks are at
//! each of their steps too. After each drop, the permits, tasks and sockets of the pool have to be
//! back.

mod polls;
mod races;
mod requests;
mod services;
mod setup;

/// Of the polls over TLS, whose handshakes are slow in tests, the ordinary run tries one of so
/// many. `over_tls_at_each_poll` tries all.
const TLS_STRIDE: usize = 9;

#[tokio::test(start_paused = true)]
#[ignore = "runs for minutes"]
async fn requests_over_tls_at_each_poll() {
    requests::over_tls().await;
}

#[tokio::test(start_paused = true)]
#[ignore = "runs for minutes"]
async fn services_over_tls_at_each_poll() {
    services::over_tls().await;
}

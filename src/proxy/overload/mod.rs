//! Overload: how many requests may wait for the origin, and which wait in front of it.
//!
//! ```text
//!             admitted                       head of the response        end of the response
//! request ──┬────────────> awaiting a response ────────────────> body ────────────────────> done
//!           │ full            (adaptive limit)                     (max_concurrency)
//!           v
//!        waiting ── full, or the oldest of a queue that stands ──> 503
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | `adaptive_limit_settings` | the public settings |
//! | `latency_window` | the latencies of a short time, by their quantiles |
//! | `adaptive_limit` | the adaptive limit: when it applies, and how high it is |
//! | `waiting_requests` | the requests that wait, and their order |
//! | `load_snapshot` | what the limits admit and refuse |
//! | `request_queue` | the limits, the waiting requests and the permits together |
//!
//! Ready-made limiters exist: `little-loadshedder` and `congestion-limiter`. Both count a request
//! until its future ends and take its mean latency as the signal, so some long polls throttle all
//! requests. Both limit from the first request on. So this is a limiter of its own.

mod adaptive_limit;
mod adaptive_limit_settings;
mod latency_window;
mod load_snapshot;
mod request_queue;
mod waiting_requests;

pub use adaptive_limit_settings::AdaptiveConcurrency;
pub(in crate::proxy) use load_snapshot::LoadSnapshot;

pub(super) use request_queue::{RequestPermit, RequestQueue};

#[cfg(test)]
mod tests;

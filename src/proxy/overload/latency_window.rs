//! `Window`: the latencies of a short time, by their quantiles.

use std::time::Duration;

use tokio::time::Instant;

/// How long a window lasts at least.
const MIN_TIME: Duration = Duration::from_millis(100);

/// The samples of a window, and of one that has lasted for a second.
const SAMPLES: usize = 32;
const FEWEST_SAMPLES: usize = 16;

/// The number of samples that a busy origin gives in a window.
const USUAL_SAMPLES: u64 = 128;

/// The maximum number of samples, if the rate of requests rises within the window.
const MAX_SAMPLES: usize = 512;

/// What a window has measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measurement {
    pub(super) latency: Latency,
    /// Requests that ended, in each second.
    pub(super) ended: f64,
    /// Those of them that got a response.
    pub(super) throughput: f64,
    /// The share of requests whose client left before the response began.
    pub(super) left: f64,
    pub(super) elapsed: Duration,
}

/// Two quantiles of latencies, in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    /// The tenth percentile.
    pub(super) low: f64,
    pub(super) median: f64,
}

impl Latency {
    /// By how much both quantiles exceed these, in seconds.
    ///
    /// A queue delays all requests. A changed mix of fast and slow requests moves one quantile.
    pub(super) fn rise_over(self, usual: Self) -> f64 {
        let low = self.low - usual.low;
        low.min(self.median - usual.median).max(0.0)
    }

    /// Moves towards these quantiles, in `down` or in `up` for the most part.
    pub(super) fn follow(&mut self, other: Self, elapsed: Duration, down: f64, up: f64) {
        let follow = |value: &mut f64, other: f64| {
            let time = if other < *value { down } else { up };
            let weight = (elapsed.as_secs_f64() / time).min(1.0);
            *value += (other - *value) * weight;
        };
        follow(&mut self.low, other.low);
        follow(&mut self.median, other.median);
    }
}

/// The requests that ended in a short time.
#[derive(Debug)]
pub(super) struct Window {
    since: Instant,
    /// Requests that were admitted earlier do not count as samples.
    admitted_since: Instant,
    /// In seconds.
    samples: Vec<f64>,
    ended: u64,
    left: u64,
    /// One of this number of requests gives a sample.
    stride: u64,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            admitted_since: now,
            samples: Vec::new(),
            ended: 0,
            left: 0,
            stride: 1,
        }
    }

    /// Adds a request that ended.
    pub(super) fn ended(&mut self, admitted: Instant, now: Instant, has_left: bool) {
        self.ended += 1;
        self.left += u64::from(has_left);
        let is_sample = admitted >= self.admitted_since && self.ended.is_multiple_of(self.stride);
        if is_sample && self.samples.len() < MAX_SAMPLES {
            self.samples.push((now - admitted).as_secs_f64());
        }
    }

    /// The measurement, if the window has lasted for `min_time` and has enough samples. Then the
    /// next window begins.
    pub(super) fn close(&mut self, now: Instant, min_time: Duration) -> Option<Measurement> {
        let elapsed = now - self.since;
        let min_samples = match elapsed < Duration::from_secs(1) {
            true => SAMPLES,
            false => FEWEST_SAMPLES,
        };
        if elapsed < MIN_TIME.max(min_time) || self.samples.len() < min_samples {
            return None;
        }
        let (ended, left) = (self.ended as f64, self.left as f64);
        let measurement = Measurement {
            latency: quantiles(&mut self.samples),
            ended: ended / elapsed.as_secs_f64(),
            throughput: (ended - left) / elapsed.as_secs_f64(),
            left: left / ended,
            elapsed,
        };
        self.stride = (self.ended / USUAL_SAMPLES).max(1);
        self.begin(now);
        Some(measurement)
    }

    /// For how long the window has been open.
    pub(super) fn age(&self, now: Instant) -> Duration {
        now - self.since
    }

    /// Begins anew, and only with requests that are admitted from now on.
    pub(super) fn restart(&mut self, now: Instant) {
        self.admitted_since = now;
        self.begin(now);
    }

    fn begin(&mut self, now: Instant) {
        self.since = now;
        self.samples.clear();
        self.ended = 0;
        self.left = 0;
    }
}

/// The quantiles of at least one sample.
fn quantiles(samples: &mut [f64]) -> Latency {
    let (low, middle) = (samples.len() / 10, samples.len() / 2);
    let (below, median, _) = samples.select_nth_unstable_by(middle, f64::total_cmp);
    let median = *median;
    let low = match low < below.len() {
        true => *below.select_nth_unstable_by(low, f64::total_cmp).1,
        false => median,
    };
    Latency { low, median }
}

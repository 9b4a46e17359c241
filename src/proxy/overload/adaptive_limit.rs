//! `AdaptiveLimit`: how many requests may wait for the origin's response.
//!
//! It is pure: it takes the time, and neither waits nor logs.
//! [`AdaptiveConcurrency`] describes the rules.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    AdaptiveConcurrency,
    latency_window::{Latency, Measurement, Window},
};

/// Windows in a row with too much delay, before there is a limit. One is enough if it is long.
const WINDOWS_BEFORE_LIMIT: u32 = 2;
const LONG_WINDOW: Duration = Duration::from_secs(1);

/// While the throughput grows by so much, the origin is not at its limit.
const GROWTH: f64 = 1.05;

/// One cut leaves at least this share of the requests, unless many clients leave.
const CUT_SHARE: f64 = 0.5;

/// If throughput falls below this share of its peak after a cut, the cut was in vain: it removed
/// requests that were being processed.
const KEPT_THROUGHPUT: f64 = 0.75;

/// How long cuts may be in vain before the higher latency counts as usual. Longer while clients
/// leave, because the origin may still work for them.
const PATIENCE: Duration = Duration::from_secs(3);
const PATIENCE_WHILE_CLIENTS_LEAVE: Duration = Duration::from_secs(15);

/// The share of clients that leave, from which on the cut goes on although it does not help yet.
const MANY_LEAVE: f64 = 0.1;

/// How long no request waits before the limit ends.
const CALM: Duration = Duration::from_secs(10);

/// In seconds, how fast the highest throughput is forgotten.
const FORGET_THROUGHPUT: f64 = 30.0;

/// In seconds, how fast the usual latency follows a lower and a higher one. Slow enough to see a
/// load that rises over minutes.
const FOLLOW_DOWN: f64 = 10.0;
const FOLLOW_UP: f64 = 60.0;

/// The adaptive limit of one origin.
#[derive(Debug)]
pub(super) struct AdaptiveLimit {
    settings: AdaptiveConcurrency,
    /// The latency without overload. `None` before the first window.
    usual: Option<Latency>,
    window: Window,
    /// Windows in a row with too much delay.
    delayed_windows: u32,
    /// The highest throughput of late.
    peak: f64,
    in_force: Option<InForce>,
}

/// A limit that is in force.
#[derive(Debug)]
struct InForce {
    limit: f64,
    /// Requests that end, in each second.
    throughput: f64,
    /// The median latency, in seconds.
    median: f64,
    /// When a request last had to wait.
    last_wait: Instant,
    /// A request had to wait in this window.
    has_waited: bool,
    /// The requests in flight before the cuts.
    uncut: f64,
    /// Since when the cuts have cost throughput.
    in_vain_since: Option<Instant>,
}

/// What has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LimitChange {
    /// The origin is overloaded: there is a limit now.
    Limited(usize),
    /// There is no limit any longer.
    Unlimited,
}

impl AdaptiveLimit {
    pub(super) fn new(settings: AdaptiveConcurrency, now: Instant) -> Self {
        Self {
            settings,
            usual: None,
            window: Window::new(now),
            delayed_windows: 0,
            peak: 0.0,
            in_force: None,
        }
    }

    /// The maximum number of requests that may wait for a response, if there is one.
    pub(super) fn limit(&self) -> Option<usize> {
        self.in_force.as_ref().map(|it| it.limit as usize)
    }

    /// How many requests the origin answers in a second, while there is a limit.
    pub(super) fn throughput(&self) -> Option<f64> {
        self.in_force.as_ref().map(|it| it.throughput)
    }

    /// Notes that a request has to wait because of the limit.
    pub(super) fn note_wait(&mut self, now: Instant) {
        let Some(in_force) = &mut self.in_force else {
            return;
        };
        in_force.last_wait = now;
        in_force.has_waited = true;
        // Requests without latency, such as slow uploads, may have taken all permits.
        let expected = in_force.median.max(in_force.limit / self.peak.max(1.0));
        if self.window.age(now) > LONG_WINDOW + Duration::from_secs_f64(expected * 3.0) {
            in_force.limit = in_force.raised();
            self.window.restart(now);
        }
    }

    /// Notes that the response to a request has begun. `awaiting` is the number of the others.
    pub(super) fn response_started(
        &mut self,
        admitted: Instant,
        now: Instant,
        awaiting: usize,
    ) -> Option<LimitChange> {
        self.window.ended(admitted, now, false);
        self.end_window(now, awaiting)
    }

    /// Notes that the client of a request left before the response. It shows a latency only if
    /// the client had waited for longer than usual.
    pub(super) fn left(
        &mut self,
        admitted: Instant,
        now: Instant,
        awaiting: usize,
    ) -> Option<LimitChange> {
        let waited = (now - admitted).as_secs_f64();
        if self.usual.is_some_and(|usual| waited <= usual.median) {
            return None;
        }
        self.window.ended(admitted, now, true);
        self.end_window(now, awaiting)
    }

    fn end_window(&mut self, now: Instant, awaiting: usize) -> Option<LimitChange> {
        // Requests that were admitted together end together.
        let median = self.in_force.as_ref().map_or(0.0, |it| it.median);
        let min_time = Duration::from_secs_f64(median);
        let measured = self.window.close(now, min_time)?;
        let usual = *self.usual.get_or_insert(measured.latency);
        let delay = measured.latency.rise_over(usual);
        let tolerated = self
            .settings
            .tolerated_delay
            .as_secs_f64()
            .max(usual.median);
        let awaiting = awaiting as f64;
        let kept = (-measured.elapsed.as_secs_f64() / FORGET_THROUGHPUT).exp();
        let peak = self.peak * kept;
        self.peak = measured.throughput.max(peak);
        match &mut self.in_force {
            None if delay <= tolerated => {
                self.delayed_windows = 0;
                self.learn(&measured);
                None
            }
            None => {
                let few = (self.settings.min_limit * 2) as f64;
                if awaiting <= few || measured.throughput > peak * GROWTH {
                    return None;
                }
                self.delayed_windows += 1;
                let is_long = measured.elapsed >= LONG_WINDOW;
                if self.delayed_windows < WINDOWS_BEFORE_LIMIT && !is_long {
                    return None;
                }
                self.begin_limit(now, awaiting, &measured);
                self.cut(now, awaiting, delay, tolerated, &measured);
                self.limit().map(LimitChange::Limited)
            }
            Some(in_force) if delay <= tolerated => {
                in_force.raise_if_awaited(awaiting, tolerated - delay, &measured);
                in_force.uncut = awaiting;
                in_force.in_vain_since = None;
                let is_calm = now - in_force.last_wait >= CALM;
                is_calm.then(|| self.end_limit())
            }
            Some(in_force) => {
                in_force.throughput = measured.throughput;
                in_force.median = measured.latency.median;
                let many_leave = measured.left >= MANY_LEAVE;
                let is_in_vain = in_force.is_in_vain(now, awaiting, self.peak);
                if is_in_vain && in_force.is_out_of_patience(now, many_leave) {
                    // The origin has become slower: fewer requests are not faster.
                    in_force.in_vain_since = None;
                    self.usual = Some(measured.latency);
                } else if !is_in_vain || many_leave {
                    self.cut(now, awaiting, delay, tolerated, &measured);
                }
                None
            }
        }
    }

    fn learn(&mut self, measured: &Measurement) {
        if let Some(usual) = &mut self.usual {
            usual.follow(measured.latency, measured.elapsed, FOLLOW_DOWN, FOLLOW_UP);
        }
    }

    fn begin_limit(&mut self, now: Instant, awaiting: f64, measured: &Measurement) {
        self.in_force = Some(InForce {
            limit: awaiting,
            throughput: measured.throughput,
            median: measured.latency.median,
            last_wait: now,
            has_waited: false,
            uncut: awaiting,
            in_vain_since: None,
        });
    }

    /// Lowers the limit by the requests that wait too long in the origin's queue.
    fn cut(
        &mut self,
        now: Instant,
        awaiting: f64,
        delay: f64,
        tolerated: f64,
        measured: &Measurement,
    ) {
        let lowest = self.settings.min_limit as f64;
        if let Some(in_force) = &mut self.in_force {
            let usual = self.usual.map_or(0.0, |it| it.median);
            let target = match measured.left >= MANY_LEAVE {
                // The origin still works for those that left.
                true => self.peak * (usual + tolerated),
                false => {
                    let queued = measured.ended * (delay - tolerated);
                    (awaiting - queued).max(awaiting * CUT_SHARE)
                }
            };
            in_force.limit = target.min(in_force.limit).max(lowest);
            in_force.has_waited = false;
        }
        self.window.restart(now);
    }

    fn end_limit(&mut self) -> LimitChange {
        self.in_force = None;
        self.delayed_windows = 0;
        LimitChange::Unlimited
    }
}

impl InForce {
    /// Raises the limit if requests had to wait.
    fn raise_if_awaited(&mut self, awaiting: f64, room: f64, measured: &Measurement) {
        self.throughput = measured.throughput;
        self.median = measured.latency.median;
        if std::mem::take(&mut self.has_waited) {
            let more = (measured.throughput * room).max(awaiting * 0.25);
            self.limit = self.limit.max((awaiting + more).min(self.raised()));
        }
    }

    /// The limit raised by half.
    fn raised(&self) -> f64 {
        (self.limit * 1.5).max(self.limit + 1.0)
    }

    /// Whether the cuts have cost throughput. Those of an overloaded origin shorten its queue only.
    fn is_in_vain(&mut self, now: Instant, awaiting: f64, peak: f64) -> bool {
        let is_cut = awaiting <= self.uncut * CUT_SHARE + 1.0;
        let is_in_vain = is_cut && self.throughput < peak * KEPT_THROUGHPUT;
        let since = is_in_vain.then(|| self.in_vain_since.unwrap_or(now));
        self.in_vain_since = since;
        is_in_vain
    }

    fn is_out_of_patience(&self, now: Instant, many_leave: bool) -> bool {
        let since = self.in_vain_since.unwrap_or(now);
        let patience = match many_leave {
            true => PATIENCE_WHILE_CLIENTS_LEAVE,
            false => PATIENCE,
        };
        let median = Duration::from_secs_f64(self.median * 3.0);
        now - since >= patience.max(median)
    }
}

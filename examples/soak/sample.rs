//! What is left when everything is at rest, and whether it grows.

use std::{fs, process::ExitCode, sync::Arc, time::Duration};

use cdn_origin::BuildError;
use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

use crate::{ALLOCATOR, Site, load::Load};

/// The number of samples in a run, if it is long enough.
const SAMPLES: u32 = 30;

/// The shortest time between two samples.
const SHORTEST: Duration = Duration::from_secs(12);

/// How long before a sample no request is sent: idle connections end.
const REST: Duration = Duration::from_secs(5);

/// The part of the samples before caches and the allocator have reached their size.
const WARM_UP: f64 = 0.2;

/// The growth in an hour that is a trend.
const MAX_GROWTH_PER_HOUR: f64 = 0.01;

/// A run of this length or more shows a trend. A shorter one shows only a leak with every request.
const LONG: Duration = Duration::from_secs(10 * 60);

/// A growth of the bytes allocated that is none: some idle connections are still open.
const NOISE_KIB: Noise = Noise {
    long: 32.0,
    short: 1_024.0,
};

/// A growth of sockets and tasks that is none: some idle connections are still open.
const NOISE_COUNT: Noise = Noise {
    long: 2.0,
    short: 30.0,
};

/// What is no growth, in a long run and in a short one.
#[derive(Clone, Copy)]
struct Noise {
    long: f64,
    short: f64,
}

/// What is left at one moment.
#[derive(Clone, Copy)]
struct Sample {
    at: Duration,
    allocated_kib: f64,
    sockets: f64,
    tasks: f64,
}

/// The samples of a run.
pub(crate) struct Samples {
    length: Duration,
    interval: Duration,
    started: Instant,
    taken: Vec<Sample>,
    unexplained: Vec<String>,
    requests: usize,
    explained: usize,
}

impl Samples {
    pub(crate) fn new(length: Duration) -> Self {
        println!(
            "  minute  allocated KiB  resident KiB  sockets  tasks  requests  failed    p50 ms    p99 ms    max ms"
        );
        Self {
            length,
            interval: (length / SAMPLES).max(SHORTEST),
            started: Instant::now(),
            taken: Vec::new(),
            unexplained: Vec::new(),
            requests: 0,
            explained: 0,
        }
    }

    /// Whether it is time to let everything come to rest.
    pub(crate) fn is_due(&self) -> bool {
        let taken = u32::try_from(self.taken.len()).unwrap_or(u32::MAX);
        self.started.elapsed() + REST >= self.interval * (taken + 1)
    }

    pub(crate) fn are_complete(&self) -> bool {
        self.started.elapsed() >= self.length
    }

    /// Waits until nothing is under way, prints a line, and remembers it.
    ///
    /// What may be kept is released first: the number of idle connections and of TLS sessions at one
    /// moment is chance.
    pub(crate) async fn take(
        &mut self,
        loads: &[Load],
        sites: &[Arc<Site>],
    ) -> Result<(), BuildError> {
        for load in loads {
            load.rest().await;
        }
        for site in sites {
            site.release()?;
        }
        sleep(REST).await;
        let (mut latencies, mut explained) = (Vec::new(), 0);
        for load in loads {
            let mut tally = std::mem::take(&mut *load.tally());
            latencies.append(&mut tally.latencies);
            explained += tally.explained;
            tally
                .unexplained
                .iter()
                .for_each(|error| println!("  failed: {error}"));
            self.unexplained.append(&mut tally.unexplained);
        }
        self.requests += latencies.len() + explained;
        self.explained += explained;
        latencies.sort_unstable();
        let rank = |percent: usize| {
            let index = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
            latencies
                .get(index)
                .map_or(0.0, |it| it.as_secs_f64() * 1000.0)
        };
        let [median, late, latest] = [50, 99, 100].map(rank);
        drop(latencies);
        let sample = Sample {
            at: self.started.elapsed(),
            allocated_kib: ALLOCATOR.allocated() as f64 / 1024.0,
            sockets: sockets(),
            tasks: Handle::current().metrics().num_alive_tasks() as f64,
        };
        println!(
            "{:8.1} {:14.0} {:13.0} {:8} {:6} {:9} {:7} {:9.1} {:9.1} {:9.1}",
            sample.at.as_secs_f64() / 60.0,
            sample.allocated_kib,
            resident_kib(),
            sample.sockets,
            sample.tasks,
            self.requests,
            self.explained + self.unexplained.len(),
            median,
            late,
            latest,
        );
        self.taken.push(sample);
        Ok(())
    }

    /// Prints what grew and what failed.
    pub(crate) fn verdict(&self, loads: &[Load]) -> ExitCode {
        let grows = [
            self.is_growing("allocated KiB", NOISE_KIB, |it| it.allocated_kib),
            self.is_growing("sockets", NOISE_COUNT, |it| it.sockets),
            self.is_growing("tasks", NOISE_COUNT, |it| it.tasks),
        ];
        let late = loads
            .iter()
            .flat_map(|load| load.tally().unexplained.clone());
        let unexplained: Vec<_> = self.unexplained.iter().cloned().chain(late).collect();
        println!(
            "{} requests, {} failed in a restart, {} failed without a reason",
            self.requests,
            self.explained,
            unexplained.len()
        );
        match grows.contains(&true) || !unexplained.is_empty() {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        }
    }

    /// Compares the least values of the first and the last third after the warm-up.
    fn is_growing(&self, what: &str, noise: Noise, value: impl Fn(&Sample) -> f64) -> bool {
        let warm_up = (self.taken.len() as f64 * WARM_UP).ceil() as usize;
        let after = &self.taken[warm_up..];
        let third = after.len() / 3;
        if third == 0 {
            println!("{what}: not known, the run is too short");
            return false;
        }
        let least = |part: &[Sample]| part.iter().map(&value).fold(f64::MAX, f64::min);
        let (before, now) = (least(&after[..third]), least(&after[after.len() - third..]));
        let hours = (after[after.len() - 1].at - after[0].at).as_secs_f64() / 3600.0 * 2.0 / 3.0;
        let growth = now - before;
        let per_hour = growth / before / hours;
        println!(
            "{what}: {before} to {now}: {:+.2} % an hour",
            per_hour * 100.0
        );
        let noise = match self.length >= LONG {
            true => noise.long,
            false => noise.short,
        };
        growth > noise && per_hour > MAX_GROWTH_PER_HOUR
    }
}

/// The resident memory that is not backed by a file. It includes pages that the allocator keeps.
fn resident_kib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}

/// The number of open sockets.
fn sockets() -> f64 {
    let files = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten();
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    targets
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count() as f64
}

//! Counts of callgrind. They vary by less than 1 %, whatever the load of the machine is.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    server::Server,
    setup::{Setup, program},
};

/// What callgrind counts: instructions, or cache misses too.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Events {
    Instructions,
    /// Instructions and data reads and writes, their misses in the first-level caches, and in the
    /// last.
    CacheMisses,
}

/// A command under callgrind, and where its counts are written.
pub(crate) struct Callgrind {
    events: Events,
    log: PathBuf,
}

impl Callgrind {
    pub(crate) fn new(setup: &Setup, events: Events) -> Self {
        let log = setup.folder().join("callgrind.log");
        Self { events, log }
    }

    pub(crate) fn wrap(&self, counted: &Command) -> Command {
        let mut command = Command::new(program("valgrind").expect("valgrind is not installed"));
        command
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(format!("--log-file={}", self.log.display()));
        if self.events == Events::CacheMisses {
            command.arg("--cache-sim=yes");
        }
        command.arg(counted.get_program()).args(counted.get_args());
        command
    }

    /// Ends the process and reads its counts.
    pub(crate) fn stop(self, mut server: Server) -> Vec<i64> {
        server.stop();
        self.counts()
    }

    /// Reads the counts of a process that has ended.
    pub(crate) fn counts(self) -> Vec<i64> {
        let log = fs::read_to_string(self.log).unwrap();
        let counts = log.split("Collected : ").nth(1).expect(&log);
        let counts = counts.lines().next().unwrap().split_whitespace();
        counts.map(|count| count.parse().unwrap()).collect()
    }
}

/// The counts of one more repetition.
///
/// The difference of two runs with different numbers of repetitions cancels the start-up.
pub(crate) fn each(few: usize, many: usize, run: impl Fn(usize) -> Vec<i64>) -> Vec<f64> {
    let (less, more) = (run(few), run(many));
    let differences = more.iter().zip(&less).map(|(more, less)| more - less);
    differences
        .map(|difference| difference as f64 / (many - few) as f64)
        .collect()
}

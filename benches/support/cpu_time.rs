//! CPU time of a process, from `/proc`.

use std::fs;

/// The CPU time so far, in user code and in the kernel, in seconds.
pub(crate) fn cpu_seconds(process: u32) -> f64 {
    // `schedstat` counts nanoseconds; `stat` only hundredths of a second.
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let nanoseconds = |task: fs::DirEntry| -> f64 {
        let line = fs::read_to_string(task.path().join("schedstat")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    tasks.flatten().map(nanoseconds).sum::<f64>() / 1e9
}

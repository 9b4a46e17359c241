//! What Linux knows of a process, from `/proc`.

use std::fs;

/// CPU time so far, in user code and in the kernel, in seconds.
pub(crate) fn cpu_seconds(process: u32) -> f64 {
    // `schedstat` counts nanoseconds; `stat` only hundredths of a second.
    tasks(process, "schedstat")
        .iter()
        .map(|line| line.split_whitespace().next().unwrap())
        .map(|nanoseconds| nanoseconds.parse::<f64>().unwrap() / 1e9)
        .sum()
}

/// How often the threads of the process have waited for an event so far.
pub(crate) fn waits(process: u32) -> u64 {
    let status = tasks(process, "status");
    let count = |status: &String| number(status, "voluntary_ctxt_switches:");
    status.iter().map(count).sum()
}

/// The resident memory of this process, in bytes.
pub(crate) fn resident_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    number(&status, "VmRSS:") * 1024
}

/// A file of each thread of the process and of its children: nginx's workers are children.
fn tasks(process: u32, file: &str) -> Vec<String> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().map(|id| id.parse().unwrap());
    let mut files = Vec::new();
    for process in std::iter::once(process).chain(children) {
        for task in fs::read_dir(format!("/proc/{process}/task")).unwrap() {
            let file = task.unwrap().path().join(file);
            files.push(fs::read_to_string(file).unwrap());
        }
    }
    files
}

fn number(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.unwrap().split_whitespace().next();
    number.unwrap().parse().unwrap()
}

//! How much memory Linux says that this process holds.

use std::fs;

/// Resident memory, in bytes.
pub(crate) fn now() -> usize {
    field("VmRSS:")
}

/// The most there ever was, in bytes.
pub(crate) fn most() -> usize {
    field("VmHWM:")
}

fn field(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib: usize = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024
}

//! Resident memory of this process, from `/proc`.

use std::fs;

/// The resident memory now, in bytes.
pub(crate) fn now() -> usize {
    field("VmRSS:")
}

/// The peak resident memory, in bytes.
pub(crate) fn peak() -> usize {
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

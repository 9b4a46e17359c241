//! User instructions, counted by callgrind. They vary by less than 1 %, whatever the load.

use std::{
    io::Read,
    net::SocketAddr,
    process::{Command, Stdio},
};

use super::process::{Served, in_role};

/// The instructions of one more repetition.
///
/// Subtracts two runs with different numbers of repetitions, which cancels the start-up out.
pub(crate) fn each(few: u64, many: u64, run: impl Fn(u64) -> u64) -> u64 {
    run(many).saturating_sub(run(few)) / (many - few)
}

/// The instructions of a process in this role, which prints its address first.
///
/// `drive` makes the process end. Its result is dropped after that.
pub(crate) fn instructions<T>(role: &[&str], drive: impl FnOnce(SocketAddr) -> T) -> u64 {
    let itself = in_role(role);
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(itself.get_program())
        .args(itself.get_args())
        .stderr(Stdio::piped());
    let mut counted = Served::start(&mut command);
    let kept = drive(counted.address);
    let mut output = String::new();
    let mut errors = counted.child.stderr.take().unwrap();
    errors.read_to_string(&mut output).unwrap();
    drop(kept);
    let count = output.split("Collected : ").nth(1);
    let count = count.and_then(|rest| rest.split_whitespace().next());
    count.expect(&output).parse().unwrap()
}

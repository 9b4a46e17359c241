//! Compares this crate with its peers.
//!
//! ```text
//! cargo bench --bench peers
//! cargo bench --bench peers -- --help
//! ```
//!
//! This program only starts another: the package `benches/peers`. Peers are no dependencies of this
//! crate there, and this crate has the features that its users build it with, not those of its
//! tests.

use std::{
    env,
    path::Path,
    process::{Command, ExitCode},
};

fn main() -> ExitCode {
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/Cargo.toml");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
    let arguments = env::args_os().skip(1);
    let arguments: Vec<_> = arguments.filter(|argument| argument != "--bench").collect();
    let profile = match arguments.iter().any(|argument| argument == "gate") {
        true => "gate",
        false => "release",
    };
    let status = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--profile", profile])
        .args(["--manifest-path", package, "--target-dir"])
        .arg(target)
        .arg("--")
        .args(arguments)
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

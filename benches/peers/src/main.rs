//! Compares a proxy of cdn-origin with its peers, on messages as browsers and origins send them.
//!
//! See `options.rs` for the sections and the arguments.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first failure"
)]

mod client;
mod gate;
mod measure;
mod options;
mod origin;
mod proxy;
mod roles;
mod section;
mod server;
mod setup;
mod workload;

use options::{Options, Section};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if roles::run(&arguments) {
        return;
    }
    match Options::parse(&arguments) {
        Ok(options) => compare(&options),
        Err(problem) => {
            eprintln!("{problem}\n\n{}", options::USAGE);
            std::process::exit(2);
        }
    }
}

fn compare(options: &Options) {
    setup::print_missing();
    for section in &options.sections {
        match section {
            Section::Instructions => section::instructions::run(options),
            Section::Cpu => section::cpu::run(options),
            Section::Throughput => section::throughput::run(options),
            Section::Cache => section::cache::run(options),
            Section::Connect => section::connect::run(options),
            Section::Idle => section::idle::run(options),
            Section::Memory => section::memory::run(),
            Section::Gate => {
                if !gate::run(options.bless) {
                    std::process::exit(1);
                }
            }
        }
    }
}

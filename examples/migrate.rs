//! Prints the program that replaces a configuration of nginx, HAProxy, Envoy or Caddy.
//!
//! ```text
//! cargo run --example migrate --features import -- nginx.conf > src/main.rs
//! ```
//!
//! The program begins with the `cargo add` lines that it needs, as comments. Each section of the
//! file is a function, `app` is the router with all of them, and `main` serves it.
//!
//! It reads `-` from standard input. JSON is taken for Envoy, a text with `reverse_proxy` for Caddy,
//! and one with lines such as `backend app` for HAProxy.
//! The notes follow as comments: warnings, and what is refused, to be written by hand, or unknown.
//! `--all` also prints what is mapped and what has no effect. The exit code is 0 if there is an
//! origin, 1 if there is none, and 2 if the text cannot be read.

#[path = "migrate/report.rs"]
mod report;

use std::{
    error::Error,
    fs,
    io::{self, Read},
    process::ExitCode,
};

const USAGE: &str = "usage: migrate [--all] FILE\n";

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let count = arguments.len();
    arguments.retain(|argument| argument != "--all");
    let is_all = arguments.len() < count;
    let path = match arguments.as_slice() {
        [path] if path == "-" || !path.starts_with('-') => path,
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    migrate(path, is_all).unwrap_or_else(|error| {
        eprintln!("migrate: {error}");
        ExitCode::from(2)
    })
}

fn migrate(path: &str, is_all: bool) -> Result<ExitCode, Box<dyn Error>> {
    let text = match path {
        "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            text
        }
        path => fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?,
    };
    let imported = report::import(&text)?;
    report::write(&mut io::stdout().lock(), &imported, is_all)?;
    Ok(match imported.origins() {
        [] => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

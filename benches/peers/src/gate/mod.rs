//! Fails if a path of this crate takes more instructions than the committed baseline allows.
//!
//! Client, proxy and origin are in one process, on one thread, and exchange bytes in memory. The
//! kernel and the scheduler have no part in it, so a count repeats exactly, but for the hash seeds
//! and keys of a process. The client and the origin send prepared bytes; their few instructions
//! are counted too.
//!
//! The count depends on the compiler, on the versions in `Cargo.lock` and on the C library, but
//! hardly on the CPU: valgrind shows a program the same CPU on each machine with AVX2 and AES-NI.
//! Most paths are counted without TLS. Over HTTP/2 there is no such path, because the crate selects
//! HTTP/2 by ALPN.

mod layers;
mod origins;
mod proxied;
mod watched;

use std::{fmt::Write as _, fs, process::Command};

use crate::{
    measure::callgrind::{self, Callgrind, Events},
    roles,
    setup::{self, Setup},
};

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.txt");
const HEAD: &str = "\
# User instructions of one request, as `cargo bench --bench peers -- gate` counts them. A change
# that needs more says why, and moves the baseline: `cargo bench --bench peers -- gate --bless`.
";
const TOLERANCE: f64 = 0.02;
const REPETITIONS: usize = 1000;
/// The work of a TLS handshake depends on its random numbers.
const REPETITIONS_OVER_TLS: usize = 5000;

const PATHS: [&str; 10] = [
    "proxy-http1-2-fields",
    "proxy-http1-16-fields",
    "proxy-http1-16-fields-varied",
    "proxy-http1-16-fields-metrics",
    "proxy-http1-16-fields-spans",
    "proxy-http2-origin-2-fields",
    "proxy-http2-origin-16-fields",
    "layer-host-rewrite",
    "layer-forwarded",
    "layer-response-rewrite",
];

/// The role `gate`: takes a path so many times.
pub(crate) async fn repeat(path: &str, times: usize, certificate: &str, key: &str) {
    match path.strip_prefix("layer-") {
        Some(layer) => layers::call(layer, times).await,
        None => proxied::exchange(path, times, certificate, key).await,
    }
}

/// Counts every path; then compares with the baseline, or writes it.
///
/// Returns whether the gate is passed.
pub(crate) fn run(bless: bool) -> bool {
    assert!(
        setup::program("valgrind").is_some(),
        "the gate needs valgrind"
    );
    #[cfg(target_arch = "x86_64")]
    assert!(
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("aes"),
        "the baseline was counted on a CPU with AVX2 and AES-NI; this one has not both"
    );
    let setup = Setup::new();
    let empty = count("layer-none", &setup);
    let counts = PATHS.map(|path| {
        let count = count(path, &setup);
        let layer = path.starts_with("layer-");
        (path, if layer { count - empty } else { count })
    });
    if bless {
        write(&counts);
        return true;
    }
    compare(&counts)
}

fn count(path: &str, setup: &Setup) -> f64 {
    let repetitions = match path.contains("http2") {
        true => REPETITIONS_OVER_TLS,
        false => REPETITIONS,
    };
    callgrind::each(100, 100 + repetitions, |times| {
        let callgrind = Callgrind::new(setup, Events::Instructions);
        let times = times.to_string();
        let role = [
            "role:gate",
            path,
            &times,
            &setup.certificate(),
            &setup.key(),
        ];
        let status = callgrind.wrap(&roles::command(&role)).status();
        assert!(status.unwrap().success(), "{path} failed");
        callgrind.counts()
    })[0]
}

fn write(counts: &[(&str, f64)]) {
    let mut baseline = format!("{HEAD}{}\n", compiler());
    for (path, count) in counts {
        writeln!(baseline, "{path:<32} {count:.0}").unwrap();
    }
    fs::write(BASELINE, &baseline).unwrap();
    print!("{baseline}");
}

fn compare(counts: &[(&str, f64)]) -> bool {
    let baseline = fs::read_to_string(BASELINE).unwrap();
    let lines = || baseline.lines().filter(|line| !line.starts_with('#'));
    let counted_with = lines().next().unwrap();
    assert_eq!(
        counted_with,
        compiler(),
        "the baseline was counted with another compiler"
    );
    let known = |path: &str| -> f64 {
        let line = lines().find_map(|line| line.strip_prefix(path));
        let count = line.unwrap_or_else(|| panic!("the baseline lacks {path}"));
        count.trim().parse().unwrap()
    };
    println!(
        "\n{:<32} {:>12} {:>12} {:>9}",
        "path", "baseline", "now", "change"
    );
    let mut passed = true;
    for (path, now) in counts {
        let before = known(path);
        let change = now / before - 1.0;
        let verdict = match change {
            change if change > TOLERANCE => "  too many",
            change if change < -TOLERANCE => "  fewer: move the baseline with --bless",
            _ => "",
        };
        passed &= change <= TOLERANCE;
        let change = change * 100.0;
        println!("{path:<32} {before:>12.0} {now:>12.0} {change:>+7.2} %{verdict}");
    }
    passed
}

/// The compiler of this program: cargo runs both with the same toolchain.
fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

//! The corpora of the fuzz targets, as ordinary tests. `fuzz/README.md` says how to add to them.

pub(crate) mod targets;

use std::{fs, path::Path};

/// The largest corpus in bytes: each run of the tests reads all of it.
const MAX_CORPUS: usize = 100_000;

/// Runs a target on its corpus. It must accept some inputs: otherwise it checks nothing.
fn replay<T>(target: &str, run: fn(&[u8]) -> Option<T>) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fuzzing/corpus");
    let (mut accepted, mut refused, mut bytes) = (0, 0, 0);
    for file in fs::read_dir(corpus.join(target)).unwrap() {
        let path = file.unwrap().path();
        println!("{}", path.display());
        let input = fs::read(&path).unwrap();
        bytes += input.len();
        match run(&input) {
            Some(_) => accepted += 1,
            None => refused += 1,
        }
    }
    println!("{target}: {accepted} accepted, {refused} refused, {bytes} bytes");
    assert!(
        accepted > 0 && refused > 0,
        "{target}: {accepted} and {refused}"
    );
    assert!(bytes <= MAX_CORPUS, "{target}: {bytes} bytes");
}

macro_rules! replay {
    ($($(#[$only:meta])* $target:ident)*) => {
        $($(#[$only])*
        #[test]
        fn $target() {
            replay(stringify!($target), targets::$target::run);
        })*

        #[test]
        fn every_target_is_one_of_cargo_fuzz() {
            let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml");
            // The package on crates.io has no folder `fuzz`.
            let Ok(manifest) = fs::read_to_string(manifest) else {
                return;
            };
            let all = [$(stringify!($target)),*];
            for target in all {
                assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
            }
            assert_eq!(manifest.matches("[[bin]]").count(), all.len());
        }
    };
}

replay! {
    against_hyper
    certificates
    chunked_body
    diagnosis
    exchange
    forwarded
    framing
    #[cfg(all(feature = "hickory", feature = "ech"))]
    https_records
    #[cfg(feature = "import")]
    import
    names
    proxy_header
    response_head
    response_rewrite
}

#![no_main]

use cdn_origin_fuzz::targets::against_hyper;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = against_hyper::run(bytes);
});

#![no_main]

use cdn_origin_fuzz::targets::certificates;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = certificates::run(bytes);
});

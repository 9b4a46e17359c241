#![no_main]

use cdn_origin_fuzz::targets::import;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = import::run(bytes);
});

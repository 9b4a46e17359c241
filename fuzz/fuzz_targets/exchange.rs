#![no_main]

use cdn_origin_fuzz::targets::exchange;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = exchange::run(bytes);
});

#![no_main]

use cdn_origin_fuzz::targets::framing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = framing::run(bytes);
});

#![no_main]

use cdn_origin_fuzz::targets::chunked_body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = chunked_body::run(bytes);
});

#![no_main]

use cdn_origin_fuzz::targets::response_rewrite;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = response_rewrite::run(bytes);
});

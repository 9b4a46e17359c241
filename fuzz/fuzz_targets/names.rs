#![no_main]

use cdn_origin_fuzz::targets::names;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = names::run(bytes);
});

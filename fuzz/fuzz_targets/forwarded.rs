#![no_main]

use cdn_origin_fuzz::targets::forwarded;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = forwarded::run(bytes);
});

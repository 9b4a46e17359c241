#![no_main]

use cdn_origin_fuzz::targets::proxy_header;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = proxy_header::run(bytes);
});

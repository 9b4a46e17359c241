#![no_main]

use cdn_origin_fuzz::targets::diagnosis;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = diagnosis::run(bytes);
});

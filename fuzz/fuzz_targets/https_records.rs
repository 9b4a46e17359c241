#![no_main]

use cdn_origin_fuzz::targets::https_records;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = https_records::run(bytes);
});

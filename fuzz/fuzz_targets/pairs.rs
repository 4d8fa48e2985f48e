//! Pairs of texts of unknown origin.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for json in [false, true] {
        let _ = slovo_data::untrusted::pairs(bytes, json);
    }
});

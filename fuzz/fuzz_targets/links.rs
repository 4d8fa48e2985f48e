//! A list of links of unknown origin.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = slovo_data::untrusted::links(bytes);
});

//! A book of unknown origin.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slovo_data::recipe::FileFormat;

fuzz_target!(|bytes: &[u8]| {
    let _ = slovo_data::untrusted::documents(&FileFormat::Gutenberg, bytes);
});

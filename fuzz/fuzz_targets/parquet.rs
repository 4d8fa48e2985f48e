//! A Parquet file of unknown origin.
//!
//! The package that reads it panics on some, which is caught and is damage; the hook that ends the fuzzer at
//! every panic is taken away. One that is not caught still ends it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: {
        std::panic::set_hook(Box::new(|_| {}));
    },
    |bytes: &[u8]| {
        let _ = slovo_data::untrusted::parquet(bytes);
    }
);

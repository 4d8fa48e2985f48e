//! The packages of the default recipe.
//!
//! All of them are compiled into `cargo xtask prepare` itself, on Linux, macOS and Windows, so that
//! the machine that runs it has them. Left out are bindings (`libc`, `rustix`), tables
//! (`unicode_categories`), code that a program wrote (`typenum`), a fork beside its original
//! (`paste`), and packages of a few lines. `name@version` picks among several versions of the lock.

/// Packages for training.
#[rustfmt::skip]
pub const TRAINING_PACKAGES: [&str; 83] = [
    "adler2", "ahash", "aho-corasick", "anstream", "anstyle", "anstyle-parse", "bit-set@0.8",
    "bit-vec@0.8", "bitflags", "block-buffer", "cfg-if", "clap", "clap_builder", "clap_derive",
    "clap_lex", "compact_str", "cpufeatures", "crc32fast", "crossbeam-deque", "crossbeam-epoch",
    "crossbeam-utils", "crypto-common", "daachorse", "darling@0.20", "darling_core@0.20",
    "dary_heap", "derive_builder", "derive_builder_core", "digest", "either", "fancy-regex",
    "flate2", "fnv", "getrandom@0.3", "glob", "heck", "hybrid-array", "itertools@0.14", "itoa",
    "log", "macro_rules_attribute", "memchr", "minimal-lexical", "miniz_oxide", "monostate",
    "nom@7", "once_cell", "pastey", "ppv-lite86", "proc-macro2", "quote", "rand@0.9",
    "rand_chacha", "rand_core", "rayon", "rayon-cond", "rayon-core", "regex", "regex-automata",
    "regex-syntax", "ron", "rustversion", "ruzstd", "ryu", "serde", "serde_derive", "serde_json",
    "sha2", "smallvec", "static_assertions", "syn", "terminal_size", "thiserror",
    "thiserror-impl", "tokenizers", "typeid", "unicode-ident", "unicode-normalization",
    "unicode-segmentation", "utf8parse", "version_check", "zerocopy", "zmij",
];

/// Packages held out for validation, whole. Their authors wrote none of the above, they are neither
/// forks nor siblings of it, and each is small enough that none decides the result alone.
#[rustfmt::skip]
pub const HELD_OUT_PACKAGES: [&str; 8] = [
    "base64@0.13", "castaway", "ctrlc", "memmap2", "simd-adler32", "strsim", "tinyvec",
    "twox-hash",
];

/// The packages of the default recipe, held-out ones included.
pub fn default_packages() -> Vec<String> {
    let all = TRAINING_PACKAGES.iter().chain(&HELD_OUT_PACKAGES);
    all.map(|name| (*name).to_owned()).collect()
}

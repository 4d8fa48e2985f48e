//! The text that every build machine has: sources and documentation of pinned packages.

/// No package gives more than this many bytes, unless a recipe says otherwise.
pub const DEFAULT_MAX_BYTES_PER_PACKAGE: u64 = 500_000;

/// The packages of the default recipe, held-out ones included.
pub fn default_packages() -> Vec<String> {
    Vec::new()
}

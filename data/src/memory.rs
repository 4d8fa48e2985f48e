//! How much memory this process takes, where the system tells.
//!
//! Linux writes it into `/proc/self/status` (proc(5)): `VmRSS`, resident now, and `VmHWM`, resident
//! at the most. Pages of mapped files count from their first touch on.

/// Resident at the most since the process began, in bytes; `None` where the system does not tell.
pub fn peak() -> Option<u64> {
    field("VmHWM:")
}

/// Resident now, in bytes; `None` where the system does not tell.
pub fn resident() -> Option<u64> {
    field("VmRSS:")
}

fn field(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    parse(&status, name)
}

fn parse(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn numbers_are_read_in_bytes() {
        let status = "Name:\tslovo\nVmHWM:\t    2048 kB\nVmRSS:\t1024 kB\n";
        assert_eq!(parse(status, "VmHWM:"), Some(2 << 20));
        assert_eq!(parse(status, "VmRSS:"), Some(1 << 20));
        assert_eq!(parse(status, "VmSwap:"), None);
        assert_eq!(parse("VmHWM:\tmuch\n", "VmHWM:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_touched_is_counted() {
        let before = resident().unwrap();
        let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(peak().unwrap() >= before + (48 << 20));
        drop(touched);
    }
}

//! What this process takes of the machine.

/// The most memory that was resident at once since the process began, in bytes: `VmHWM` of Linux's
/// `/proc/self/status`. `None` where the system does not tell.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    high_water_mark(&status)
}

fn high_water_mark(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_kibibytes() {
        let status = "VmPeak:\t  999 kB\nVmHWM:\t   17412 kB\nVmRSS:\t 5 kB\n";
        assert_eq!(high_water_mark(status), Some(17412 * 1024));
        assert_eq!(high_water_mark("Name:\tslovo\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_that_was_used_is_counted() {
        let used = vec![1u8; 64 << 20];
        assert!(std::hint::black_box(&used).iter().all(|&byte| byte == 1));
        assert!(peak_memory().is_some_and(|peak| peak > 64 << 20));
    }
}

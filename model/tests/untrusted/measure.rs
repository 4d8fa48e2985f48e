//! How long something takes, and by how much the process's memory grows meanwhile at most, as the
//! system counts it. Only one test at a time can measure, since the memory is the whole process's.

#![allow(dead_code)] // not every test binary uses all of it

use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a wrong file may cost.
pub const LONGEST: Duration = Duration::from_millis(100);
pub const MOST: usize = 16 << 20;

static TURN: Mutex<()> = Mutex::new(());

/// Waits until no other test measures.
pub fn alone() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` and returns its result, how long it took, and by how many bytes the peak memory is
/// above what was in use before; 0 where the system does not say.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, Duration, usize) {
    // Forgets the peak of before (proc_pid_clear_refs(5)).
    let forgotten = fs::write("/proc/self/clear_refs", "5");
    let before = peak();
    let start = Instant::now();
    let result = work();
    let took = start.elapsed();
    let grown = match (forgotten, before, peak()) {
        (Ok(()), Some(before), Some(after)) => after.saturating_sub(before),
        _ => 0,
    };
    (result, took, grown)
}

/// The most memory that the process had at once, in bytes.
pub fn peak() -> Option<usize> {
    status("VmHWM:")
}

/// A line of the process's status, in bytes.
fn status(line: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|found| found.strip_prefix(line))?;
    let kilobytes: usize = value.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes << 10)
}

/// Runs `work`, which must be quick and cheap.
pub fn bounded<T>(what: &str, work: impl Fn() -> T) -> T {
    let (result, mut took, mut grown) = measured(&work);
    // The best of three: others may be using the machine, and the first time pages of the program
    // itself are read in.
    for _ in 0..2 {
        if took < LONGEST && grown < MOST {
            break;
        }
        let again = measured(&work);
        (took, grown) = (took.min(again.1), grown.min(again.2));
    }
    assert!(took < LONGEST, "{what}: {took:?}");
    assert!(grown < MOST, "{what}: {grown} bytes");
    result
}

#[test]
fn memory_is_measured() {
    let _alone = alone();
    let (_, _, grown) = measured(|| std::hint::black_box(vec![1u8; 64 << 20]).len());
    if cfg!(target_os = "linux") {
        assert!((60 << 20..80 << 20).contains(&grown), "{grown}");
    }
    let (_, _, grown) = measured(|| std::hint::black_box(vec![1u8; 4096]).len());
    assert!(grown < 8 << 20, "{grown}");
}

//! A file changed at thousands of places: no panic, and no memory to speak of.

use crate::common::{Value, full, int, model, text};
use crate::measure::{MOST, alone, measured};
use slovo_model::gguf::{Config, Gguf, GgufError, names};
use slovo_model::untrusted;
use std::time::Duration;

#[test]
fn a_changed_file_is_read_or_refused() {
    let _alone = alone();
    let file = full().bytes();
    untrusted::gguf(&file).unwrap();
    let front = file.windows(4).rposition(|word| word == b"gate").unwrap() + 200;
    let mut tried = [0; 2];
    let mut worst = (Duration::ZERO, 0);
    let mut attempt = |bytes: &[u8]| {
        let (result, took, most) = measured(|| untrusted::gguf(bytes));
        tried[usize::from(result.is_ok())] += 1;
        worst = (worst.0.max(took), worst.1.max(most));
        assert!(most < MOST, "{most} bytes");
        if let Err(error) = result {
            let message = error.to_string();
            assert!(
                message.len() < 1000 && !message.contains('\x1b'),
                "{message}"
            );
        }
    };
    for at in 0..file.len() {
        attempt(&file[..at]);
    }
    // Every byte of the front, and every eight of them as a length.
    let mut changed = file.clone();
    for at in 0..front.min(file.len() - 8) {
        for value in [
            0,
            1,
            7,
            8,
            9,
            13,
            0x1B,
            0x7F,
            0x80,
            0xFF,
            file[at] ^ 1,
            file[at] ^ 0x40,
        ] {
            changed[at] = value;
            attempt(&changed);
        }
        for value in [u64::MAX, 1 << 63, 1 << 32, 1 << 20, 1 << 12] {
            changed[at..at + 8].copy_from_slice(&value.to_le_bytes());
            attempt(&changed);
        }
        changed[at..at + 8].copy_from_slice(&file[at..at + 8]);
    }
    // Several changes at once; a generator of our own, so that a failure can be had again.
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for _ in 0..10_000 {
        let mut changed = file.clone();
        for _ in 0..1 + random(6) {
            let (at, value) = (random(front), random(256) as u8);
            match random(4) {
                0 => changed[at] = value,
                1 => changed[at] ^= 1 << (value % 8),
                2 => drop(changed.drain(at..at + random(9))),
                _ => changed.insert(at, value),
            }
        }
        attempt(&changed);
    }
    println!(
        "{} errors, {} readable; at worst {:.1?} and {} bytes",
        tried[0], tried[1], worst.0, worst.1
    );
    real_front();
    huge_settings();
}

/// What follows the front is bounded too.
fn huge_settings() {
    let good = model("llama", 2);
    let huge = [
        (
            "llama.block_count",
            int(u32::MAX),
            "`llama.block_count` is 4294967295",
        ),
        ("llama.block_count", int(3), "at most 2, a ninth"),
        (
            "llama.feed_forward_length",
            int(u32::MAX),
            "shape [12, 8], but the metadata makes it [4294967295, 8]",
        ),
        (
            "llama.attention.head_count",
            int(u32::MAX),
            "should be a divisor",
        ),
        (
            "llama.context_length",
            Value(5, (-1i32).to_le_bytes().into()),
            "is -1",
        ),
        ("llama.embedding_length", text("8"), "is \"8\""),
    ];
    for (key, value, expected) in huge {
        let bytes = good.clone().set(key, value).bytes();
        let read = || -> Result<(), GgufError> {
            let file = Gguf::from_bytes("a.gguf", &bytes)?;
            let config = Config::read(&file)?;
            names::check(&file, &config)
        };
        let (result, took, most) = measured(read);
        let message = result.unwrap_err().to_string();
        println!("{key}: {took:.1?}, {most} bytes: {message}");
        assert!(most < MOST);
        assert!(message.contains(expected), "{message}");
    }
}

/// The front of a real file, if there is one: 1.7 MB of vocabulary.
fn real_front() {
    let Ok(folder) = std::env::var("SLOVO_WEIGHTS") else {
        println!("skipped: SLOVO_WEIGHTS is not set");
        return;
    };
    let path = format!("{folder}/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf");
    let Ok(mut front) = std::fs::read(&path) else {
        println!("skipped: there is no {path}");
        return;
    };
    front.truncate(1_800_000);
    let mut worst = (Duration::ZERO, 0);
    let mut state = 1u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for turn in 0..2000 {
        // Lengths are what matters, and those of tensors are at the end.
        let at = match turn % 4 {
            0 => random(1500),
            1 => random(front.len() - 8),
            _ => front.len() - 8 - random(40_000),
        };
        let was = front[at..at + 8].to_vec();
        let value = [u64::MAX, 1 << 40, 1 << 24, random(256) as u64, 0][random(5)];
        front[at..at + 8].copy_from_slice(&value.to_le_bytes());
        let end = if turn % 5 == 0 {
            random(front.len())
        } else {
            front.len()
        };
        let read = || Gguf::from_bytes("a.gguf", &front[..end]).map(|_| ());
        let (result, took, most) = measured(read);
        // The weights are missing in any case.
        assert!(result.is_err() && most < MOST);
        worst = (worst.0.max(took), worst.1.max(most));
        front[at..at + 8].copy_from_slice(&was);
    }
    println!(
        "a real front: at worst {:.1?} and {} bytes",
        worst.0, worst.1
    );
}

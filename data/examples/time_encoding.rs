//! Times encoding for `tokenizer_speed.py`: `time_encoding TOKENIZER.json DOCUMENTS`, with documents
//! separated by NUL; prints seconds, number of ids, and their FNV-1a hash.

use std::time::Instant;

use slovo_data::tokenizer::fast_bpe::{FastBpe, SpecialTokens};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(tokenizer), Some(documents)) = (arguments.next(), arguments.next()) else {
        return Err("usage: time_encoding TOKENIZER.json DOCUMENTS".into());
    };
    let file = serde_json::from_str(&std::fs::read_to_string(tokenizer)?)?;
    let encoder = FastBpe::new(&file)?;
    let text = std::fs::read_to_string(documents)?;
    let documents: Vec<&str> = text.split('\0').collect();
    let start = Instant::now();
    let encoded: Vec<Vec<u32>> = documents
        .iter()
        .map(|document| {
            let mut ids = Vec::new();
            encoder.encode(document, SpecialTokens::AreTokens, &mut ids);
            ids
        })
        .collect();
    let seconds = start.elapsed().as_secs_f64();
    let (mut count, mut hash) = (0_usize, 0xCBF2_9CE4_8422_2325_u64);
    for id in encoded.iter().flatten() {
        count += 1;
        hash = (hash ^ u64::from(*id)).wrapping_mul(0x100_0000_01B3);
    }
    println!("{seconds} {count} {hash}");
    Ok(())
}

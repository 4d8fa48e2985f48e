//! How fast a corpus is prepared, stage by stage, on one core, and from end to end on one core and on two.
//!
//! ```text
//! SLOVO_DATA=DIR cargo run --release -p slovo-data --example throughput [-- --tokenizer tokenizer.json]
//! ```
//!
//! Each figure is the median of five. Text: the books, introductions and kernel documentation of `$SLOVO_DATA`, in documents of
//! 4 kB. `throughput.py` beside this file times Hugging Face's `tokenizers`, `tiktoken` and `datatrove` on the same.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use slovo_data::clean::rules::{Rule, Verdict};
use slovo_data::clean::{Verdict as Kept, clean};
use slovo_data::dedup::MinHash;
use slovo_data::prepare::{Options, prepare_with};
use slovo_data::recipe::{Clean, DataRecipe, from_ron_str};
use slovo_data::report::Seconds;
use slovo_data::source::Inputs;
use slovo_data::tokenizer::{BpeSample, Specials, Tokenizer, train_bpe};
use slovo_data::{Batches, Windows};

type Failure = Box<dyn Error + Send + Sync>;

const RUNS: usize = 5;
/// Bytes of a document.
const DOCUMENT: usize = 4096;
/// Bytes of text in all.
const TEXT: usize = 16 << 20;

fn main() -> Result<(), Failure> {
    let data = PathBuf::from(
        std::env::var("SLOVO_DATA").map_err(|_| "set SLOVO_DATA to the folder of the texts")?,
    );
    if std::env::args().nth(1).as_deref() == Some(WHOLE) {
        return whole(&data);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| stages(&data))?;
    let one = on_cores("0")?;
    println!("{:<40} {one:>8.1} s", "end to end on one core");
    let two = on_cores("0,1")?;
    println!("{:<40} {two:>8.1} s", "end to end on two cores");
    println!("{:<40} {:>8.2}", "two cores over one", one / two);
    Ok(())
}

/// What this program calls itself with, to be held to some cores.
const WHOLE: &str = "--whole";

/// Seconds of [`whole`] in a process that may use these cores, all of its threads together: a pool of one
/// thread would still read and write beside it.
fn on_cores(cores: &str) -> Result<f64, Failure> {
    let output = Command::new("taskset")
        .args(["-c", cores])
        .arg(std::env::current_exe()?)
        .arg(WHOLE)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("taskset, of util-linux: {error}"))?;
    let printed = String::from_utf8(output.stdout)?;
    let (seconds, rest) = printed.split_once('\n').ok_or("it measured nothing")?;
    print!("{rest}");
    Ok(seconds.parse()?)
}

fn stages(data: &Path) -> Result<(), Failure> {
    for (name, path) in [
        ("read a crawl, main text", "web/iana.warc.gz"),
        ("read a wiki's dump", "wikipedia/enwiki-sample.xml.bz2"),
        ("read JSON Lines", "docs/linux-doc.jsonl.gz"),
    ] {
        let path = data.join(path);
        let length = std::fs::metadata(&path)?.len();
        let paths = [path.display().to_string()];
        report(name, length, "on disk", || {
            Inputs::typed(&paths)
                .into_iter()
                .flatten()
                .flatten()
                .count()
        });
    }
    let documents = documents(data)?;
    let bytes = documents.iter().map(|text| text.len() as u64).sum();
    println!("{} documents, {bytes} bytes", documents.len());
    report("clean", bytes, "", || {
        documents
            .iter()
            .filter(|text| matches!(clean((*text).clone(), &Clean::default()), Kept::Keep { .. }))
            .count()
    });
    let rules: Vec<Rule> = from_ron_str(
        "[Characters(()), Language((languages: [\"en\"])), GopherRepetition(()), GopherQuality(()), C4(()), FineWeb(()), Personal(())]",
    )?;
    for rule in &rules {
        report(rule.name(), bytes, "", || {
            documents
                .iter()
                .filter(|text| rule.apply(text, None) == Verdict::Keep)
                .count()
        });
    }
    report("all rules, each text until it goes", bytes, "", || {
        let kept = |text: &&String| {
            let mut text = std::borrow::Cow::Borrowed(text.as_str());
            rules.iter().all(|rule| match rule.apply(&text, None) {
                Verdict::Keep => true,
                Verdict::Change(changed) => {
                    text = changed.into();
                    true
                }
                Verdict::Drop(_) => false,
            })
        };
        documents.iter().filter(kept).count()
    });
    let sketcher = MinHash::default().sketcher()?;
    report("MinHash", bytes, "", || {
        documents
            .iter()
            .filter_map(|text| sketcher.signature(text))
            .count()
    });
    let tokenizer = tokenizer(&documents)?;
    report("tokenise", bytes, "", || {
        documents
            .iter()
            .map(|text| tokenizer.encode(text).map_or(0, |ids| ids.len()))
            .sum::<usize>()
    });
    let long: String = documents
        .concat()
        .split_whitespace()
        .collect::<Vec<_>>()
        .concat();
    let long = &long[..long.floor_char_boundary(1 << 20)];
    report(
        "tokenise a megabyte without a space",
        long.len() as u64,
        "",
        || tokenizer.encode(long).map_or(0, |ids| ids.len()),
    );
    Ok(())
}

/// The text, in documents of [`DOCUMENT`] bytes.
fn documents(data: &Path) -> Result<Vec<String>, Failure> {
    let paths = [
        "books",
        "wikipedia/leads-en.jsonl.gz",
        "docs/linux-doc.jsonl.gz",
    ];
    let mut documents = Vec::new();
    for path in paths {
        let mut left = TEXT / paths.len();
        let mut text = String::new();
        for document in Inputs::typed(&[data.join(path).display().to_string()])? {
            text += &document?.text;
            while text.len() > DOCUMENT && left > 0 {
                let rest = text.split_off(text.floor_char_boundary(DOCUMENT));
                left = left.saturating_sub(text.len());
                documents.push(std::mem::replace(&mut text, rest));
            }
            if left == 0 {
                break;
            }
        }
    }
    Ok(documents)
}

/// The tokenizer that `--tokenizer` names, or one of 32,768 tokens trained here.
fn tokenizer(documents: &[String]) -> Result<Tokenizer, Failure> {
    let mut arguments = std::env::args().skip(1);
    if let (Some("--tokenizer"), Some(path)) = (arguments.next().as_deref(), arguments.next()) {
        return Ok(Tokenizer::from_file(Path::new(&path))?);
    }
    let mut sample = BpeSample::new(TEXT);
    for text in documents {
        sample.push(text);
    }
    Ok(train_bpe(&sample, 32_768, 2, Specials::Text)?)
}

/// The whole of it: five sources, rules, duplicates, tokens, shards, and a pass over batches. Prints the
/// median of the seconds, where they went, and the speed of that pass.
fn whole(data: &Path) -> Result<(), Failure> {
    // As for a crawl, the vocabulary is there.
    let folder = tempfile::tempdir()?;
    let tokenizer = folder.path().join("tokenizer.json");
    self::tokenizer(&documents(data)?)?.save(&tokenizer)?;
    let recipe: DataRecipe = from_ron_str(&format!(
        "(name: \"whole\", sources: [
            Files(name: Some(\"web\"), paths: [\"{0}/web/iana.warc.gz\"], bad_lines: Skip),
            Files(name: Some(\"wiki\"), paths: [\"{0}/wikipedia/enwiki-sample.xml.bz2\"]),
            Files(name: Some(\"books\"), paths: [\"{0}/books\"]),
            Files(name: Some(\"leads\"), paths: [\"{0}/wikipedia/leads-en.jsonl.gz\"]),
            Files(name: Some(\"docs\"), paths: [\"{0}/docs/linux-doc.jsonl.gz\"]),
          ], rules: [GopherRepetition(()), FineWeb(())], duplicates: (exact: true, near: Some(())),
          tokenizer: File(\"{1}\"), split: Hash(validation: 0.02))",
        data.display(),
        tokenizer.display()
    ))?;
    let mut runs: Vec<(f64, Seconds)> = Vec::new();
    for run in 1..=RUNS {
        let folder = tempfile::tempdir()?;
        let options = Options {
            out: Some(folder.path().join("out")),
            ..Options::default()
        };
        let start = Instant::now();
        let prepared = prepare_with(&recipe, &options, &mut |_| {}, &AtomicBool::new(false))?;
        runs.push((start.elapsed().as_secs_f64(), prepared.report.seconds));
        if run == RUNS {
            runs.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (median, told) = &runs[RUNS / 2];
            println!("{median}\n{told}");
            report(
                "pack and read windows of 1,024",
                prepared.train.bytes(),
                "",
                || {
                    let shards = Arc::clone(&prepared.train);
                    let batches = Batches::new(shards, Windows::BestFit, 1_024, 8, 1);
                    batches.map_or(0, |batches| (0..64).map(|i| batches.batch(i).rows).sum())
                },
            );
        }
    }
    Ok(())
}

/// Prints the median speed of some work on `bytes` bytes.
fn report(name: &str, bytes: u64, of: &str, mut work: impl FnMut() -> usize) {
    let mut seconds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(work());
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!(
        "{name:<40} {:>8.1} MB/s {of}",
        bytes as f64 / 1e6 / seconds[RUNS / 2]
    );
}

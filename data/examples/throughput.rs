//! How fast a corpus is prepared, stage by stage, on one core, and from end to end on one core and on two.
//!
//! ```text
//! SLOVO_DATA=DIR cargo run --release -p slovo-data --example throughput [-- --tokenizer tokenizer.json]
//! ```
//!
//! Each figure is the median of five. Text: the books, introductions and kernel documentation of `$SLOVO_DATA`, in documents of
//! 4 kB. Beside this file, `throughput.py` times `datatrove` on some of the same, and `tokenizer_speed.py` other tokenizers.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use slovo_data::clean::rules::{Rule, Verdict};
use slovo_data::clean::{Verdict as Kept, clean};
use slovo_data::dedup::MinHash;
use slovo_data::prepare::{Options, Prepared, prepare_with};
use slovo_data::recipe::{Clean, DataRecipe, from_ron_str};
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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, tokenizer] = &arguments[..]
        && flag == WHOLE
    {
        return whole(&data, Path::new(tokenizer));
    }
    let folder = tempfile::tempdir()?;
    let tokenizer = folder.path().join("tokenizer.json");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| stages(&data, &tokenizer))?;
    pack(&data, &tokenizer)?;
    // In turn, so that what else a machine does falls on both.
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        one.push(on_cores("0", &tokenizer)?);
        two.push(on_cores("0,1", &tokenizer)?);
    }
    let times = one.iter().zip(&two).map(|(one, two)| one / two).collect();
    for (name, values, unit) in [
        ("end to end on one core", one, "s"),
        ("end to end on two cores", two, "s"),
        ("two cores over one", times, "times"),
    ] {
        let (least, median, most) = spread(values);
        println!("{name:<40} {median:>8.2} {unit} ({least:.2} to {most:.2})");
    }
    Ok(())
}

/// What this program calls itself with, to be held to some cores.
const WHOLE: &str = "--whole";

/// Seconds of [`whole`] in a process that may use these cores, all of its threads together: a pool of one
/// thread would still read and write beside it.
fn on_cores(cores: &str, tokenizer: &Path) -> Result<f64, Failure> {
    let output = Command::new("taskset")
        .args(["-c", cores])
        .arg(std::env::current_exe()?)
        .arg(WHOLE)
        .arg(tokenizer)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("taskset, of util-linux: {error}"))?;
    let printed = String::from_utf8(output.stdout)?;
    let seconds = printed.trim().parse();
    Ok(seconds.map_err(|_| format!("it measured nothing: {printed:?}"))?)
}

/// The least, the median and the most.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    )
}

/// Times the stages one after another; the vocabulary is written to a file.
fn stages(data: &Path, file: &Path) -> Result<(), Failure> {
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
    tokenizer.save(file)?;
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

/// The whole of it: five sources, rules, duplicates, tokens and shards, with a vocabulary that is there, as for a
/// crawl. Prints the seconds.
fn whole(data: &Path, tokenizer: &Path) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let start = Instant::now();
    prepare(data, tokenizer, folder.path())?;
    println!("{}", start.elapsed().as_secs_f64());
    Ok(())
}

fn prepare(data: &Path, tokenizer: &Path, folder: &Path) -> Result<Prepared, Failure> {
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
    let options = Options {
        out: Some(folder.join("out")),
        ..Options::default()
    };
    let stop = AtomicBool::new(false);
    Ok(prepare_with(&recipe, &options, &mut |_| {}, &stop)?)
}

/// Prints the speed of packing documents into windows, and of reading all of these once.
fn pack(data: &Path, tokenizer: &Path) -> Result<(), Failure> {
    const WINDOW: usize = 1_024;
    const ROWS: usize = 8;
    let folder = tempfile::tempdir()?;
    let shards = prepare(data, tokenizer, folder.path())?.train;
    let batches = shards.len() / (WINDOW * ROWS) as u64;
    let name = format!("pack and read windows of {WINDOW}");
    report(&name, shards.bytes(), "", || {
        let packed = Batches::new(Arc::clone(&shards), Windows::BestFit, WINDOW, ROWS, 1);
        packed.map_or(0, |packed| {
            (0..batches).map(|i| packed.batch(i).inputs.len()).sum()
        })
    });
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

//! From a recipe of pairs to a folder that is complete or absent.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use slovo_data::prepare::{
    Options, Progress, Stage, holds_pairs, plan, prepare, prepare_pairs_with, read_pair_report,
    read_report,
};
use slovo_data::recipe::{DataRecipe, from_ron_str};
use slovo_data::{Error, Pairs, Prepared, PreparedPairs, Tokenizer};

use crate::{names, shared};

const BPE: &str = "Bpe(vocab_size: 300, specials: Pairs)";
const HALF: &str = "Hash(validation: 0.4)";

/// A folder with files of pairs and room for output.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.path("in")).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path("in").join(name), text).unwrap();
    }

    /// `more` stands behind the paths.
    pub fn recipe(&self, more: &str, tokenizer: &str, split: &str) -> DataRecipe {
        from_ron_str(&format!(
            "(name: \"test\", sources: [Pairs(paths: [{:?}]{more})], tokenizer: {tokenizer}, \
             split: {split})",
            self.path("in")
        ))
        .unwrap()
    }

    fn options(&self, out: &str) -> Options {
        Options {
            out: Some(self.path(out)),
            ..Options::default()
        }
    }

    pub fn prepare(&self, recipe: &DataRecipe, out: &str) -> Result<PreparedPairs, Error> {
        let stop = AtomicBool::new(false);
        prepare_pairs_with(recipe, &self.options(out), &mut |_| {}, &stop)
    }
}

/// Different pairs, of many lengths.
pub fn lines(count: usize) -> String {
    let words = ["the file", "a window", "open", "ещё", "“quoted”", "10.5 %"];
    let side = |i: usize, of: usize| {
        let length = 1 + (i * 7 + of * 5) % 11;
        let words: Vec<&str> = (0..length).map(|at| words[(i + at * of) % 6]).collect();
        words.join(" ")
    };
    let line = |i| format!("{} {i}\t{} № {i}\n", side(i, 1), side(i, 5));
    (0..count).map(line).collect()
}

fn filled() -> Place {
    let place = Place::new();
    place.file("a.tsv", lines(200));
    place
}

fn texts(pairs: &Pairs) -> Vec<(String, String)> {
    (0..pairs.len()).map(|i| pairs.texts(i).unwrap()).collect()
}

fn all_texts(prepared: &PreparedPairs) -> BTreeSet<(String, String)> {
    let both = [&prepared.train, &prepared.validation];
    both.into_iter().flat_map(|pairs| texts(pairs)).collect()
}

#[test]
fn a_folder_holds_every_pair_once_and_is_found_again() {
    let place = filled();
    let recipe = place.recipe("", BPE, HALF);
    let prepared = place.prepare(&recipe, "out").unwrap();
    assert_eq!(names(&place.path("")), ["in", "out"]);
    assert_eq!(
        names(&place.path("out")),
        [
            "recipe.ron",
            "report.json",
            "tokenizer.json",
            "train-source-00000.shard",
            "train-target-00000.shard",
            "validation-source-00000.shard",
            "validation-target-00000.shard",
        ]
    );
    let expected: BTreeSet<(String, String)> = lines(200)
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(source, target)| (source.to_owned(), target.to_owned()))
        .collect();
    assert_eq!(all_texts(&prepared), expected);

    let specials = prepared.train.specials();
    assert_eq!((specials.pad, specials.end), (0, 1));
    let named = [(0, "<pad>".to_owned()), (1, "</s>".to_owned())];
    assert_eq!(prepared.tokenizer.specials(), named);
    assert_eq!(prepared.tokenizer.vocab_size(), 300);
    let report = &prepared.report;
    assert_eq!(report.train.pairs + report.validation.pairs, 200);
    assert_eq!(report.dropped.total(), 0);
    for (pairs, split) in [
        (&prepared.train, &report.train),
        (&prepared.validation, &report.validation),
    ] {
        assert_eq!(pairs.len(), split.pairs);
        assert_eq!(pairs.tokens(), (split.sources.tokens, split.targets.tokens));
        let (mut tokens, mut longest) = ((0, 0), (0, 0));
        for i in 0..pairs.len() {
            let (source, target) = pairs.read(i).unwrap();
            assert_eq!(pairs.lengths(i).unwrap(), (source.len(), target.len()));
            tokens = (
                tokens.0 + source.len() as u64,
                tokens.1 + target.len() as u64,
            );
            longest = (longest.0.max(source.len()), longest.1.max(target.len()));
            // Each ends in the token that says so, and has it nowhere else.
            for ids in [source, target] {
                let end = ids.iter().position(|&id| id == specials.end);
                assert_eq!(end, Some(ids.len() - 1));
                assert!(!ids.contains(&specials.pad));
            }
        }
        assert_eq!(tokens, pairs.tokens());
        assert_eq!(longest.0 as u32, split.sources.lengths.longest);
        assert_eq!(longest.1 as u32, split.targets.lengths.longest);
        let error = pairs.read(pairs.len()).unwrap_err().to_string();
        assert!(error.starts_with("pair "), "{error}");
    }
    let ron = std::fs::read_to_string(place.path("out/recipe.ron")).unwrap();
    assert_eq!(from_ron_str::<DataRecipe>(&ron).unwrap(), recipe);

    let stamp = || {
        let report = std::fs::metadata(place.path("out/report.json")).unwrap();
        report.modified().unwrap()
    };
    let before = stamp();
    assert!(plan(&recipe, &place.options("out")).unwrap().ready);
    let again = place.prepare(&recipe, "out").unwrap();
    assert_eq!(
        (stamp(), &again.fingerprint),
        (before, &prepared.fingerprint)
    );
    assert_eq!(again.report, prepared.report);
}

#[test]
fn no_source_is_on_two_sides() {
    let place = Place::new();
    // Each source three times: with two translations, and once with white space around it.
    let line =
        |i: usize| format!("source {i}\tan {i}\nsource {i}\tbn {i}\n  source {i} \tcn {i}\r\n");
    place.file("a.tsv", (0..100).map(line).collect::<String>());
    for (out, split) in [("hash", HALF), ("count", "Count(validation: 40)")] {
        let prepared = place.prepare(&place.recipe("", BPE, split), out).unwrap();
        let sources = |pairs: &Pairs| -> BTreeSet<String> {
            texts(pairs).into_iter().map(|(source, _)| source).collect()
        };
        let (train, held_out) = (sources(&prepared.train), sources(&prepared.validation));
        assert_eq!(train.len() + held_out.len(), 100, "{split}");
        assert!(train.is_disjoint(&held_out), "{split}");
        assert_eq!(prepared.train.len() + prepared.validation.len(), 300);
        if out == "count" {
            assert_eq!(prepared.validation.len(), 42);
        }
    }
}

#[test]
fn what_is_left_out_is_counted_by_reason() {
    let place = Place::new();
    let long = "word ".repeat(200);
    place.file(
        "a.tsv",
        format!(
            "{}x 1\tone\nx 1\tone\nx 1\tone \nx 1\tanother\ntwo\t2\n{long}\t3\n4\t{long}\n",
            lines(50)
        ),
    );
    let mut recipe = place.recipe(", max_length: 60", BPE, HALF);
    recipe.clean.min_chars = 2;
    let prepared = place.prepare(&recipe, "out").unwrap();
    let dropped = prepared.report.dropped;
    // `2`, `3` and `4` are one character long.
    assert_eq!((dropped.duplicates, dropped.too_short), (2, 3));
    assert_eq!(dropped.too_long, 0);
    assert_eq!(prepared.train.len() + prepared.validation.len(), 52);
    recipe.clean.min_chars = 0;
    let prepared = place.prepare(&recipe, "second").unwrap();
    let report = &prepared.report;
    assert_eq!(
        (report.dropped.duplicates, report.dropped.too_short),
        (2, 0)
    );
    assert_eq!((report.dropped.too_long, report.read.pairs), (2, 57));
    for pairs in [&prepared.train, &prepared.validation] {
        for i in 0..pairs.len() {
            let (source, target) = pairs.lengths(i).unwrap();
            assert!(source.max(target) <= 60);
        }
    }
    let text = report.to_string();
    assert!(
        text.contains("left out      4 of 57 pairs: 2 twice, 2 too long"),
        "{text}"
    );
}

#[test]
fn a_held_out_file_is_held_out_whole_and_trained_on_nowhere() {
    let place = Place::new();
    // The training file has three sources of the test, one of them with the same translation.
    let test = "t 0\tте 0\nt 1\tте 1\nt 2\tте 2\nt 3\tте 3\n";
    place.file(
        "a.tsv",
        lines(40) + "t 0\tте 0\nt 1\tanother\nt 2 \tanother\n",
    );
    place.file("test.tsv", test);
    let split = |name: &str| format!("Groups([{:?}])", place.path("in").join(name));
    let recipe = place.recipe("", BPE, &split("test.tsv"));
    let prepared = place.prepare(&recipe, "out").unwrap();
    let held_out: Vec<String> = texts(&prepared.validation)
        .into_iter()
        .map(|(source, target)| format!("{source}\t{target}\n"))
        .collect();
    assert_eq!(held_out.concat(), test);
    assert_eq!(prepared.train.len(), 40);
    assert_eq!(prepared.report.dropped.held_out, 3);
    assert_eq!(prepared.report.dropped.duplicates, 0);
    let error = place.prepare(&place.recipe("", BPE, &split("tset.tsv")), "second");
    let error = error.unwrap_err();
    assert!(
        error.to_string().contains("tset.tsv; the groups are") && error.is_usage(),
        "{error}"
    );
}

#[test]
fn a_bad_line_stops_with_its_place_or_is_counted() {
    let place = Place::new();
    let mut text = lines(60).into_bytes();
    text.splice(..0, *b"\xEF\xBB\xBF");
    text.extend(b"no tab\na\tb\tc\n\tempty\nempty\t \nlast\t\xFF\r\n");
    place.file("a.tsv", &text);
    let error = place
        .prepare(&place.recipe("", BPE, HALF), "out")
        .unwrap_err();
    assert!(
        error.to_string().contains("a.tsv:61: no tab") && error.is_usage(),
        "{error}"
    );
    assert_eq!(names(&place.path("")), ["in"]);
    let mut recipe = place.recipe(", bad_lines: Skip", BPE, HALF);
    let prepared = place.prepare(&recipe, "out").unwrap();
    let read = &prepared.report.read;
    assert_eq!((read.columns_skipped, read.empty_skipped), (2, 2));
    for (sample, end) in read
        .samples
        .iter()
        .zip(["a.tsv:61", "a.tsv:62", "a.tsv:63", "a.tsv:64"])
    {
        assert!(sample.place.ends_with(end), "{sample:?}");
        assert!(prepared.report.to_string().contains(&sample.place));
    }
    assert_eq!(read.samples.len(), 4);
    assert_eq!((read.pairs, read.encoding_replaced), (61, 1));
    let all = all_texts(&prepared);
    assert!(all.contains(&("last".to_owned(), "\u{FFFD}".to_owned())));
    // The byte order mark before the first line is no part of it.
    let first = lines(1);
    let (source, target) = first.trim_end().split_once('\t').unwrap();
    assert!(all.contains(&(source.to_owned(), target.to_owned())));
    recipe.clean = from_ron_str("(encoding: Stop)").unwrap();
    let error = place.prepare(&recipe, "second").unwrap_err();
    assert!(error.to_string().contains("a.tsv:65: byte"), "{error}");
}

#[test]
fn json_lines_and_compressed_files_are_read_alike() {
    let mut fingerprints = BTreeSet::new();
    let json: String = lines(80)
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(en, ru)| serde_json::json!({ "ru": ru, "en": en, "id": 1 }).to_string() + "\r\n\n")
        .collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, lines(80).as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    for (name, bytes, more) in [
        ("a.tsv", lines(80).as_bytes(), ""),
        ("a.tsv.gz", &gzip, ""),
        (
            "a.jsonl",
            json.as_bytes(),
            ", source: \"en\", target: \"ru\"",
        ),
        (
            "a.txt",
            json.as_bytes(),
            ", format: Jsonl, source: \"en\", target: \"ru\"",
        ),
    ] {
        let place = Place::new();
        place.file(name, bytes);
        let prepared = place
            .prepare(&place.recipe(more, BPE, HALF), "out")
            .unwrap();
        fingerprints.insert(prepared.fingerprint);
    }
    assert_eq!(fingerprints.len(), 1);
}

#[test]
fn the_same_bytes_whatever_the_threads_and_the_shard_length() {
    let place = Place::new();
    // Longer than a batch of the reader.
    place.file("a.tsv", lines(60_000));
    let prepare = |threads, out: &str, shard_bytes| {
        let options = Options {
            shard_bytes,
            ..place.options(out)
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let recipe = place.recipe("", BPE, HALF);
        let stop = AtomicBool::new(false);
        let prepare = || prepare_pairs_with(&recipe, &options, &mut |_| {}, &stop);
        pool.build().unwrap().install(prepare).unwrap()
    };
    let one = prepare(1, "one", u64::MAX);
    let four = prepare(4, "four", u64::MAX);
    for name in names(&one.dir) {
        if name != "report.json" {
            let read = |folder: &str| std::fs::read(place.path(folder).join(&name)).unwrap();
            assert!(read("one") == read("four"), "{name}");
        }
    }
    let many = prepare(2, "many", 500_000);
    assert!(many.report.train.sources.shards > 3);
    assert_eq!(many.train.len(), one.train.len());
    for i in (0..one.train.len()).step_by(97) {
        assert_eq!(many.train.read(i).unwrap(), one.train.read(i).unwrap());
    }
    assert_eq!(one.fingerprint, four.fingerprint);
}

#[test]
fn a_stop_leaves_nothing() {
    let place = filled();
    for stage in [None, Some(Stage::Encode)] {
        let stop = AtomicBool::new(stage.is_none());
        let mut progress = |progress| {
            if let Progress::At { stage: at, .. } = progress
                && Some(at) == stage
            {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let recipe = place.recipe("", BPE, HALF);
        let stopped = prepare_pairs_with(&recipe, &place.options("out"), &mut progress, &stop);
        assert!(stopped.unwrap_err().is_stopped());
        assert_eq!(names(&place.path("")), ["in"]);
    }
}

#[test]
fn damage_is_refused_by_a_reader_and_mended_by_the_recipe() {
    let place = filled();
    let recipe = place.recipe("", BPE, HALF);
    let first = place.prepare(&recipe, "out").unwrap();
    let out = place.path("out");
    let open = || PreparedPairs::open(&out).unwrap_err().to_string();
    for name in ["train-target-00000.shard", "validation-source-00000.shard"] {
        let shard = out.join(name);
        let whole = std::fs::read(&shard).unwrap();
        let mut bytes = whole.clone();
        bytes[300] ^= 1;
        std::fs::write(&shard, &bytes).unwrap();
        assert!(open().contains(&format!("{name} is damaged")), "{}", open());
        std::fs::remove_file(&shard).unwrap();
        assert!(open().contains(&format!("{name} is missing")), "{}", open());
        std::fs::write(&shard, &whole).unwrap();
    }
    // Sources in the place of targets: whole files, in the wrong place.
    let target = out.join("train-target-00000.shard");
    std::fs::copy(out.join("train-source-00000.shard"), &target).unwrap();
    assert!(open().contains("fingerprint"), "{}", open());
    let mut notes = Vec::new();
    let mut progress = |progress| {
        if let Progress::Note(note) = progress {
            notes.push(note);
        }
    };
    let stop = AtomicBool::new(false);
    let again = prepare_pairs_with(&recipe, &place.options("out"), &mut progress, &stop).unwrap();
    assert_eq!(again.fingerprint, first.fingerprint);
    assert!(
        notes.iter().any(|note| note.contains("made again")),
        "{notes:?}"
    );
    let error = place.prepare(&place.recipe("", BPE, "Hash(validation: 0.3)"), "out");
    assert!(error.unwrap_err().to_string().contains("another recipe"));
    place.file("b.tsv", "more\tещё\n");
    let error = place.prepare(&recipe, "out").unwrap_err().to_string();
    assert!(error.contains("changed sources"), "{error}");
}

#[test]
fn text_and_pairs_are_not_taken_for_each_other() {
    let place = filled();
    let pairs = place.recipe("", BPE, HALF);
    place.prepare(&pairs, "pairs").unwrap();
    let text: DataRecipe = from_ron_str(&format!(
        "(name: \"t\", sources: [Files(paths: [{:?}], format: Text)], tokenizer: Byte, \
         split: Position(validation: 0.5))",
        place.path("in")
    ))
    .unwrap();
    let stop = AtomicBool::new(false);
    prepare(&text, Some(&place.path("text")), &mut |_| {}, &stop).unwrap();
    assert!(holds_pairs(&place.path("pairs")).unwrap());
    assert!(!holds_pairs(&place.path("text")).unwrap());
    assert!(read_report(&place.path("text")).is_ok());
    assert!(read_pair_report(&place.path("pairs")).is_ok());
    let error = Prepared::open(&place.path("pairs")).unwrap_err();
    assert!(
        error.to_string().contains("holds pairs") && error.is_usage(),
        "{error}"
    );
    let error = PreparedPairs::open(&place.path("text")).unwrap_err();
    assert!(
        error.to_string().contains("holds text") && error.is_usage(),
        "{error}"
    );
    let error = prepare(&pairs, None, &mut |_| {}, &stop).unwrap_err();
    assert!(
        error.to_string().contains("sources.0 is Pairs") && error.is_usage(),
        "{error}"
    );
    let error = place.prepare(&text, "x").unwrap_err();
    assert!(
        error.to_string().contains("sources.0 is Files") && error.is_usage(),
        "{error}"
    );
}

#[test]
fn a_given_tokenizer_is_used_if_it_has_what_pairs_need() {
    let place = filled();
    let first = place.prepare(&place.recipe("", BPE, HALF), "out").unwrap();
    let file = place.path("out/tokenizer.json");
    let given = |path: &PathBuf| format!("File({path:?})");
    let second = place.prepare(&place.recipe("", &given(&file), HALF), "second");
    assert_eq!(second.unwrap().fingerprint, first.fingerprint);
    let bytes = place.path("bytes.json");
    Tokenizer::bytes().unwrap().save(&bytes).unwrap();
    let error = place.prepare(&place.recipe("", &given(&bytes), HALF), "third");
    let error = error.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("bytes.json has no special token <pad>"),
        "{error}"
    );
    assert!(error.is_usage());
    // The same with other ids, as Marian numbers them, and with a hole in the alphabet.
    let json = std::fs::read_to_string(&file).unwrap();
    let mut other: serde_json::Value = serde_json::from_str(&json).unwrap();
    other["model"]["vocab"]["<pad>"] = 301.into();
    other["added_tokens"][0]["id"] = 301.into();
    let moved = place.path("moved.json");
    std::fs::write(&moved, other.to_string()).unwrap();
    let recipe = place.recipe("", &given(&moved), HALF);
    let prepared = place.prepare(&recipe, "fourth").unwrap();
    assert_eq!(prepared.train.specials().pad, 301);
    assert_eq!(all_texts(&prepared), all_texts(&first));
}

#[test]
fn nothing_to_learn_from_or_to_measure_on_is_told() {
    let place = Place::new();
    place.file("a.tsv", "a\tb\n");
    for (more, split, says) in [
        ("", "Count(validation: 1)", "the train split is empty"),
        (
            "",
            "Hash(validation: 0.0000001)",
            "the validation split is empty",
        ),
        (
            ", max_length: 2",
            "Count(validation: 9)",
            "the train split is empty",
        ),
    ] {
        let error = place
            .prepare(&place.recipe(more, BPE, split), "out")
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains(says) && error.is_usage(), "{text}");
    }
    place.file("a.tsv", "");
    let error = place
        .prepare(&place.recipe("", BPE, HALF), "out")
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("1 files gave 0 pairs") && error.is_usage(),
        "{text}"
    );
    assert_eq!(names(&place.path("")), ["in"]);
}

/// The scores of both yardsticks are those that sacreBLEU 2.6.0 gives for the same translations.
#[test]
fn the_yardsticks_of_real_pairs_are_as_sacrebleu_scores_them() {
    let Some(path) = shared("translation/en-ru.tsv.gz") else {
        return;
    };
    let place = Place::new();
    std::fs::copy(path, place.path("in/en-ru.tsv.gz")).unwrap();
    let recipe = place.recipe(
        "",
        "Bpe(vocab_size: 8000, specials: Pairs)",
        "Count(validation: 2000)",
    );
    let prepared = place.prepare(&recipe, "out").unwrap();
    assert_eq!(
        (prepared.train.len(), prepared.validation.len()),
        (31_739, 2_000)
    );
    assert_eq!(prepared.report.dropped.total(), 0);
    let baselines = prepared.baselines().unwrap();
    assert_eq!((baselines.pairs, baselines.lookup_pairs), (2_000, 31_739));
    for (found, bleu, chrf) in [
        (baselines.copy, 6.338210647854, 5.842736606366),
        (baselines.lookup, 22.507252641151, 41.434466445374),
    ] {
        assert!((found.bleu.score - bleu).abs() < 1e-9, "{found:?}");
        assert!((found.chrf - chrf).abs() < 1e-9, "{found:?}");
    }
    // Kept, and read again.
    let kept = std::fs::read_to_string(place.path("out/baselines.json")).unwrap();
    std::fs::write(
        place.path("out/baselines.json"),
        kept.replace("\"pairs\": 2000", "\"pairs\": 1999"),
    )
    .unwrap();
    assert_eq!(prepared.baselines().unwrap().pairs, 1_999);
}

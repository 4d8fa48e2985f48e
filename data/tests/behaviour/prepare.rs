//! From a recipe to a folder that is complete or absent.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use slovo_data::prepare::{Options, Progress, Stage, plan, prepare_with, write_text};
use slovo_data::recipe::{DataRecipe, from_ron_str};
use slovo_data::{Error, Prepared, Shards};

use crate::{awkward_text, names, shared};

/// A folder with a text and room for output.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.path("in")).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.path("in").join(name), text).unwrap();
    }

    fn recipe(&self, tokenizer: &str, split: &str) -> DataRecipe {
        from_ron_str(&format!(
            "(name: \"test\", sources: [Files(paths: [{:?}])], tokenizer: {tokenizer}, split: {split})",
            self.path("in")
        ))
        .unwrap()
    }

    fn options(&self) -> Options {
        Options {
            out: Some(self.path("out")),
            ..Options::default()
        }
    }

    fn prepare(&self, recipe: &DataRecipe) -> Result<Prepared, Error> {
        prepare_with(
            recipe,
            &self.options(),
            &mut |_| {},
            &AtomicBool::new(false),
        )
    }
}

const BPE: &str = "Bpe(vocab_size: 400)";
const HALF: &str = "Hash(validation: 0.4)";

/// Ten different documents.
fn filled() -> Place {
    let place = Place::new();
    for i in 0..10 {
        place.file(
            &format!("{i}.txt"),
            &format!("document {i}\n{}", awkward_text()),
        );
    }
    place
}

fn text_of(prepared: &Prepared, shards: &Shards) -> String {
    let mut bytes = Vec::new();
    write_text(shards, &prepared.tokenizer, &mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, shards.bytes());
    String::from_utf8(bytes).unwrap()
}

#[test]
fn shakespeare_is_nano_gpts() {
    let Some(path) = shared("shakespeare/input.txt") else {
        return;
    };
    let place = Place::new();
    let text = std::fs::read_to_string(path).unwrap();
    place.file("input.txt", &text);
    let prepared = place
        .prepare(&place.recipe("Char", "Position(validation: 0.1)"))
        .unwrap();
    assert_eq!(prepared.tokenizer.vocab_size(), 65);
    assert_eq!(prepared.tokenizer.end_of_text(), None);
    assert_eq!(prepared.train.len(), 1_003_854);
    assert_eq!(prepared.validation.len(), 111_540);
    // nanoGPT's prepare.py: stoi in the order of sorted(set(data)).
    assert_eq!(
        prepared.tokenizer.encode("\n !Az").unwrap(),
        [0, 1, 2, 13, 64]
    );
    let joined = text_of(&prepared, &prepared.train) + &text_of(&prepared, &prepared.validation);
    assert!(joined == text);
}

#[test]
fn a_folder_holds_what_it_promises_and_is_found_again() {
    let place = filled();
    let recipe = place.recipe(BPE, HALF);
    let prepared = place.prepare(&recipe).unwrap();
    assert_eq!(names(&place.path("")), ["in", "out"]);
    assert_eq!(
        names(&place.path("out")),
        [
            "recipe.ron",
            "report.html",
            "report.json",
            "tokenizer.json",
            "train-00000.shard",
            "validation-00000.shard",
        ]
    );
    let report = &prepared.report;
    assert_eq!(report.train.documents + report.validation.documents, 10);
    assert!(report.train.documents > 0 && report.validation.documents > 0);
    assert_eq!(report.bytes(), report.clean.bytes_kept);
    assert_eq!(
        report.tokens(),
        prepared.train.len() + prepared.validation.len()
    );
    let source = &report.sources["0: files"];
    assert_eq!((source.documents, source.bytes), (10, report.bytes()));
    assert_eq!(source.train_tokens, report.train.tokens);
    assert_eq!(source.validation_tokens, report.validation.tokens);
    assert!(source.licences.iter().eq(["unknown"]));
    let ron = std::fs::read_to_string(place.path("out/recipe.ron")).unwrap();
    assert_eq!(from_ron_str::<DataRecipe>(&ron).unwrap(), recipe);
    assert!(ron.contains("min_chars") && ron.contains("min_frequency"));
    // Each document ends in the token that says so, and in no other place.
    let end = prepared.tokenizer.end_of_text().unwrap();
    for shards in [&prepared.train, &prepared.validation] {
        for document in shards.documents().map(Result::unwrap) {
            let mut tokens = vec![0; document.tokens as usize];
            shards.read(document.start, &mut tokens).unwrap();
            let place = tokens.iter().position(|&token| token == end);
            assert_eq!(place, Some(tokens.len() - 1));
        }
    }
    let stamp = |name: &str| {
        std::fs::metadata(place.path(name))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = stamp("out/report.json");
    assert!(plan(&recipe, &place.options()).unwrap().ready);
    let again = place.prepare(&recipe).unwrap();
    assert_eq!(again.fingerprint, prepared.fingerprint);
    assert_eq!(stamp("out/report.json"), before);
    assert_eq!(
        Prepared::open(&place.path("out")).unwrap().fingerprint,
        prepared.fingerprint
    );
}

#[test]
fn the_same_bytes_whatever_the_threads_and_the_shard_length() {
    let place = filled();
    // Longer than a batch and a piece, so that both are divided.
    place.file("long.txt", &awkward_text().repeat(4_000));
    let prepare = |threads, name: &str, shard_bytes| {
        let options = Options {
            out: Some(place.path(name)),
            shard_bytes,
            ..Options::default()
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let recipe = place.recipe(BPE, "Position(validation: 0.3)");
        pool.install(|| prepare_with(&recipe, &options, &mut |_| {}, &AtomicBool::new(false)))
            .unwrap()
    };
    let one = prepare(1, "one", u64::MAX);
    let four = prepare(4, "four", u64::MAX);
    assert_eq!(one.fingerprint, four.fingerprint);
    for name in names(&one.dir) {
        // How long it took is no part of what was made.
        if !name.starts_with("report.") {
            let read = |dir: &Path| std::fs::read(dir.join(&name)).unwrap();
            assert!(read(&one.dir) == read(&four.dir), "{name}");
        }
    }
    let many = prepare(2, "many", 1_500);
    assert!(many.train.files() > 5);
    let all = |shards: &Shards| {
        let mut tokens = vec![0; shards.len() as usize];
        shards.read(0, &mut tokens).unwrap();
        tokens
    };
    assert!(all(&many.train) == all(&one.train));
    assert!(all(&many.validation) == all(&one.validation));
}

#[test]
fn tokens_are_those_of_the_documents_in_every_split() {
    let place = filled();
    // By name, not by hash: the folder's name, and so the hash, is another in every run.
    let named = [1, 7].map(|i| place.path(&format!("in/{i}.txt")));
    let groups = format!("Groups({named:?})");
    for (number, split) in [HALF, "Position(validation: 0.25)", &groups]
        .iter()
        .enumerate()
    {
        for tokenizer in ["Char", "Byte", BPE] {
            let options = Options {
                out: Some(place.path(&format!("{number}{}", &tokenizer[..3]))),
                ..Options::default()
            };
            let mut recipe = place.recipe(tokenizer, split);
            // As it is, so that the text can be compared.
            recipe.clean = from_ron_str("(newlines: false, control: false, nfc: false)").unwrap();
            let stop = AtomicBool::new(false);
            let prepared = prepare_with(&recipe, &options, &mut |_| {}, &stop).unwrap();
            let mut found = 0;
            for shards in [&prepared.train, &prepared.validation] {
                let text = text_of(&prepared, shards);
                found += text.matches("document ").count();
            }
            assert_eq!(found, 10, "{split} {tokenizer}");
            let mut all = text_of(&prepared, &prepared.train);
            all += &text_of(&prepared, &prepared.validation);
            assert_eq!(all.len() as u64, prepared.report.bytes());
        }
    }
}

#[test]
fn wordpiece_is_prepared_and_its_unknown_counted() {
    let place = Place::new();
    place.file("a", &"Some words, and some more words.\n".repeat(60));
    // The vocabulary is made of the training text, which has no Chinese.
    place.file("b", "Some words 你好");
    let recipe = place.recipe(
        "WordPiece(vocab_size: 60, lowercase: false)",
        &format!("Groups([{:?}])", place.path("in").join("b")),
    );
    let mut notes = Vec::new();
    let prepared = prepare_with(
        &recipe,
        &place.options(),
        &mut |progress| {
            if let Progress::Note(note) = progress {
                notes.push(note);
            }
        },
        &AtomicBool::new(false),
    )
    .unwrap();
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("tokens leave out control characters")),
        "{notes:?}"
    );
    let report = &prepared.report;
    assert_eq!((report.unknown_tokens, report.validation.tokens), (2, 5));
    assert_eq!(report.tokenizer.kind, "wordpiece");
    let shown = report.to_string();
    assert!(shown.contains("unknown       2 of"), "{shown}");
    // Each document ends with [SEP], which is no part of its text.
    assert_eq!(report.tokenizer.end_of_text, prepared.tokenizer.sep());
    let mut text = Vec::new();
    prepared.write_validation_text(&mut text).unwrap();
    assert_eq!(text, b"Some words [UNK] [UNK]");
    // Another answer to `lowercase` is another recipe.
    let key = |tokenizer: &str| {
        let recipe = place.recipe(tokenizer, HALF);
        plan(&recipe, &place.options()).unwrap().key
    };
    let keys = [
        "WordPiece(vocab_size: 60)",
        "WordPiece(vocab_size: 60, lowercase: false)",
        "Bpe(vocab_size: 300)",
        "Bpe(vocab_size: 300, specials: Masked)",
    ]
    .map(key);
    let different: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!(different.len(), 4);
    assert_eq!(key("WordPiece(vocab_size: 60, lowercase: true)"), keys[0]);
}

#[test]
fn a_stop_leaves_nothing_new_and_nothing_damaged() {
    let place = filled();
    for (stage, tokenizer) in [(None, "Byte"), (Some(Stage::Encode), BPE)] {
        let stop = AtomicBool::new(stage.is_none());
        let mut progress = |progress| {
            if let Progress::At { stage: at, .. } = progress
                && Some(at) == stage
            {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let recipe = place.recipe(tokenizer, HALF);
        let stopped = prepare_with(&recipe, &place.options(), &mut progress, &stop);
        let error = stopped.unwrap_err();
        assert!(error.is_stopped() && !error.is_usage(), "{error}");
        assert_eq!(names(&place.path("")), ["in"]);
    }
    let finished = place.prepare(&place.recipe(BPE, HALF)).unwrap();
    let error = prepare_with(
        &place.recipe("Byte", HALF),
        &Options {
            out: Some(place.path("second")),
            ..Options::default()
        },
        &mut |_| {},
        &AtomicBool::new(true),
    );
    assert!(error.unwrap_err().is_stopped());
    assert_eq!(
        Prepared::open(&place.path("out")).unwrap().fingerprint,
        finished.fingerprint
    );
}

#[test]
fn what_a_killed_run_left_is_cleared() {
    let place = filled();
    let stale = place.path("out.tmp-4242-0");
    std::fs::create_dir(&stale).unwrap();
    std::fs::write(stale.join("lock"), "").unwrap();
    std::fs::write(stale.join("train-00000.shard.tmp"), "half").unwrap();
    place.prepare(&place.recipe("Byte", HALF)).unwrap();
    assert_eq!(names(&place.path("")), ["in", "out"]);
}

#[test]
fn other_output_is_never_overwritten() {
    let place = filled();
    let recipe = place.recipe("Byte", HALF);
    std::fs::create_dir(place.path("out")).unwrap();
    std::fs::write(place.path("out/thesis.txt"), "precious").unwrap();
    let error = place.prepare(&recipe).unwrap_err();
    assert!(
        error.to_string().contains("holds other files") && error.is_usage(),
        "{error}"
    );
    assert_eq!(names(&place.path("out")), ["thesis.txt"]);
    std::fs::remove_file(place.path("out/thesis.txt")).unwrap();
    // An empty folder is free.
    let first = place.prepare(&recipe).unwrap();
    let error = place.prepare(&place.recipe("Char", HALF)).unwrap_err();
    assert!(
        error.to_string().contains("another recipe") && error.is_usage(),
        "{error}"
    );
    place.file("more.txt", "more");
    let error = place.prepare(&recipe).unwrap_err();
    assert!(error.to_string().contains("changed sources"), "{error}");
    assert_eq!(
        Prepared::open(&place.path("out")).unwrap().fingerprint,
        first.fingerprint
    );
    std::fs::write(place.path("file"), "").unwrap();
    let options = Options {
        out: Some(place.path("file")),
        ..Options::default()
    };
    let error = prepare_with(&recipe, &options, &mut |_| {}, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("is no folder"), "{error}");
}

#[test]
fn damaged_output_is_refused_by_a_reader_and_made_again_by_its_recipe() {
    let place = filled();
    let recipe = place.recipe(BPE, HALF);
    let first = place.prepare(&recipe).unwrap();
    let shard = place.path("out/train-00000.shard");
    let mut bytes = std::fs::read(&shard).unwrap();
    bytes[300] ^= 1;
    std::fs::write(&shard, &bytes).unwrap();
    let error = Prepared::open(&place.path("out")).unwrap_err();
    assert!(
        error.to_string().contains("train-00000.shard is damaged"),
        "{error}"
    );
    let mut notes = Vec::new();
    let mut progress = |progress| {
        if let Progress::Note(note) = progress {
            notes.push(note);
        }
    };
    let stop = AtomicBool::new(false);
    let again = prepare_with(&recipe, &place.options(), &mut progress, &stop).unwrap();
    assert_eq!(again.fingerprint, first.fingerprint);
    assert!(
        notes.iter().any(|note| note.contains("made again")),
        "{notes:?}"
    );
}

#[test]
fn a_folder_with_parts_missing_or_exchanged_is_refused() {
    let place = filled();
    place.prepare(&place.recipe(BPE, HALF)).unwrap();
    let out = place.path("out");
    let open = || Prepared::open(&out).unwrap_err().to_string();
    let json = std::fs::read(out.join("tokenizer.json")).unwrap();
    std::fs::remove_file(out.join("tokenizer.json")).unwrap();
    assert!(open().contains("tokenizer.json"), "{}", open());
    slovo_data::Tokenizer::bytes()
        .unwrap()
        .save(&out.join("tokenizer.json"))
        .unwrap();
    assert!(open().contains("was written with tokenizer"), "{}", open());
    std::fs::write(out.join("tokenizer.json"), &json).unwrap();
    assert!(Prepared::open(&out).is_ok());
    std::fs::copy(
        out.join("validation-00000.shard"),
        out.join("train-00000.shard"),
    )
    .unwrap();
    assert!(open().contains("fingerprint"), "{}", open());
    std::fs::write(out.join("report.json"), "{\"version\": 99}").unwrap();
    assert!(open().contains("version 99"), "{}", open());
    std::fs::remove_file(out.join("report.json")).unwrap();
    assert!(open().contains("no report.json"), "{}", open());
    let error = Prepared::open(&place.path("absent")).unwrap_err();
    assert!(
        error.to_string().contains("no such folder") && error.is_usage(),
        "{error}"
    );
}

#[test]
fn nothing_to_learn_from_or_to_measure_on_is_told_with_its_reason() {
    let place = Place::new();
    place.file("a.txt", "  \n ");
    place.file("b.txt", "");
    let error = place.prepare(&place.recipe("Char", HALF)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("2 files") && text.contains(" too short"),
        "{text}"
    );
    assert!(error.is_usage());
    place.file("c.txt", "the only document");
    for (split, empty) in [
        ("Groups([])", "the validation split is empty"),
        (
            "Hash(validation: 0.0000001)",
            "the validation split is empty",
        ),
        ("Hash(validation: 0.9999999)", "the train split is empty"),
        (
            "Position(validation: 0.01)",
            "the validation split is empty",
        ),
    ] {
        for tokenizer in ["Byte", BPE] {
            let Err(error) = place.prepare(&place.recipe(tokenizer, split)) else {
                // 17 characters times 0.99 leave one to measure on.
                assert!(split.starts_with("Position"));
                std::fs::remove_dir_all(place.path("out")).unwrap();
                continue;
            };
            let text = error.to_string();
            assert!(
                text.contains(empty) || text.contains("split"),
                "{split}: {text}"
            );
            assert!(error.is_usage(), "{split}: {text}");
        }
    }
    let error = place
        .prepare(&place.recipe("Byte", "Groups([\"serde\"])"))
        .unwrap_err();
    assert!(error.to_string().contains("belongs to serde"), "{error}");
    assert_eq!(names(&place.path("")), ["in"]);
}

#[test]
fn a_document_that_cannot_be_encoded_is_named_with_its_place() {
    let place = Place::new();
    place.file("a.txt", "abc abc\nabc\n");
    let small = slovo_data::Tokenizer::characters(&"abc \n".chars().collect()).unwrap();
    small.save(&place.path("tokenizer.json")).unwrap();
    let file = format!("File({:?})", place.path("tokenizer.json"));
    place.file("b.txt", "abc\ncab é\n");
    // In the held-out part, cut within the line: the place is still that of the document.
    for split in [HALF, "Position(validation: 0.2)"] {
        let error = place.prepare(&place.recipe(&file, split)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("b.txt: ") && text.contains("line 2, column 5 (byte 8)"),
            "{text}"
        );
        assert!(text.contains("'é', U+00E9") && error.is_usage(), "{text}");
    }
    assert_eq!(names(&place.path("")), ["in", "tokenizer.json"]);
}

#[test]
fn the_key_sees_recipe_files_and_a_given_tokenizer() {
    let place = filled();
    let key = |tokenizer: &str, split: &str| {
        plan(&place.recipe(tokenizer, split), &Options::default())
            .unwrap()
            .key
    };
    let first = key("Byte", HALF);
    assert_eq!(first, key("Byte", HALF));
    assert_ne!(first, key("Char", HALF));
    assert_ne!(first, key("Byte", "Hash(validation: 0.5)"));
    let file = format!("File({:?})", place.path("tokenizer.json"));
    slovo_data::Tokenizer::bytes()
        .unwrap()
        .save(&place.path("tokenizer.json"))
        .unwrap();
    let given = key(&file, HALF);
    let characters = slovo_data::Tokenizer::characters(&"abc".chars().collect()).unwrap();
    characters.save(&place.path("tokenizer.json")).unwrap();
    assert_ne!(given, key(&file, HALF));
    place.file("0.txt", "changed");
    assert_ne!(first, key("Byte", HALF));
    let dir = plan(&place.recipe("Byte", HALF), &Options::default())
        .unwrap()
        .dir
        .unwrap();
    assert_eq!(dir.parent(), Some(Path::new("runs/data")));
    assert_eq!(dir.file_name().unwrap().len(), 12);
}

#[test]
fn both_yardsticks_are_measured_once() {
    let place = filled();
    let prepared = place.prepare(&place.recipe(BPE, HALF)).unwrap();
    let baselines = prepared.baselines().unwrap();
    assert_eq!(baselines.bytes, prepared.validation.bytes());
    assert!(baselines.ngram_bits_per_byte > 0.0 && baselines.ngram_bits_per_byte < 2.0);
    assert!(baselines.xz_bits_per_byte > 0.0 && baselines.xz_bits_per_byte < 4.0);
    assert!(place.path("out/baselines.json").exists());
    assert_eq!(prepared.baselines().unwrap(), baselines);
    assert!(Prepared::open(&place.path("out")).is_ok());
}

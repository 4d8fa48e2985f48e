//! `embed` as a person and a program use it.

#![cfg(all(unix, feature = "flex"))]
#![allow(clippy::unwrap_used)]

use serde_json::{Map, Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const WIDTH: usize = 8;
const POSITIONS: usize = 10;
/// Special tokens, then words.
const TOKENS: [&str; 12] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "##b", "##c", "king", "queen", "the",
];

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
    command
        .args(["embed", "--model"])
        .arg(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The vectors that come out, from plain numbers.
fn vectors(folder: &Path, args: &[&str]) -> Vec<Vec<f32>> {
    let output = run(folder, args);
    assert!(output.status.success(), "{}", errors(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| line.split(' ').map(|word| word.parse().unwrap()).collect();
    text.lines().map(line).collect()
}

fn objects(output: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(output).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn vector(object: &Value) -> Vec<f32> {
    serde_json::from_value(object["embedding"].clone()).unwrap()
}

fn write(folder: &Path, name: &str, value: &Value) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

/// A BERT of two blocks with weights that look random, and a tokenizer that lower-cases, cuts and
/// fills up.
fn bert() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (d, d_ff) = (WIDTH, 2 * WIDTH);
    write(
        folder.path(),
        "config.json",
        &json!({
            "model_type": "bert", "architectures": ["BertModel"], "vocab_size": TOKENS.len(),
            "hidden_size": d, "intermediate_size": d_ff, "num_hidden_layers": 2,
            "num_attention_heads": 2, "max_position_embeddings": POSITIONS, "type_vocab_size": 2,
            "hidden_act": "gelu", "layer_norm_eps": 1e-12, "position_embedding_type": "absolute",
        }),
    );
    let mut tensors: Vec<(String, Vec<usize>)> = Vec::new();
    let mut add = |name: &str, shape: &[usize]| tensors.push((name.into(), shape.to_vec()));
    add("embeddings.word_embeddings.weight", &[TOKENS.len(), d]);
    add("embeddings.position_embeddings.weight", &[POSITIONS, d]);
    add("embeddings.token_type_embeddings.weight", &[2, d]);
    add("embeddings.LayerNorm.weight", &[d]);
    add("embeddings.LayerNorm.bias", &[d]);
    for layer in 0..2 {
        for (name, shape) in [
            ("attention.self.query", [d, d]),
            ("attention.self.key", [d, d]),
            ("attention.self.value", [d, d]),
            ("attention.output.dense", [d, d]),
            ("intermediate.dense", [d_ff, d]),
            ("output.dense", [d, d_ff]),
        ] {
            add(&format!("encoder.layer.{layer}.{name}.weight"), &shape);
            add(&format!("encoder.layer.{layer}.{name}.bias"), &shape[..1]);
        }
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            add(&format!("encoder.layer.{layer}.{name}.weight"), &[d]);
            add(&format!("encoder.layer.{layer}.{name}.bias"), &[d]);
        }
    }
    let (mut header, mut data) = (Map::new(), Vec::<u8>::new());
    for (name, shape) in tensors {
        let begin = data.len();
        for i in 0..shape.iter().product() {
            // The last bias is in every vector, and would make all of them alike.
            let scale = if name.ends_with("LayerNorm.bias") {
                0.1
            } else {
                1.0
            };
            let value = scale * ((i + begin) as f64 * 12.9898).sin() as f32;
            data.extend(value.to_le_bytes());
        }
        let info = json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()] });
        header.insert(name, info);
    }
    let header = Value::from(header).to_string();
    let file = [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &data,
    ]
    .concat();
    std::fs::write(folder.path().join("model.safetensors"), file).unwrap();

    let vocab: Map<String, Value> = (0u64..)
        .zip(TOKENS)
        .map(|(id, token)| (token.into(), id.into()))
        .collect();
    write(
        folder.path(),
        "tokenizer.json",
        &json!({
            "version": "1.0",
            "truncation": {
                "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0,
            },
            "padding": {
                "strategy": { "Fixed": 4 }, "direction": "Right", "pad_to_multiple_of": null,
                "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]",
            },
            "added_tokens": [],
            "normalizer": { "type": "Lowercase" },
            "pre_tokenizer": { "type": "Whitespace" },
            "post_processor": {
                "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2],
            },
            "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": false },
            "model": {
                "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100, "vocab": vocab,
            },
        }),
    );
    folder
}

/// Equal but for rounding, which depends on the lengths of the texts beside.
fn assert_close(found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-5, "{found:?} {expected:?}");
        }
    }
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|x| x * x).sum::<f32>().sqrt()
}

#[test]
fn a_person_and_a_program_get_the_same_vectors() {
    let folder = bert();
    let folder = folder.path();
    let texts = ["The King", "", "a queen abc", "the king"];
    let plain = vectors(folder, &texts);
    assert_eq!(plain.len(), 4);
    assert!(plain.iter().all(|vector| vector.len() == WIDTH));
    assert!(
        plain
            .iter()
            .all(|vector| (length(vector) - 1.0).abs() < 1e-6)
    );
    // The file lower-cases.
    assert_close(&plain[..1], &plain[3..]);
    let mut channels = plain[0].iter().zip(&plain[2]);
    assert!(channels.any(|(a, b)| (a - b).abs() > 1e-3), "{plain:?}");

    let output = run(folder, &[&texts[..], &["--json"]].concat());
    assert!(errors(&output).contains("mean of its tokens (by default), one long (by default)"));
    let found = objects(&output.stdout);
    for (number, object) in found.iter().enumerate() {
        assert_eq!(object["index"], number);
        assert_eq!(object["text"], texts[number]);
        // Neither cut nor filled up to the four of the file; an empty text has special tokens.
        assert_eq!(object["tokens"], [4, 2, 7, 4][number]);
        assert_eq!(object.get("cut"), None);
        assert_eq!(vector(object), plain[number]);
    }

    // Texts from a file and from standard input are texts too, those of the line first.
    let file = folder.join("texts.txt");
    std::fs::write(&file, "\r\na queen abc\nthe king").unwrap();
    let file = file.to_str().unwrap();
    assert_close(&vectors(folder, &["The King", "--texts", file]), &plain);
    let mut child = command(folder, &["--texts", "-"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(texts.join("\n").as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = run(folder, &texts).stdout;
    assert_eq!(text.as_bytes(), expected);
}

#[test]
fn the_folder_says_how_and_flags_insist() {
    let folder = bert();
    let folder = folder.path();
    let texts = ["the king", "a queen abc"];
    let with = |more: &[&str]| vectors(folder, &[&texts[..], more].concat());
    let plain = ["--no-normalise"];
    let pooled = |kind: &str| with(&[&plain[..], &["--pooling", kind]].concat());
    let (mean, first, last, max) = (pooled("mean"), pooled("cls"), pooled("last"), pooled("max"));
    for vector in 0..2 {
        assert!((length(&mean[vector]) - 1.0).abs() > 1e-3);
        for channel in 0..WIDTH {
            let of = |found: &[Vec<f32>]| found[vector][channel];
            assert!(of(&max) >= of(&first).max(of(&last)).max(of(&mean)));
        }
        assert_ne!(first[vector], last[vector]);
    }
    let unit = with(&[]);
    let scaled = |vector: &Vec<f32>| vector.iter().map(|x| x / length(vector)).collect();
    assert_close(&unit, &mean.iter().map(scaled).collect::<Vec<_>>());

    // sentence-transformers' files.
    let module = |kind: &str, path: &str| json!({ "idx": 0, "name": "0", "path": path, "type": format!("sentence_transformers.models.{kind}") });
    let modules = json!([module("Transformer", ""), module("Pooling", "1_Pooling")]);
    write(folder, "modules.json", &modules);
    let pooling = json!({
        "word_embedding_dimension": WIDTH, "pooling_mode_cls_token": true,
        "pooling_mode_mean_tokens": false,
    });
    write(folder, "1_Pooling/config.json", &pooling);
    assert_close(&with(&[]), &first);
    assert_close(&with(&["--pooling", "mean", "--normalise"]), &unit);
    write(
        folder,
        "sentence_bert_config.json",
        &json!({ "max_seq_length": 5 }),
    );
    let output = run(folder, &["a queen abc", "the", "--json"]);
    let message = errors(&output);
    for part in [
        "its first token (1_Pooling/config.json), not normalised (modules.json)",
        "at most 5 tokens (sentence_bert_config.json)",
        "texts cut to 5 tokens: 1 of 2; `--max-tokens` allows up to 10",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let found = objects(&output.stdout);
    assert_eq!(
        (&found[0]["tokens"], &found[0]["cut"]),
        (&5.into(), &2.into())
    );
    assert_eq!(found[1].get("cut"), None);
    let whole = vectors(folder, &["a queen abc", "--max-tokens", "7"]);
    assert_close(&whole, &first[1..]);

    let both = json!({ "pooling_mode_cls_token": true, "pooling_mode_max_tokens": true });
    write(folder, "1_Pooling/config.json", &both);
    let output = run(folder, &["a"]);
    assert_eq!(output.status.code(), Some(2));
    let message = errors(&output);
    assert!(
        message.contains("1_Pooling/config.json") && message.contains("max_tokens"),
        "{message}"
    );
    assert_close(&with(&["--pooling", "max", "--max-tokens", "10"]), &max);
}

/// The transformer of older sentence-transformers lies in a folder of its own.
#[test]
fn a_transformer_in_a_folder_below_is_found() {
    let folder = bert();
    let expected = vectors(folder.path(), &["the king"]);
    let below = folder.path().join("0_Transformer");
    std::fs::create_dir(&below).unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::rename(folder.path().join(name), below.join(name)).unwrap();
    }
    let output = run(folder.path(), &["the king"]);
    assert!(
        errors(&output).contains("neither a run folder"),
        "{}",
        errors(&output)
    );
    let modules = json!([
        { "idx": 0, "name": "0", "path": "0_Transformer", "type": "sentence_transformers.models.Transformer" },
        { "idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize" },
    ]);
    write(folder.path(), "modules.json", &modules);
    assert_close(&vectors(folder.path(), &["the king"]), &expected);
}

#[test]
fn what_is_wrong_is_named() {
    let bert = bert();
    let bert = bert.path();
    let decoder = tempfile::tempdir().unwrap();
    let config = json!({
        "model_type": "gpt2", "vocab_size": 12, "n_embd": 8, "n_layer": 1, "n_head": 2,
        "n_positions": 8, "layer_norm_epsilon": 1e-5, "activation_function": "gelu_new",
    });
    write(decoder.path(), "config.json", &config);
    let file = bert.join("texts.txt");
    std::fs::write(&file, b"one\nt\xFFwo\n").unwrap();
    let empty = bert.join("empty.txt");
    std::fs::write(&empty, b"").unwrap();
    let (file, empty) = (file.to_str().unwrap(), empty.to_str().unwrap());
    let weights = bert.join("model.safetensors");
    for (folder, args, parts) in [
        (
            decoder.path(),
            &["a"][..],
            &["config.json", "a causal language model", "an encoder"][..],
        ),
        (
            &weights,
            &["a"],
            &["model.safetensors", "an encoder is needed"],
        ),
        (Path::new("nowhere"), &["a"], &["nowhere", "does not exist"]),
        (bert, &[], &["TEXT", "--texts"]),
        (bert, &["-"], &["--texts -"]),
        (
            bert,
            &["--texts", file],
            &["texts.txt: line 2 is not UTF-8 at byte 1"],
        ),
        (bert, &["--texts", empty], &["empty.txt", "is empty"]),
        (bert, &["--texts", "nowhere.txt"], &["nowhere.txt"]),
        (
            bert,
            &["a", "--max-tokens", "11"],
            &["--max-tokens is 11", "10 positions"],
        ),
        (bert, &["a", "--max-tokens", "2"], &["text 1", "at least 3"]),
        (bert, &["a", "--pooling", "median"], &["median", "mean"]),
    ] {
        let output = run(folder, args);
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(output.stdout.is_empty(), "{args:?}");
        for part in parts {
            assert!(message.contains(part), "{args:?}: {message}");
        }
    }
    // Not wrong, but said.
    let output = run(bert, &["the zebra"]);
    assert!(output.status.success());
    assert!(
        errors(&output).contains("does not know: 1"),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_program_that_waits_for_an_answer_gets_it() {
    let folder = bert();
    let mut child = command(folder.path(), &["--texts", "-", "--json"])
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    for (number, text) in ["the king", "", "queen"].into_iter().enumerate() {
        writeln!(input, "{text}").unwrap();
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&line["index"], &line["text"]),
            (&number.into(), &text.into())
        );
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn ctrl_c_leaves_whole_lines_and_a_reader_may_leave() {
    let folder = bert();
    let many = folder.path().join("many.txt");
    std::fs::write(&many, "the king abc\n".repeat(2_000_000)).unwrap();
    let many = ["--texts", many.to_str().unwrap(), "--json"];

    let mut child = command(folder.path(), &many).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    out.read_line(&mut shown).unwrap();
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    out.read_to_string(&mut shown).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let found = objects(shown.as_bytes());
    assert!(found.len() < 2_000_000);
    assert!(
        (0u64..)
            .zip(&found)
            .all(|(number, line)| line["index"] == number)
    );

    let mut child = command(folder.path(), &many).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    assert!(!errors(&output).contains("error"), "{}", errors(&output));
}

/// MiniLM and what sentence-transformers computes with it, unless one of them is not there.
fn minilm() -> Option<(PathBuf, Value)> {
    let Some(weights) = std::env::var_os("SLOVO_WEIGHTS") else {
        eprintln!("skipped: SLOVO_WEIGHTS names no folder with minilm/");
        return None;
    };
    let folder = Path::new(&weights).join("minilm");
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/golden"));
    let golden = shared.join("minilm.json");
    for path in [&folder, &golden] {
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            return None;
        }
    }
    let golden = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    Some((folder, golden))
}

#[test]
fn minilm_gives_the_vectors_of_sentence_transformers() {
    let Some((folder, golden)) = minilm() else {
        return;
    };
    let sentences = golden["sentences"].as_array().unwrap();
    let texts: Vec<&str> = sentences
        .iter()
        .map(|s| s["text"].as_str().unwrap())
        .collect();
    let found = vectors(&folder, &texts);
    assert_eq!(found.len(), sentences.len());
    let mut largest = 0f32;
    for (found, sentence) in found.iter().zip(sentences) {
        let expected = vector(sentence);
        assert_eq!(found.len(), expected.len());
        let pairs = found.iter().zip(&expected);
        largest = pairs.fold(largest, |max, (a, b)| max.max((a - b).abs()));
    }
    println!("largest difference {largest:e}");
    assert!(largest < 1e-4, "{largest}");
}

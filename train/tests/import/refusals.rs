//! Sources and places that will not do: named, and nothing left behind.

use crate::desk::{Desk, done};
use crate::support::errors;
use slovo_args::ImportArgs;
use slovo_data::Tokenizer;
use slovo_train::command::import::import;
use slovo_train::stop::Stop;
use std::fs;

#[test]
fn what_makes_no_model_is_refused_and_nothing_left() {
    let desk = Desk::new();
    desk.refused("nowhere", &["nowhere: does not exist"]);
    desk.refused(".", &["no weights"]);
    desk.model("hf");
    desk.refused("hf", &["hf: there is no tokenizer.json", "--no-tokenizer"]);
    desk.refused("hf/model.safetensors", &["one file of a model", "folder"]);
    desk.write("hf/tokenizer.json", "{}");
    desk.refused("hf", &["hf/tokenizer.json is not a tokenizer.json"]);
    let all: Vec<char> = ('!'..='\u{200}').collect();
    let large = Tokenizer::characters(&all.into_iter().collect()).unwrap();
    large.save(&desk.path("hf/tokenizer.json")).unwrap();
    let tokens = format!("{} tokens found", large.vocab_size());
    desk.refused("hf", &["hf/tokenizer.json", &tokens, "knows 257"]);
    Tokenizer::bytes()
        .unwrap()
        .save(&desk.path("hf/tokenizer.json"))
        .unwrap();
    desk.write("hf/tokenizer_config.json", "{");
    desk.refused("hf", &["hf/tokenizer_config.json: is no JSON"]);
    fs::remove_file(desk.path("hf/tokenizer_config.json")).unwrap();
    let weights = fs::read(desk.path("hf/model.safetensors")).unwrap();
    desk.write("hf/model.safetensors", &weights[..weights.len() - 4]);
    desk.refused("hf", &["hf/model.safetensors"]);
    fs::remove_file(desk.path("hf/model.safetensors")).unwrap();
    desk.write("hf/pytorch_model.bin", "pickle");
    desk.refused("hf", &["pytorch_model.bin, a pickle", "save_pretrained"]);
    desk.write("gguf/a.gguf", "GGUF");
    desk.refused("gguf", &["as GGUF", "a.gguf"]);
    desk.refused("gguf/a.gguf", &["gguf/a.gguf"]);
    if !cfg!(feature = "hub") {
        desk.refused("hf:owner/name", &["built without the hub"]);
    }
}

#[test]
fn a_place_that_is_taken_is_left_alone() {
    let desk = Desk::new();
    desk.whole_model("hf");
    desk.write("taken/letter.txt", "dear");
    desk.write("file", "dear");
    for (out, part) in [
        ("taken", "holds files already"),
        ("file", "is a file"),
        ("..", "no name"),
        ("hf", "holds files already"),
    ] {
        let output = desk.run(&["import", "hf", "--out", out]);
        assert_eq!(output.status.code(), Some(2), "{}", errors(&output));
        assert!(errors(&output).contains(part), "{}", errors(&output));
    }
    assert_eq!(
        fs::read_to_string(desk.path("taken/letter.txt")).unwrap(),
        "dear"
    );
    // An empty folder is free; what a killed import left beside it goes.
    fs::create_dir(desk.path("free")).unwrap();
    desk.write(".free.tmp/model.safetensors", "half");
    done(&desk.run(&["import", "hf", "--out", "free"]));
    assert_eq!(desk.names("."), ["file", "free", "hf", "taken"]);
}

#[test]
fn a_stop_leaves_nothing() {
    let desk = Desk::new();
    desk.whole_model("hf");
    let args = ImportArgs {
        source: desk.path("hf"),
        out: desk.path("out"),
        no_tokenizer: false,
        offline: false,
        json: false,
    };
    let stop = Stop::new();
    stop.request();
    let error = import(&args, &stop).unwrap_err();
    assert_eq!(error.exit_code(), slovo_args::exit::STOPPED);
    assert_eq!(desk.names("."), ["hf"]);
}

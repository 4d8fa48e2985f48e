//! What cannot be had is said, with what would do.

use crate::stand::{Stand, done, errors, files, refused};
use std::fs;
use std::process::Command;

#[test]
fn what_is_not_there_is_said() {
    let stand = Stand::new();
    let output = stand.import("hf:tiny/other", "out", &[]);
    refused(
        &output,
        2,
        &["no such repository", "check the name", "HF_TOKEN"],
    );
    let output = stand.import("hf:tiny/other", "out", &["--offline"]);
    refused(
        &output,
        2,
        &["the repository is not in the cache", "cache/hub"],
    );
    refused(
        &stand.import("hf:tiny/mo del", "out", &[]),
        2,
        &["' '", "hf:OWNER/NAME"],
    );
    let mut all = files(1);
    all.remove("model.safetensors");
    stand.hub.put("tiny/pickle", "main", all.clone());
    let output = stand.import("hf:tiny/pickle", "out", &[]);
    refused(&output, 2, &["pytorch_model.bin, a pickle"]);
    all.remove("pytorch_model.bin");
    all.insert("b.Q4_0.gguf".into(), b"GGUF".to_vec());
    all.insert("a.Q8_0.gguf".into(), b"GGUF".to_vec());
    stand.hub.put("tiny/gguf", "main", all);
    let output = stand.import("hf:tiny/gguf", "out", &[]);
    refused(
        &output,
        2,
        &["a.Q8_0.gguf, b.Q4_0.gguf", "hf:tiny/gguf/FILE"],
    );
    let output = stand.import("hf:tiny/gguf/c.gguf", "out", &[]);
    refused(
        &output,
        2,
        &["there is no c.gguf, but a.Q8_0.gguf, b.Q4_0.gguf"],
    );
    // The one that is named arrives; that it is none is found by its reader.
    let output = stand.import("hf:tiny/gguf/b.Q4_0.gguf", "out", &[]);
    refused(&output, 2, &["b.Q4_0.gguf"]);
    assert!(
        stand
            .hub
            .log()
            .iter()
            .any(|line| line.contains("/b.Q4_0.gguf"))
    );
    assert!(!stand.path("out").exists());
}

#[test]
fn a_gated_model_needs_its_token() {
    let stand = Stand::new();
    stand.hub.gate("tiny/model", "a-token");
    let output = stand.import("hf:tiny/model", "out", &[]);
    let agreement = format!("accept it at {}/tiny/model", stand.hub.url());
    refused(&output, 2, &[&agreement, "HF_TOKEN"]);
    let mut command = stand.command("hf:tiny/model", "out", &[]);
    let output = command.env("HF_TOKEN", "another").output().unwrap();
    refused(&output, 2, &["the token given is of no account"]);
    assert!(!errors(&output).contains("another"));
    let mut command = stand.command("hf:tiny/model", "out", &[]);
    done(&command.env("HF_TOKEN", "a-token").output().unwrap());
}

#[test]
fn networks_disks_and_variables_that_fail_are_named() {
    let stand = Stand::new();
    let with = |variable: &str, value: &str| {
        let mut command = stand.command("hf:tiny/model", "out", &[]);
        command.env(variable, value).output().unwrap()
    };
    // A port that nobody listens on any more.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    refused(
        &with("HF_ENDPOINT", &address),
        1,
        &["does not answer", &address, "--offline"],
    );
    refused(
        &with("HF_ENDPOINT", "hub"),
        2,
        &["HF_ENDPOINT is \"hub\"", "https://huggingface.co"],
    );
    stand.hub.change(|state| state.portal = true);
    let output = stand.import("hf:tiny/model", "out", &[]);
    refused(&output, 1, &["answers as no hub does", "login"]);
    stand
        .hub
        .change(|state| (state.portal, state.lost) = (false, true));
    let output = stand.import("hf:tiny/model", "out", &[]);
    refused(&output, 1, &["answers as no hub does", "makes no sense"]);
    stand.hub.change(|state| state.lost = false);
    fs::write(stand.path("file"), "").unwrap();
    let file = stand.path("file");
    refused(
        &with("HF_HOME", &file.to_string_lossy()),
        1,
        &["cannot write into the cache"],
    );
    assert!(!stand.path("out").exists());
}

#[test]
fn other_commands_say_how_to_get_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
    command.args(["generate", "--model", "hf:tiny/model", "--prompt", "a"]);
    let output = command.output().unwrap();
    refused(&output, 2, &["cargo xtask import hf:tiny/model --out DIR"]);
}

//! What loading and saving cost beside the model: at most 1.2 times its largest tensor.
//!
//! Each is measured in a process of its own, which this binary starts: itself, with one test and a
//! variable that says what to do. `SLOVO_LOADING=gpt2-124m` takes a published shape with a head of
//! its own (538 MB) in place of the small one; times are printed, not judged.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../gguf/common.rs"]
mod common;
#[path = "../exchange/folders.rs"]
mod folders;
#[path = "../untrusted/measure.rs"]
mod measure;
#[path = "../shapes/mod.rs"]
mod shapes;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use measure::measured;
use slovo_model::{CausalLm, TransformerConfig, load_model, save_model};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::tempdir;

/// What the child is to do, and with which folder.
const TASK: &str = "SLOVO_LOADING_TASK";
const FOLDER: &str = "SLOVO_LOADING_FOLDER";

/// Shapes of about 100 MB: with turned matrices, and with fused ones.
fn models() -> Vec<(String, TransformerConfig)> {
    if let Ok(name) = std::env::var("SLOVO_LOADING") {
        let config = TransformerConfig {
            tied: false,
            ..TransformerConfig::preset(&name).expect("a name of a preset")
        };
        return vec![(name, config)];
    }
    let sized = |config| TransformerConfig {
        vocab_size: 8000,
        d_model: 512,
        n_layers: 5,
        n_heads: 8,
        n_kv_heads: None,
        d_ff: Some(1536),
        max_seq_len: 128,
        tied: false,
        ..config
    };
    vec![
        ("llama".into(), sized(shapes::llama())),
        ("gpt2".into(), sized(shapes::gpt2())),
    ]
}

#[derive(Default)]
struct Sizes {
    all: usize,
    largest: usize,
}

impl ModuleVisitor for Sizes {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let bytes = 4 * param.val().shape().num_elements();
        self.all += bytes;
        self.largest = self.largest.max(bytes);
    }
}

fn sizes(model: &CausalLm) -> Sizes {
    let mut sizes = Sizes::default();
    model.visit(&mut sizes);
    sizes
}

#[test]
fn loading_and_saving_take_little_more_than_the_model() {
    if !cfg!(target_os = "linux") {
        println!("skipped: only Linux says how much memory a process had at once");
        return;
    }
    for (name, config) in models() {
        let folder = tempdir().unwrap();
        let folder = folder.path();
        // The small one is for the first steps of the program, which are not to be measured.
        let small = CausalLm::new(&shapes::llama(), 1, &Device::default()).unwrap();
        save_model(folder.join("small"), &small).unwrap();
        fs::write(
            folder.join("shape.json"),
            serde_json::to_string(&config).unwrap(),
        )
        .unwrap();
        run(&name, "save", folder);
        run(&name, "load", folder);
        half(folder);
        run(&name, "load", folder);
    }
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let small = CausalLm::new(&shapes::llama(), 1, &Device::default()).unwrap();
    save_model(folder.join("small"), &small).unwrap();
    fs::write(folder.join("model"), gguf()).unwrap();
    run("GGUF", "load", folder);
}

/// Rewrites the weights in half precision.
fn half(folder: &Path) {
    use safetensors::tensor::Dtype;
    let folder = folder.join("model");
    let mut contents = folders::read_tensors(&folder);
    for (dtype, _, bytes) in contents.values_mut() {
        *dtype = Dtype::BF16;
        let values = bytes.chunks_exact(4);
        *bytes = values.flat_map(|b| [b[2], b[3]]).collect();
    }
    folders::write_tensors(&folder, "model.safetensors", &contents);
}

/// A file of about 100 MB with queries and keys whose heads are dealt out.
fn gguf() -> Vec<u8> {
    let (width, inner, vocab, blocks) = (512, 1536, 8000, 4);
    let mut writer = common::model("llama", 2)
        .set("llama.embedding_length", common::int(512))
        .set("llama.feed_forward_length", common::int(1536))
        .set("llama.block_count", common::int(blocks))
        .set("llama.attention.head_count", common::int(8))
        .set("llama.attention.head_count_kv", common::int(8))
        .without_tensors();
    let mut add = |name: &str, shape: &[usize]| {
        let values = vec![0.5; shape.iter().product()];
        writer = std::mem::take(&mut writer).tensor(name, shape, &values);
    };
    add("token_embd.weight", &[vocab, width]);
    for block in 0..blocks {
        let mut of =
            |name: &str, shape: &[usize]| add(&format!("blk.{block}.{name}.weight"), shape);
        of("attn_norm", &[width]);
        for name in ["attn_q", "attn_k", "attn_v", "attn_output"] {
            of(name, &[width, width]);
        }
        of("ffn_norm", &[width]);
        of("ffn_gate", &[inner, width]);
        of("ffn_up", &[inner, width]);
        of("ffn_down", &[width, inner]);
    }
    add("output_norm.weight", &[width]);
    add("output.weight", &[vocab, width]);
    writer.bytes()
}

fn run(name: &str, task: &str, folder: &Path) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(TASK, task)
        .env(FOLDER, folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    let figures = said.lines().find(|line| line.starts_with("measured"));
    println!("{name}, {task}: {}", figures.unwrap_or("nothing"));
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(
        child.status.success() && figures.is_some(),
        "{name}, {task}: {said}{errors}"
    );
}

/// The part that runs in a process of its own; a test that does nothing when nobody asked.
#[test]
fn child() {
    let (Some(task), Some(folder)) = (std::env::var_os(TASK), std::env::var_os(FOLDER)) else {
        return;
    };
    let device = Device::default();
    let folder = Path::new(&folder);
    let (small, model) = (folder.join("small"), folder.join("model"));
    let warm = load_model(&small, &device).unwrap();
    save_model(&small, &warm).unwrap();
    let (sizes, took, grown, own) = if task == "load" {
        let (loaded, took, grown) = measured(|| load_model(&model, &device).unwrap());
        let sizes = sizes(&loaded);
        let own = sizes.all;
        (sizes, took, grown, own)
    } else {
        let shape = fs::read_to_string(folder.join("shape.json")).unwrap();
        let shape: TransformerConfig = serde_json::from_str(&shape).unwrap();
        let made = CausalLm::new(&shape, 1, &device).unwrap();
        let (_, took, grown) = measured(|| save_model(&model, &made).unwrap());
        (sizes(&made), took, grown, 0)
    };
    let beyond = grown.saturating_sub(own);
    let mb = |bytes: usize| bytes as f64 / 1e6;
    println!(
        "measured {took:.2?} for {:.0} MB, {:.1} MB beyond the model, {:.2} of the largest tensor",
        mb(sizes.all),
        mb(beyond),
        beyond as f64 / sizes.largest as f64
    );
    assert!(grown > own / 2, "{grown} bytes cannot be all");
    assert!(beyond * 5 <= sizes.largest * 6, "{beyond} bytes");
}

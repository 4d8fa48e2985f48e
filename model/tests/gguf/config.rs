//! Settings and parameters of small models, and what is refused.

use crate::common::{Value, Writer, array, float, int, ints, model, text};
use slovo_model::RopeScaling;
use slovo_model::gguf::{Architecture, Config, Gguf, names};

fn read(writer: &Writer) -> Result<Config, String> {
    let bytes = writer.bytes();
    let file = Gguf::from_bytes("m.gguf", &bytes).unwrap();
    let config = Config::read(&file).map_err(|error| error.to_string())?;
    names::check(&file, &config).map_err(|error| error.to_string())?;
    Ok(config)
}

fn refused(writer: &Writer, expected: &str) {
    let message = read(writer).unwrap_err();
    assert!(message.starts_with("m.gguf: "), "{message}");
    assert!(message.contains(expected), "{message}");
}

#[test]
fn llama_has_its_defaults() {
    let config = read(&model("llama", 2)).unwrap();
    assert_eq!(config.architecture, Architecture::Llama);
    assert_eq!(
        (
            config.vocab_size,
            config.embedding_length,
            config.block_count
        ),
        (10, 8, 2)
    );
    assert_eq!(
        (config.head_count, config.head_count_kv, config.head_dim),
        (4, 2, 2)
    );
    assert_eq!(
        (config.feed_forward_length, config.context_length),
        (12, 64)
    );
    assert_eq!((config.rms_epsilon, config.rope_theta), (1e-5, 10_000.0));
    assert_eq!(config.rope_scaling, RopeScaling::None);
    assert!(config.tied && !config.qk_norm && !config.qkv_bias);
    assert_eq!(
        (config.bos_id, config.eos_id, config.sliding_window),
        (None, None, None)
    );
    assert!(config.end_ids.is_empty());
}

#[test]
fn settings_are_read() {
    let writer = model("llama", 2)
        .key("llama.rope.freq_base", float(1e6))
        .key("llama.rope.dimension_count", int(2))
        .key("llama.rope.scaling.type", text("linear"))
        .key("llama.rope.scaling.factor", float(4.0))
        .key("llama.attention.sliding_window", int(32))
        .key("llama.vocab_size", int(10))
        .key("llama.expert_count", int(0))
        .set("llama.attention.head_count_kv", ints(&[2, 2]))
        .key("tokenizer.ggml.bos_token_id", int(1))
        .key("tokenizer.ggml.eos_token_id", int(2))
        .key("tokenizer.ggml.eot_token_id", int(7))
        .tensor("output.weight", &[10, 8], &[0.0; 80]);
    let config = read(&writer).unwrap();
    assert_eq!(config.rope_theta, 1e6);
    assert_eq!(config.rope_scaling, RopeScaling::Linear { factor: 4.0 });
    assert_eq!((config.sliding_window, config.head_count_kv), (Some(32), 2));
    assert_eq!((config.bos_id, config.eos_id), (Some(1), Some(2)));
    assert_eq!(config.end_ids, [2, 7]);
    assert!(!config.tied);
}

#[test]
fn what_we_would_have_to_ignore_is_refused() {
    let with = |name: &str, value| model("llama", 2).key(&format!("llama.{name}"), value);
    let yes = || Value(7, vec![1]);
    refused(
        &with("expert_count", int(8)),
        "`llama.expert_count` is 8, but only 0 can be loaded",
    );
    refused(
        &with("use_parallel_residual", yes()),
        "`llama.use_parallel_residual` is true, but only false",
    );
    refused(
        &with("logit_scale", float(0.25)),
        "`llama.logit_scale` is 0.25, but only 0 and 1",
    );
    refused(
        &with("attention.causal", Value(7, vec![0])),
        "`llama.attention.causal` is false, but only true",
    );
    refused(
        &with("attn_logit_softcapping", float(50.0)),
        "softcapping` is 50",
    );
    refused(
        &with("rope.scaling.type", text("yarn")),
        "`llama.rope.scaling.type` is \"yarn\"",
    );
    refused(
        &with("rope.scaling.factor", float(-1.0)),
        "`llama.rope.scaling.factor` is -1",
    );
    refused(
        &with("rope.scaling.factor", float(f32::NAN)),
        "is NaN, and should be a number",
    );
    refused(
        &with("rope.dimension_count", int(1)),
        "`llama.rope.dimension_count` is 1",
    );
    refused(
        &with("attention.value_length", int(4)),
        "`llama.attention.value_length` is 4",
    );
    refused(
        &with("swin_norm", yes()),
        "`llama.swin_norm` is true, but only files without it",
    );
    refused(
        &with("vocab_size", int(11)),
        "`llama.vocab_size` is 11, and should be 10",
    );
    refused(
        &with("rope.freq_base", float(0.0)),
        "`llama.rope.freq_base` is 0",
    );
    let set = |name: &str, value| model("llama", 2).set(name, value);
    refused(
        &set("general.architecture", text("gemma3")),
        "`general.architecture` is \"gemma3\", but only \"llama\"",
    );
    refused(
        &set("llama.attention.head_count", ints(&[4, 2])),
        "is not the same in all blocks",
    );
    refused(
        &set("llama.attention.head_count_kv", array(4, 0, vec![])),
        "an array of 0 values",
    );
    refused(
        &set("llama.attention.head_count_kv", int(3)),
        "should be a divisor",
    );
    refused(
        &set("llama.attention.head_count", int(0)),
        "is 0, and should be at least 1",
    );
    refused(&Writer::default(), "`general.architecture` is missing");
    refused(
        &model("llama", 2).key("split.count", Value(2, vec![3, 0])),
        "`split.count` is 3",
    );
    refused(
        &model("llama", 2).key("general.type", text("adapter")),
        "\"adapter\"",
    );
    let token = model("llama", 2).key("tokenizer.ggml.eos_token_id", int(10));
    refused(
        &token,
        "`tokenizer.ggml.eos_token_id` is 10, and should be below",
    );
}

#[test]
fn tensors_are_checked() {
    let extra = model("llama", 2).tensor("blk.0.ffn_gate_inp.weight", &[8], &[0.0; 8]);
    refused(
        &extra,
        "tensor `blk.0.ffn_gate_inp.weight` belongs to no part",
    );
    let config = model("llama", 2).set("llama.block_count", int(1));
    refused(&config, "tensor `blk.1.attn_k.weight` belongs to no part");
    let other = model("llama", 2).set("llama.feed_forward_length", int(16));
    refused(
        &other,
        "tensor `blk.0.ffn_gate.weight` has shape [12, 8], but the metadata makes it [16, 8]",
    );
    let missing = model("llama", 2).tensor("blk.0.attn_q.bias", &[8], &[0.0; 8]);
    refused(
        &missing,
        "tensor `blk.0.attn_k.bias` of shape [4] is missing",
    );
}

#[test]
fn llama_3_frequencies_are_recognised() {
    // Llama 3.2 1B: width 64, base 500000, factor 32 (`transformers`, `_compute_llama3_parameters`).
    let divisors = |factor: f64| -> Vec<f32> {
        (0..32)
            .map(|pair| {
                let frequency = 500_000f64.powf(-f64::from(pair) / 32.0);
                let wavelength = std::f64::consts::TAU / frequency;
                if wavelength < 8192.0 / 4.0 {
                    1.0
                } else if wavelength > 8192.0 {
                    factor as f32
                } else {
                    let smooth = (8192.0 / wavelength - 1.0) / 3.0;
                    (1.0 / ((1.0 - smooth) / factor + smooth)) as f32
                }
            })
            .collect()
    };
    let with = |values: &[f32]| {
        model("llama", 64)
            .key("llama.rope.freq_base", float(500_000.0))
            .tensor("rope_freqs.weight", &[values.len()], values)
    };
    let config = read(&with(&divisors(32.0))).unwrap();
    let expected = RopeScaling::Llama3 {
        factor: 32.0,
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_max_seq_len: 8192,
    };
    assert_eq!(config.rope_scaling, expected);
    assert_eq!(
        read(&with(&[1.0; 32])).unwrap().rope_scaling,
        RopeScaling::None
    );
    let mut other = divisors(32.0);
    other[16] *= 1.01;
    refused(
        &with(&other),
        "tensor `rope_freqs.weight` is another stretching",
    );
    refused(&with(&[f32::NAN; 32]), "another stretching");
    refused(&with(&[f32::INFINITY; 32]), "another stretching");
    refused(
        &with(&[1.0; 16]),
        "has shape [16], but the metadata makes it [32]",
    );
}

#[test]
fn values_that_are_not_read_name_their_type() {
    let bytes = Writer::default()
        .info("t", &[256], 13, 0)
        .data(&[0; 176])
        .bytes();
    let file = Gguf::from_bytes("m.gguf", &bytes).unwrap();
    let message = file.tensor("t").unwrap().values().unwrap_err().to_string();
    let expected =
        "tensor `t` holds Q5_K values, but F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q4_K and Q6_K can";
    assert!(message.contains(expected), "{message}");
}

//! The `config.json` of BERT and DistilBERT, held against `transformers` 4 and 5.

use crate::folders::{named, write_config};
use crate::settings::{read, refused, understood};
use crate::shapes;
use burn::tensor::Device;
use serde_json::{Value, json};
use slovo_model::{
    Activation, FeedForwardKind, MaskedLm, NormKind, Placement, TransformerConfig, load_encoder,
    load_masked_lm, save_model,
};
use tempfile::tempdir;

fn bert() -> Value {
    json!({
        "model_type": "bert", "vocab_size": 11, "hidden_size": 8, "num_hidden_layers": 2,
        "num_attention_heads": 4, "intermediate_size": 20, "max_position_embeddings": 12,
    })
}

fn distilbert() -> Value {
    json!({
        "model_type": "distilbert", "vocab_size": 11, "dim": 8, "n_layers": 2, "n_heads": 4,
        "hidden_dim": 20, "max_position_embeddings": 12,
    })
}

#[test]
fn what_is_left_out_has_the_default_of_transformers() {
    let expected = TransformerConfig {
        vocab_size: 11,
        d_model: 8,
        n_layers: 2,
        n_heads: 4,
        d_ff: Some(20),
        max_seq_len: 12,
        norm: NormKind::LayerNorm { epsilon: 1e-12 },
        placement: Placement::Post,
        feed_forward: FeedForwardKind::Plain(Activation::GeluErf),
        causal: false,
        segments: 2,
        embedding_norm: true,
        tied: true,
        dropout: 0.1,
        ..TransformerConfig::default()
    };
    assert_eq!(read(&bert()), expected);
    let expected = TransformerConfig {
        segments: 0,
        ..expected
    };
    assert_eq!(read(&distilbert()), expected);
}

#[test]
fn spellings_and_versions() {
    understood(
        &bert(),
        &[
            // What version 4 and 5 write.
            (
                json!({
                    "architectures": ["BertForMaskedLM"], "attention_probs_dropout_prob": 0.1,
                    "classifier_dropout": null, "position_embedding_type": "absolute",
                    "add_cross_attention": false, "is_decoder": false, "pad_token_id": 0,
                    "dtype": "float32", "gradient_checkpointing": false, "use_cache": true,
                }),
                |_| {},
            ),
            (json!({"architectures": ["BertForPreTraining"]}), |_| {}),
            (json!({"architectures": ["BertModel"]}), |_| {}),
            (json!({"type_vocab_size": 1}), |c| c.segments = 1),
            (json!({"intermediate_size": 32}), |c| c.d_ff = None),
            (json!({"hidden_act": "relu"}), |c| {
                c.feed_forward = FeedForwardKind::Plain(Activation::Relu);
            }),
            (json!({"hidden_act": "gelu_new"}), |c| {
                c.feed_forward = FeedForwardKind::Plain(Activation::GeluTanh);
            }),
            (json!({"layer_norm_eps": 1e-5}), |c| {
                c.norm = NormKind::LayerNorm { epsilon: 1e-5 };
            }),
            (json!({"hidden_dropout_prob": 0.0}), |c| c.dropout = 0.0),
        ],
    );
    understood(
        &distilbert(),
        &[
            (
                json!({
                    "architectures": ["DistilBertForMaskedLM"], "attention_dropout": 0.1,
                    "initializer_range": 0.02, "qa_dropout": 0.1, "seq_classif_dropout": 0.2,
                    "sinusoidal_pos_embds": false, "tie_weights_": true, "output_past": true,
                }),
                |_| {},
            ),
            // The positions stand in the file, whatever they began with.
            (json!({"sinusoidal_pos_embds": true}), |_| {}),
            (
                json!({
                    "dim": null, "hidden_size": 8, "n_layers": null, "num_hidden_layers": 2,
                    "n_heads": null, "num_attention_heads": 4,
                }),
                |_| {},
            ),
            (json!({"activation": "relu"}), |c| {
                c.feed_forward = FeedForwardKind::Plain(Activation::Relu);
            }),
            (json!({"dropout": 0.0}), |c| c.dropout = 0.0),
        ],
    );
}

#[test]
fn switches_that_change_the_numbers_are_refused() {
    let common = [
        (json!({"is_decoder": true}), "`is_decoder` is true"),
        (
            json!({"add_cross_attention": true}),
            "`add_cross_attention` is true",
        ),
        (
            json!({"pruned_heads": {"1": [0]}}),
            "`pruned_heads` is given with one entry",
        ),
        (
            json!({"position_embedding_type": "relative_key_query"}),
            "`position_embedding_type` is \"relative_key_query\", but only \"absolute\"",
        ),
        (
            json!({"quantization_config": {"bits": 8}}),
            "`quantization_config` is given",
        ),
        (json!({"vocab_size": null}), "missing field `vocab_size`"),
    ];
    refused(&bert(), &common);
    refused(&distilbert(), &common);
    refused(
        &bert(),
        &[
            (
                json!({"hidden_act": "quick_gelu"}),
                "`hidden_act` is \"quick_gelu\"",
            ),
            (
                json!({"architectures": ["BertForSequenceClassification"]}),
                "`architectures` is \"BertForSequenceClassification\", but only \"BertForMaskedLM\"",
            ),
            (
                json!({"architectures": ["BertLMHeadModel"]}),
                "`architectures` is \"BertLMHead",
            ),
            (
                json!({"model_type": "roberta"}),
                "model_type is \"roberta\", but known",
            ),
        ],
    );
    refused(
        &distilbert(),
        &[
            (json!({"activation": "tanh"}), "`activation` is \"tanh\""),
            (
                json!({"architectures": ["DistilBertForQuestionAnswering"]}),
                "`architectures` is \"DistilBertForQuestionAnswering\"",
            ),
        ],
    );
}

/// A head of its own is refused where there is a head.
#[test]
fn a_head_that_is_not_tied_matters_only_to_a_model_with_a_head() {
    let device = Device::default();
    for (shape, fields) in [
        (shapes::bert(), &["tie_word_embeddings"][..]),
        (
            shapes::distilbert(),
            &["tie_word_embeddings", "tie_weights_"],
        ),
    ] {
        for field in fields {
            let folder = tempdir().unwrap();
            let folder = folder.path();
            save_model(folder, &MaskedLm::new(&shape, 1, &device).unwrap()).unwrap();
            let mut json = crate::folders::read_config(folder);
            json[field] = json!(false);
            write_config(folder, &json);
            let error = named(load_masked_lm(folder, &device), folder, "config.json");
            let expected = "`tie_word_embeddings` is false, but only true";
            assert!(error.contains(expected), "{error}");
            assert!(load_encoder(folder, &device).unwrap().config().tied);
        }
    }
}

//! Vectors, from an encoder.

use super::client::post;
use super::shop::{Shop, settings};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use burn::tensor::Device;
use serde_json::{Value, json};
use slovo_data::Tokenizer;
use slovo_instruct::serve::{Bounds, Model, Settings};
use slovo_model::{Encoder, TransformerConfig, save_model};
use slovo_train::sentence_encoder::{SentenceEncoder, Wishes};

const PATH: &str = "/v1/embeddings";

fn encoder() -> SentenceEncoder {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = Tokenizer::bytes().unwrap();
    let config = TransformerConfig {
        vocab_size: tokenizer.vocab_size(),
        d_model: 16,
        n_layers: 1,
        n_heads: 2,
        max_seq_len: 32,
        causal: false,
        ..TransformerConfig::default()
    };
    let encoder = Encoder::new(&config, 5, &Device::default()).unwrap();
    save_model(folder.path(), &encoder).unwrap();
    tokenizer
        .save(&folder.path().join("tokenizer.json"))
        .unwrap();
    SentenceEncoder::load(folder.path(), &Wishes::default(), &Device::default()).unwrap()
}

fn vector(value: &Value) -> Vec<f32> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn vectors_are_those_of_the_encoder() {
    let shop = Shop::with(Model::Encoder(encoder()), settings());
    let expected = encoder()
        .embed(&["one", "zwei 🦀"], |i| i.to_string())
        .unwrap();
    let reply = post(
        shop.address,
        PATH,
        &json!({"model": "tiny", "input": ["one", "zwei 🦀"]}),
    )
    .json();
    for (number, expected) in expected.iter().enumerate() {
        assert_eq!(reply["data"][number]["index"], number);
        assert_eq!(vector(&reply["data"][number]["embedding"]), expected.vector);
    }
    let tokens: usize = expected.iter().map(|vector| vector.tokens).sum();
    assert_eq!(
        reply["usage"],
        json!({"prompt_tokens": tokens, "total_tokens": tokens})
    );
    let one = post(
        shop.address,
        PATH,
        &json!({"input": "one", "encoding_format": "base64"}),
    )
    .json();
    let text = one["data"][0]["embedding"].as_str().unwrap().to_owned();
    let bytes = STANDARD.decode(text).unwrap();
    let values = bytes.chunks_exact(4);
    let values: Vec<f32> = values
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!(values.len(), expected[0].vector.len());
    for (found, expected) in values.iter().zip(&expected[0].vector) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
    for (body, status) in [
        (json!({"input": "x".repeat(33)}), 400),
        (json!({"input": ""}), 400),
        (json!({"input": [1, 2]}), 400),
        (json!({"input": "x", "dimensions": 8}), 400),
        (json!({"input": "x", "encoding_format": "int8"}), 400),
        (json!({"input": "x", "model": "other"}), 404),
    ] {
        let reply = post(shop.address, PATH, &body);
        assert_eq!(reply.status, status, "{body}");
        assert!(reply.json()["error"]["message"].is_string());
    }
    // It answers nothing.
    let chat = json!({"messages": [{"role": "user", "content": "x"}]});
    assert_eq!(
        post(shop.address, "/v1/chat/completions", &chat).status,
        404
    );
    assert!(shop.close());
}

#[test]
fn more_than_may_wait_is_refused() {
    let shop = Shop::with(
        Model::Encoder(encoder()),
        Settings {
            bounds: Bounds {
                slots: 1,
                queue: 1,
                memory: 0,
            },
            ..settings()
        },
    );
    let many: Vec<String> = (0..256).map(|i| format!("text {i}")).collect();
    let asked: Vec<_> = (0..16)
        .map(|_| {
            let (address, body) = (shop.address, json!({"input": many}));
            std::thread::spawn(move || post(address, PATH, &body).status)
        })
        .collect();
    let statuses: Vec<u16> = asked
        .into_iter()
        .map(|status| status.join().unwrap())
        .collect();
    assert!(
        statuses.contains(&200) && statuses.contains(&429),
        "{statuses:?}"
    );
}

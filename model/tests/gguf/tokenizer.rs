//! Tokenizers from metadata, run by the `tokenizers` crate.

use crate::common::{Writer, flag, floats, int, ints, text, texts};
use serde_json::{Value, json};
use slovo_model::gguf::{Gguf, tokenizer};
use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer, Tokenizer};

fn files(bytes: &[u8]) -> Result<(Tokenizer, Value), String> {
    let file = Gguf::from_bytes("t.gguf", bytes).unwrap();
    let files = tokenizer::read(&file).map_err(|error| error.to_string())?;
    let json = files.tokenizer.to_string();
    Ok((Tokenizer::from_bytes(json).unwrap(), files.config))
}

/// The texts that `writer` has as tokens, and what byte-pair encoding needs besides.
fn bpe(pre: &str) -> Writer {
    Writer::default()
        .key("tokenizer.ggml.model", text("gpt2"))
        .key("tokenizer.ggml.pre", text(pre))
        .key(
            "tokenizer.ggml.tokens",
            texts(&["<s>", "</s>", "a", "b", "ab", "Ġ", "Ġab", "<tool>", "c"]),
        )
        .key(
            "tokenizer.ggml.token_type",
            ints(&[3, 3, 1, 1, 1, 1, 1, 4, 5]),
        )
        .key("tokenizer.ggml.merges", texts(&["a b", "Ġ ab"]))
        .key("tokenizer.ggml.bos_token_id", int(0))
        .key("tokenizer.ggml.eos_token_id", int(1))
}

#[test]
fn byte_pairs_are_merged_and_special_tokens_found() {
    let (tokenizer, config) = files(&bpe("gpt-2").bytes()).unwrap();
    let ids = |text: &str| {
        tokenizer
            .encode_fast(text, true)
            .unwrap()
            .get_ids()
            .to_vec()
    };
    assert_eq!(ids("ab ab</s>ba<tool>"), [4, 6, 1, 3, 2, 7]);
    assert_eq!(
        tokenizer.decode(&[4, 6, 1, 7], true).unwrap(),
        "ab ab<tool>"
    );
    assert_eq!(
        tokenizer.decode(&[4, 6, 1, 7], false).unwrap(),
        "ab ab</s><tool>"
    );
    assert_eq!(config["bos_token"], "<s>");
    assert_eq!(config["eos_token"], "</s>");
    assert_eq!(config["add_bos_token"], false);
    assert_eq!(config["pad_token"], Value::Null);
    assert_eq!(config.get("chat_template"), None);
}

#[test]
fn tokens_around_a_text_are_added() {
    let both = bpe("smollm")
        .key("tokenizer.ggml.add_bos_token", flag(true))
        .key("tokenizer.ggml.add_eos_token", flag(true));
    let (tokenizer, config) = files(&both.bytes()).unwrap();
    let ids = |text: &str, add| tokenizer.encode_fast(text, add).unwrap().get_ids().to_vec();
    assert_eq!(ids("ab", true), [0, 4, 1]);
    assert_eq!(ids("ab", false), [4]);
    assert_eq!(
        (&config["add_bos_token"], &config["add_eos_token"]),
        (&json!(true), &json!(true))
    );
    let pair = tokenizer.encode_fast(("ab", "b"), true).unwrap();
    assert_eq!(pair.get_ids(), [0, 4, 1, 0, 3, 1]);
    // Llama 3's texts begin with a token unless the file says otherwise.
    let (tokenizer, _) = files(&bpe("llama-bpe").bytes()).unwrap();
    assert_eq!(tokenizer.encode_fast("ab", true).unwrap().get_ids(), [0, 4]);
    let without = bpe("llama-bpe").key("tokenizer.ggml.add_bos_token", flag(false));
    let (tokenizer, _) = files(&without.bytes()).unwrap();
    assert_eq!(tokenizer.encode_fast("ab", true).unwrap().get_ids(), [4]);
}

#[test]
fn each_way_of_cutting_text() {
    let cut = |pre: &str, text: &str| {
        let (tokenizer, _) = files(&bpe(pre).bytes()).unwrap();
        let mut cut = PreTokenizedString::from(text);
        tokenizer
            .get_pre_tokenizer()
            .unwrap()
            .pre_tokenize(&mut cut)
            .unwrap();
        let parts = cut.get_splits(OffsetReferential::Original, OffsetType::Byte);
        parts
            .into_iter()
            .map(|(part, _, _)| part.replace('Ġ', " ").replace('Ċ', "\n"))
            .collect::<Vec<_>>()
    };
    // What Python's `regex.findall` makes of it with each pattern.
    let sample = "I'LL say: he's 12345!\n\n  x = y+1;";
    assert_eq!(
        cut("gpt-2", sample),
        [
            "I", "'", "LL", " say", ":", " he", "'s", " 12345", "!", "\n\n ", " x", " =", " y",
            "+", "1", ";"
        ]
    );
    assert_eq!(
        cut("smollm", sample),
        [
            "I", "'", "LL", " say", ":", " he", "'s", " ", "1", "2", "3", "4", "5", "!", "\n\n ",
            " x", " =", " y", "+", "1", ";"
        ]
    );
    assert_eq!(
        cut("llama-bpe", sample),
        [
            "I", "'LL", " say", ":", " he", "'s", " ", "123", "45", "!\n\n", " ", " x", " =", " y",
            "+", "1", ";"
        ]
    );
    assert_eq!(
        cut("qwen2", sample),
        [
            "I", "'LL", " say", ":", " he", "'s", " ", "1", "2", "3", "4", "5", "!\n\n", " ", " x",
            " =", " y", "+", "1", ";"
        ]
    );
    assert_eq!(
        cut("default", sample),
        [
            "I", "'", "LL", " say", ":", " he", "'", "s", " ", "123", "45", "!", "\n\n ", " x",
            " ", "=", " y", "+", "1", ";"
        ]
    );
}

#[test]
fn chat_templates_are_kept() {
    let one = bpe("smollm").key("tokenizer.chat_template", text("{{ one }}"));
    assert_eq!(files(&one.bytes()).unwrap().1["chat_template"], "{{ one }}");
    let two = one
        .key("tokenizer.chat_templates", texts(&["tool_use"]))
        .key("tokenizer.chat_template.tool_use", text("{{ two }}"));
    let expected = json!([
        {"name": "default", "template": "{{ one }}"},
        {"name": "tool_use", "template": "{{ two }}"},
    ]);
    assert_eq!(files(&two.bytes()).unwrap().1["chat_template"], expected);
    let missing = bpe("smollm").key("tokenizer.chat_templates", texts(&["rag"]));
    let message = files(&missing.bytes()).unwrap_err();
    assert!(
        message.contains("`tokenizer.chat_template.rag` is missing"),
        "{message}"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let set = |name: &str, value| bpe("gpt-2").set(&format!("tokenizer.ggml.{name}"), value);
    for (writer, expected) in [
        (Writer::default(), "`tokenizer.ggml.model` is missing"),
        (
            set("model", text("t5")),
            "`tokenizer.ggml.model` is \"t5\", but only \"gpt2\" and \"llama\"",
        ),
        (
            set("pre", text("tekken")),
            "`tokenizer.ggml.pre` is \"tekken\", but only \"default\", \"gpt-2\"",
        ),
        (
            set("pre", text(&"long".repeat(1000))),
            "… (4000 bytes), but only",
        ),
        (
            set("tokens", texts(&["a", "b", "a"])),
            "two tokens are named \"a\"",
        ),
        (
            set("tokens", texts(&["a", ""])),
            "element 1 of metadata `tokenizer.ggml.tokens` is 0 bytes long",
        ),
        (
            set("tokens", text("a")),
            "`tokenizer.ggml.tokens` is \"a\", and should be a list",
        ),
        (
            set("tokens", ints(&[1])),
            "element 0 of metadata `tokenizer.ggml.tokens` is 1, and should be text",
        ),
        (
            set("tokens", texts(&[])),
            "`tokenizer.ggml.tokens` is missing",
        ),
        (
            set("token_type", ints(&[1])),
            "as long as the list of tokens, 9",
        ),
        (
            set("token_type", ints(&[9; 9])),
            "element 0 of metadata `tokenizer.ggml.token_type` is 9",
        ),
        (
            set("merges", texts(&["a b", "a z"])),
            "element 1 of metadata `tokenizer.ggml.merges` is \"a z\"",
        ),
        (
            set("merges", texts(&["ab"])),
            "element 0 of metadata `tokenizer.ggml.merges` is \"ab\"",
        ),
        (set("merges", texts(&["b a"])), "which make a third"),
        (
            set("bos_token_id", int(9)),
            "`tokenizer.ggml.bos_token_id` is 9, and should be below the number of tokens, 9",
        ),
        (
            set("add_bos_token", int(1)),
            "`tokenizer.ggml.add_bos_token` is 1, and should be true or false",
        ),
        (
            set("add_space_prefix", flag(true)),
            "`tokenizer.ggml.add_space_prefix` is true",
        ),
    ] {
        let message = files(&writer.bytes()).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
    let pieces = Writer::default()
        .key("tokenizer.ggml.model", text("llama"))
        .key("tokenizer.ggml.tokens", texts(&["<unk>", "a"]))
        .key("tokenizer.ggml.add_bos_token", flag(false));
    let message = |writer: Writer| files(&writer.bytes()).unwrap_err();
    assert!(message(pieces.clone()).contains("`tokenizer.ggml.scores` is missing"));
    let scores = pieces
        .clone()
        .key("tokenizer.ggml.scores", floats(&[0.0, f32::NAN]));
    assert!(message(scores).contains("element 1 of metadata `tokenizer.ggml.scores` is NaN"));
    let map = pieces
        .clone()
        .key("tokenizer.ggml.precompiled_charsmap", ints(&[1]));
    assert!(message(map).contains("precompiled_charsmap"));
    let bos = pieces.set("tokenizer.ggml.add_bos_token", flag(true));
    assert!(message(bos).contains("`tokenizer.ggml.bos_token_id` is missing"));
}

#[test]
fn what_would_grow_without_bound_is_refused() {
    let templates = bpe("gpt-2").key("tokenizer.chat_templates", texts(&["x"; 65]));
    let message = files(&templates.bytes()).unwrap_err();
    assert!(
        message.contains("`tokenizer.chat_templates` is 65, but at most 64"),
        "{message}"
    );
    let tokens = crate::common::array(8, (1 << 20) + 1, vec![0; 8 << 20 | 8]);
    let message = files(&bpe("gpt-2").set("tokenizer.ggml.tokens", tokens).bytes()).unwrap_err();
    assert!(
        message.contains("`tokenizer.ggml.tokens` is 1048577, but"),
        "{message}"
    );
    // All texts of up to 16 letters a and b: each can be put together in as many ways as it is long.
    let all: Vec<String> = (1..17)
        .flat_map(|length| (0..1u32 << length).map(move |n| format!("{n:0length$b}")))
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let pieces = Writer::default()
        .key("tokenizer.ggml.model", text("llama"))
        .key("tokenizer.ggml.add_bos_token", flag(false))
        .key("tokenizer.ggml.tokens", texts(&all))
        .key("tokenizer.ggml.scores", floats(&vec![0.0; all.len()]));
    let message = files(&pieces.bytes()).unwrap_err();
    assert!(
        message.contains("the number of merges that the tokens stand for"),
        "{message}"
    );
}

#[test]
fn sentencepiece_ids_are_those_of_its_library() {
    let (tokenizer, config) = files(include_bytes!("data/sentencepiece.gguf")).unwrap();
    let cases: Value = serde_json::from_str(include_str!("data/sentencepiece.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let found = tokenizer.encode_fast(text, false).unwrap();
        assert_eq!(
            json!(found.get_ids()),
            case["ids"],
            "{text:?}: {:?}",
            found.get_tokens()
        );
        assert_eq!(tokenizer.decode(found.get_ids(), true).unwrap(), text);
    }
    assert_eq!(config["unk_token"], "<unk>");
    assert_eq!(tokenizer.encode_fast("", true).unwrap().get_ids(), [1]);
}

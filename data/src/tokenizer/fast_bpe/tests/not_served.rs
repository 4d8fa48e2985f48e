//! What is left to the `tokenizers` crate.

use serde_json::{Value, json};

use super::{CL100K, FastBpe, TRAINED, added, split};

#[test]
fn what_is_not_known_is_not_served() {
    let refused = |change: &dyn Fn(&mut Value), part: &str| {
        let mut file = TRAINED.clone();
        change(&mut file);
        let reason = FastBpe::new(&file).err().map(|reason| reason.to_string());
        let reason = reason.unwrap_or_else(|| panic!("served with {part}"));
        assert!(reason.contains(part), "{reason}");
    };
    refused(&|file| file["model"]["type"] = json!("Unigram"), "Unigram");
    refused(&|file| file["model"]["dropout"] = json!(0.1), "at random");
    refused(
        &|file| file["model"]["end_of_word_suffix"] = json!("</w>"),
        "</w>",
    );
    refused(&|file| file["model"]["merges"] = json!(["a"]), "merge 0");
    refused(
        &|file| file["model"]["merges"] = json!([["a", "no such"]]),
        "merge 0",
    );
    refused(
        &|file| file["model"]["vocab"]["a"] = json!(1_u64 << 40),
        "out of range",
    );
    refused(
        &|file| file["model"]["vocab"]["a"] = file["model"]["vocab"]["b"].clone(),
        "only token",
    );
    refused(
        &|file| {
            file["model"]["vocab"].as_object_mut().unwrap().remove("Ġ");
        },
        "0x20",
    );
    refused(
        &|file| file["model"]["vocab"] = Value::Null,
        "no vocabulary",
    );
    refused(
        &|file| file["truncation"] = json!({"max_length": 1}),
        "truncation",
    );
    refused(&|file| file["normalizer"] = json!({"type": "NFKC"}), "NFKC");
    refused(&|file| file["pre_tokenizer"] = Value::Null, "null");
    refused(
        &|file| file["pre_tokenizer"] = split(r"\p{L}+", "Isolated", false),
        "Split",
    );
    refused(
        &|file| file["pre_tokenizer"] = split(CL100K, "MergedWithNext", false),
        "Merged",
    );
    refused(
        &|file| file["pre_tokenizer"] = split(CL100K, "Removed", false),
        "Removed",
    );
    let token = |id: u64| added("<x>", id, false);
    refused(
        &|file| file["added_tokens"] = json!([token(3)]),
        "another id",
    );
    refused(
        &|file| {
            let mut token = token(900);
            token["single_word"] = json!(true);
            file["added_tokens"] = json!([token]);
        },
        "between words",
    );
    for nothing in [json!(null), json!([]), json!("x"), json!({"model": []})] {
        assert!(FastBpe::new(&nothing).is_err());
    }
}

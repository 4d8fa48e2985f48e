//! What `config.json` says, family by family: the tools of the tables.

use serde_json::Value;
use slovo_model::{TransformerConfig, untrusted};

/// `base` with some settings changed; null takes one away.
pub fn with(base: &Value, changes: Value) -> Value {
    let mut json = base.clone();
    let fields = json.as_object_mut().unwrap();
    for (field, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(fields.remove(field)),
            value => drop(fields.insert(field.clone(), value.clone())),
        }
    }
    json
}

pub fn read(json: &Value) -> TransformerConfig {
    untrusted::config(json.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// The error that `json` gives.
pub fn refusal(json: &Value) -> String {
    let read = untrusted::config(json.to_string().as_bytes());
    let error = read.err().unwrap_or_else(|| panic!("was read: {json}"));
    error.to_string()
}

/// Checks that each change to `base` is an error that names the setting, the value found, and what
/// would do.
pub fn refused(base: &Value, table: &[(Value, &str)]) {
    read(base);
    for (changes, expected) in table {
        let error = refusal(&with(base, changes.clone()));
        assert!(error.starts_with("config.json: "), "{error}");
        assert!(error.contains(expected), "{changes} gives: {error}");
    }
}

/// What a setting makes of the shape.
pub type Change = fn(&mut TransformerConfig);

/// Checks that each change to `base` reads as the change to its shape.
pub fn understood(base: &Value, table: &[(Value, Change)]) {
    for (changes, change) in table {
        let mut expected = read(base);
        change(&mut expected);
        assert_eq!(read(&with(base, changes.clone())), expected, "{changes}");
    }
}

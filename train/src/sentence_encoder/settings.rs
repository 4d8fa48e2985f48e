//! How a folder wants texts turned into vectors: the files of sentence-transformers beside
//! `config.json` (Reimers and Gurevych 2019, <https://sbert.net>).
//!
//! `modules.json` lists what a text goes through: a transformer, pooling, perhaps a norm. A setting
//! that changes the numbers and is not known here is an error; what else the files say is left
//! alone. A folder without them gives the mean of its tokens, one long.

use crate::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use slovo_model::Pooling;
use std::path::{Component, Path, PathBuf};

/// A value, and what said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// The value.
    pub value: T,
    /// A file of the folder, a flag, or that nothing said otherwise.
    pub by: String,
}

impl<T> Said<T> {
    fn by(by: impl Into<String>, value: T) -> Self {
        let by = by.into();
        Self { value, by }
    }
}

/// What a folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder of the transformer, where it is not the folder itself.
    pub transformer: Option<PathBuf>,
    /// How the vectors of tokens become one, or why that is not known.
    pub pooling: std::result::Result<Said<Pooling>, String>,
    /// Whether vectors are made one long.
    pub normalise: Said<bool>,
    /// Tokens of a text that are read at most, special ones among them.
    pub max_tokens: Option<Said<usize>>,
    /// Whether texts are lower-cased before the tokenizer sees them.
    pub lower_case: bool,
    /// What stands before every text.
    pub prompt: String,
}

const MODULES: &str = "modules.json";
const DEFAULT: &str = "by default";

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TransformerFile {
    max_seq_length: Option<usize>,
    do_lower_case: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PromptFile {
    prompts: Map<String, Value>,
    default_prompt_name: Option<String>,
}

impl Settings {
    /// Reads what the files in `folder` say.
    ///
    /// # Errors
    ///
    /// A file that cannot be understood, or a module that is not known.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut settings = Self {
            transformer: None,
            pooling: Ok(Said::by(DEFAULT, Pooling::Mean)),
            normalise: Said::by(DEFAULT, true),
            max_tokens: None,
            lower_case: false,
            prompt: prompt(folder)?,
        };
        if let Some(modules) = json::<Vec<Module>>(&folder.join(MODULES))? {
            settings.normalise = Said::by(MODULES, false);
            for module in modules {
                settings.take(folder, &module)?;
            }
        }
        let transformer = settings.transformer.as_deref().unwrap_or(folder);
        for name in [
            "sentence_bert_config.json",
            "sentence_distilbert_config.json",
        ] {
            if let Some(file) = json::<TransformerFile>(&transformer.join(name))? {
                settings.max_tokens = file.max_seq_length.map(|max| Said::by(name, max));
                settings.lower_case = file.do_lower_case;
                break;
            }
        }
        Ok(settings)
    }

    fn take(&mut self, folder: &Path, module: &Module) -> Result<()> {
        let inside = Path::new(&module.path).components();
        if !inside
            .into_iter()
            .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(Error::Folder {
                path: folder.join(MODULES),
                what: format!(
                    "path is {:?}; a folder within this one would do",
                    module.path
                ),
            });
        }
        // Releases differ in the package that they name the module by.
        match module.kind.rsplit('.').next().unwrap_or_default() {
            "Transformer" => {
                self.transformer = (!module.path.is_empty()).then(|| folder.join(&module.path));
            }
            "Pooling" => {
                let name = format!("{}/config.json", module.path);
                self.pooling = match json::<Map<String, Value>>(&folder.join(&name))? {
                    Some(file) => pooling(&file)
                        .and_then(|pooling| with_prompt(pooling, &file, &self.prompt))
                        .map(|pooling| Said::by(name.clone(), pooling))
                        .map_err(|what| format!("{name}: {what}")),
                    None => Ok(Said::by(
                        format!("{DEFAULT}; there is no {name}"),
                        Pooling::Mean,
                    )),
                };
            }
            "Normalize" => self.normalise.value = true,
            _ => {
                return Err(Error::Folder {
                    path: folder.join(MODULES),
                    what: format!(
                        "has a module {:?}; Transformer, Pooling and Normalize are known",
                        module.kind
                    ),
                });
            }
        }
        Ok(())
    }
}

/// What stands before every text.
fn prompt(folder: &Path) -> Result<String> {
    let path = folder.join("config_sentence_transformers.json");
    let file = json::<PromptFile>(&path)?.unwrap_or_default();
    let Some(name) = file.default_prompt_name else {
        return Ok(String::new());
    };
    match file.prompts.get(&name) {
        Some(Value::String(prompt)) => Ok(prompt.clone()),
        _ => Err(Error::Folder {
            path,
            what: format!("default_prompt_name is {name:?}, but `prompts` has no such text"),
        }),
    }
}

fn pooling(file: &Map<String, Value>) -> std::result::Result<Pooling, String> {
    let old = file
        .iter()
        .filter(|(_, value)| **value == Value::Bool(true));
    let old = old.filter_map(|(key, _)| key.strip_prefix("pooling_mode_"));
    let modes: Vec<&str> = match file.get("pooling_mode") {
        Some(Value::String(mode)) => vec![mode.as_str()],
        Some(other) => return Err(format!("pooling_mode is {other}; a name would do")),
        None => old.collect(),
    };
    let known = modes.iter().map(|mode| match *mode {
        "mean" | "mean_tokens" => Some(Pooling::Mean),
        "cls" | "cls_token" => Some(Pooling::First),
        "max" | "max_tokens" => Some(Pooling::Max),
        "lasttoken" => Some(Pooling::Last),
        _ => None,
    });
    match known.collect::<Vec<_>>()[..] {
        [Some(pooling)] => Ok(pooling),
        _ => Err(format!(
            "pools by {modes:?}; one of mean, cls, max and lasttoken can be had (`--pooling` \
             chooses one of these)"
        )),
    }
}

/// Pooling that leaves the prompt out would need to know where it ends.
fn with_prompt(
    pooling: Pooling,
    file: &Map<String, Value>,
    prompt: &str,
) -> std::result::Result<Pooling, String> {
    match file.get("include_prompt") {
        Some(Value::Bool(false)) if !prompt.is_empty() => Err(
            "include_prompt is false; only pooling over the prompt too can be had (`--pooling` \
             insists on it)"
                .into(),
        ),
        _ => Ok(pooling),
    }
}

/// A file, if it is there.
fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    if !path.is_file() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let wrong = |error: serde_json::Error| Error::Folder {
        path: path.into(),
        what: format!("is not what sentence-transformers writes: {error}"),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(wrong)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A folder with these files.
    fn folder(files: &[(&str, Value)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, value) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, value.to_string()).unwrap();
        }
        folder
    }

    fn read(files: &[(&str, Value)]) -> Result<Settings> {
        Settings::read(folder(files).path())
    }

    fn modules(kinds: &[(&str, &str)]) -> Value {
        let module = |(kind, path): &(&str, &str)| {
            json!({
                "idx": 0, "name": "0", "path": path, "type": format!("sentence_transformers.models.{kind}"),
            })
        };
        kinds.iter().map(module).collect()
    }

    fn minilm() -> Value {
        modules(&[
            ("Transformer", ""),
            ("Pooling", "1_Pooling"),
            ("Normalize", "2_Normalize"),
        ])
    }

    #[test]
    fn without_their_files_vectors_are_the_mean_one_long() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.pooling, Ok(Said::by(DEFAULT, Pooling::Mean)));
        assert_eq!(settings.normalise, Said::by(DEFAULT, true));
        assert_eq!((settings.max_tokens, settings.lower_case), (None, false));
    }

    #[test]
    fn what_the_files_say_is_done() {
        let old = |mode: &str| {
            let mut file = json!({
                "word_embedding_dimension": 384, "pooling_mode_cls_token": false,
                "pooling_mode_mean_tokens": false, "pooling_mode_max_tokens": false,
                "pooling_mode_mean_sqrt_len_tokens": false, "include_prompt": true,
            });
            file[mode] = json!(true);
            file
        };
        let new = |mode: &str| json!({ "embedding_dimension": 384, "pooling_mode": mode });
        for (file, expected) in [
            (old("pooling_mode_mean_tokens"), Pooling::Mean),
            (old("pooling_mode_cls_token"), Pooling::First),
            (old("pooling_mode_max_tokens"), Pooling::Max),
            (old("pooling_mode_lasttoken"), Pooling::Last),
            (new("mean"), Pooling::Mean),
            (new("cls"), Pooling::First),
        ] {
            let files = [(MODULES, minilm()), ("1_Pooling/config.json", file)];
            let settings = read(&files).unwrap();
            let said = Said::by("1_Pooling/config.json", expected);
            assert_eq!(settings.pooling, Ok(said));
            assert_eq!(settings.normalise, Said::by(MODULES, true));
        }
        // Not normalised where nothing says so, and a pooling whose file got lost.
        let settings = read(&[(
            MODULES,
            modules(&[("Transformer", "0_T"), ("Pooling", "p")]),
        )]);
        let settings = settings.unwrap();
        assert!(!settings.normalise.value);
        assert_eq!(
            settings.pooling.unwrap().by,
            "by default; there is no p/config.json"
        );
        assert!(settings.transformer.unwrap().ends_with("0_T"));
    }

    #[test]
    fn lengths_cases_and_prompts_are_read() {
        let settings = read(&[
            (MODULES, modules(&[("Transformer", "t")])),
            (
                "t/sentence_bert_config.json",
                json!({ "max_seq_length": 256, "do_lower_case": true }),
            ),
            (
                "config_sentence_transformers.json",
                json!({ "prompts": { "q": "query: " }, "default_prompt_name": "q", "x": 1 }),
            ),
        ])
        .unwrap();
        assert_eq!(
            settings.max_tokens,
            Some(Said::by("sentence_bert_config.json", 256))
        );
        assert!(settings.lower_case);
        assert_eq!(settings.prompt, "query: ");
    }

    #[test]
    fn what_is_not_known_is_named() {
        let pooling = |file: Value| {
            let files = [(MODULES, minilm()), ("1_Pooling/config.json", file)];
            read(&files).unwrap().pooling.unwrap_err()
        };
        let both = json!({ "pooling_mode_cls_token": true, "pooling_mode_max_tokens": true });
        assert!(pooling(both).contains(r#"["cls_token", "max_tokens"]"#));
        assert!(pooling(json!({ "pooling_mode_weightedmean_tokens": true })).contains("weighted"));
        assert!(pooling(json!({})).contains("[]"));
        assert!(pooling(json!({ "pooling_mode": ["mean"] })).contains("pooling_mode is"));
        for (files, parts) in [
            (
                vec![(
                    MODULES,
                    modules(&[("Transformer", ""), ("Dense", "2_Dense")]),
                )],
                ["modules.json", "models.Dense"],
            ),
            (
                vec![(MODULES, modules(&[("Pooling", "../elsewhere")]))],
                ["modules.json", "../elsewhere"],
            ),
            (
                vec![(MODULES, json!({}))],
                ["modules.json", "expected a sequence"],
            ),
            (
                vec![(
                    "config_sentence_transformers.json",
                    json!({ "default_prompt_name": "q" }),
                )],
                ["config_sentence_transformers.json", "\"q\""],
            ),
        ] {
            let error = read(&files).unwrap_err();
            assert!(error.is_usage());
            let error = error.to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}

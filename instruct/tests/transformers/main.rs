//! Chat templates, held against the real `transformers`: `cargo xtask check transformers --python PYTHON`.
//!
//! The named templates and those of `--model` folders are rendered for several conversations, asking for an
//! answer and not, by both; so is every `.jinja` file of a folder, where one is named:
//!
//! ```text
//! cargo test --release -p slovo-instruct --test transformers -- --python python3 --templates FOLDER
//! ```

#![allow(clippy::unwrap_used)]

use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use slovo_data::Tokenizer;
use slovo_instruct::template::{ChatConfig, Template, TemplateRecipe, of_folder};
use slovo_instruct::{Message, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Holds chat templates against transformers.
#[derive(Parser)]
struct Arguments {
    /// A Python that has transformers
    #[arg(long)]
    python: PathBuf,
    /// A model folder whose template is looked at too (repeatable)
    #[arg(long, value_name = "FOLDER")]
    model: Vec<PathBuf>,
    /// A folder of `.jinja` files to look at too
    #[arg(long, value_name = "FOLDER")]
    templates: Option<PathBuf>,
}

/// A template and the tokens that it is given.
struct Source {
    name: String,
    config: ChatConfig,
}

/// What both are to render.
#[derive(Serialize)]
struct Case<'a> {
    template: &'a str,
    tokens: &'a BTreeMap<String, String>,
    messages: &'a [Message],
    asks: bool,
}

/// What `render.py` says of a case.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theirs {
    Text(String),
    Error(String),
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all are alike.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let sources = sources(arguments)?;
    let conversations = conversations();
    let cases: Vec<(&Source, Case<'_>)> = sources
        .iter()
        .flat_map(|source| conversations.iter().map(move |messages| (source, messages)))
        .flat_map(|(source, messages)| {
            [true, false].map(|asks| {
                let case = Case {
                    template: source.config.template.as_deref().unwrap_or_default(),
                    tokens: &source.config.tokens,
                    messages,
                    asks,
                };
                (source, case)
            })
        })
        .collect();
    let theirs = ask(&arguments.python, cases.iter().map(|(_, case)| case))?;
    let mut different: BTreeMap<&str, String> = BTreeMap::new();
    let mut refused = 0;
    for ((source, case), theirs) in cases.iter().zip(theirs) {
        let ours = ours(&source.config, case);
        let what = match (ours, theirs) {
            (Ok(ours), Theirs::Text(theirs)) if ours == theirs => continue,
            (Ok(ours), Theirs::Text(theirs)) => format!("ours {ours:?}, theirs {theirs:?}"),
            (Ok(ours), Theirs::Error(theirs)) => format!("ours {ours:?}, theirs: {theirs}"),
            (Err(ours), Theirs::Text(theirs)) => format!("ours: {ours}, theirs {theirs:?}"),
            // Both have something against it, such as roles that do not alternate.
            (Err(_), Theirs::Error(_)) => {
                refused += 1;
                continue;
            }
        };
        different.entry(&source.name).or_insert(what);
    }
    for (name, what) in &different {
        println!("{name}: {what}");
    }
    println!(
        "{} templates, {} texts, of which both refuse {refused}; {} templates differ",
        sources.len(),
        cases.len(),
        different.len()
    );
    Ok(different.is_empty())
}

fn sources(arguments: &Arguments) -> Result<Vec<Source>, String> {
    let tokens = || {
        let names = ["bos_token", "eos_token", "pad_token", "unk_token"];
        let tokens = ["<s>", "</s>", "<pad>", "<unk>"];
        names.into_iter().zip(tokens)
    };
    let with = |name: String, template: String| Source {
        name,
        config: ChatConfig {
            template: Some(template),
            tokens: tokens()
                .map(|(name, token)| (name.to_owned(), token.to_owned()))
                .collect(),
        },
    };
    // What the named ones end an answer with.
    let tokenizer = tokenizer("<|im_end|><|end|><|eot_id|>", [].iter());
    let mut found = Vec::new();
    for recipe in [
        TemplateRecipe::Alpaca,
        TemplateRecipe::ChatMl,
        TemplateRecipe::Phi3,
        TemplateRecipe::Llama3,
        TemplateRecipe::Plain,
    ] {
        let template = Template::new(&recipe, &ChatConfig::default(), &tokenizer);
        let template = template.map_err(|error| error.to_string())?;
        found.push(with(format!("{recipe:?}"), template.source().to_owned()));
    }
    for folder in &arguments.model {
        found.push(Source {
            name: folder.display().to_string(),
            config: of_folder(folder).map_err(|error| error.to_string())?,
        });
    }
    let folder = arguments.templates.iter();
    let files = folder.flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "jinja"));
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        found.push(with(file.display().to_string(), text));
    }
    Ok(found)
}

fn conversations() -> Vec<Vec<Message>> {
    use Role::{Assistant, System, User};
    let talk = |all: &[(Role, &str)]| -> Vec<Message> {
        let message = |(role, text): &(Role, &str)| Message::new(*role, *text);
        all.iter().map(message).collect()
    };
    vec![
        talk(&[(User, "What is a word?")]),
        talk(&[(User, "Что такое слово?"), (Assistant, "Знак & \"смысл\".")]),
        talk(&[
            (System, "You are brief.\n"),
            (User, "  Two\n\nlines, {{ braces }} and {% tags %}  "),
            (Assistant, "<think>\nhm\n</think>\n\nYes.\n"),
            (User, "Again?"),
        ]),
        talk(&[
            (User, "One"),
            (Assistant, "1"),
            (User, "Two"),
            (Assistant, "2"),
        ]),
        // Out of turn.
        talk(&[(Assistant, "Hello"), (User, "Hello"), (User, "Hello?")]),
    ]
}

/// What we render, by a tokenizer that has all that looks like a special token in the template.
fn ours(config: &ChatConfig, case: &Case<'_>) -> Result<String, String> {
    let tokenizer = tokenizer(case.template, config.tokens.values());
    let recipe = TemplateRecipe::Jinja(case.template.to_owned());
    let template = Template::new(&recipe, config, &tokenizer).map_err(|error| error.to_string())?;
    let text = match case.asks {
        true => template.prompt(case.messages),
        false => template.whole(case.messages),
    };
    text.map_err(|error| error.to_string())
}

fn tokenizer<'a>(template: &str, more: impl Iterator<Item = &'a String>) -> Tokenizer {
    let mut names: BTreeSet<String> = more.cloned().collect();
    let begins = template
        .match_indices(['<', '['])
        .map(|(at, _)| &template[at..]);
    for rest in begins {
        if let Some(end) = rest.find(['>', ']'])
            && !rest[..end].contains([' ', '\'', '"', '\n', '{'])
        {
            names.insert(rest[..=end].to_owned());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    Tokenizer::bytes().unwrap().save(&path).unwrap();
    let mut json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let added = json["added_tokens"].as_array_mut().unwrap();
    let pattern = added[0].clone();
    for (number, name) in names.into_iter().enumerate() {
        let mut token = pattern.clone();
        token["id"] = (300 + number).into();
        token["content"] = name.into();
        added.push(token);
    }
    Tokenizer::from_json("test", json.to_string()).unwrap()
}

/// Has `render.py` render all cases.
fn ask<'a>(
    python: &Path,
    cases: impl Iterator<Item = &'a Case<'a>>,
) -> Result<Vec<Theirs>, String> {
    let cases: Vec<_> = cases.collect();
    let text = serde_json::to_string(&cases).map_err(|error| error.to_string())?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transformers/render.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    writer.join().unwrap().map_err(|error| error.to_string())?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("render.py: {error}"))
}

//! What a run needs, before it runs.

use crate::material::MaterialReport;
use crate::optimizer::{AdamW, OptimizerRecipe};
use crate::plan::{Load, OPTIMAL_TOKENS_PER_PARAMETER, Operations, Plan, Published, Speed};
use crate::recipe::Recipe;
use crate::{Error, Result};
use slovo_args::{Backend, PlanArgs};
use slovo_data::Tokenizer;
use slovo_data::prepare::{self, Options};
use slovo_data::recipe::{DataRecipe, TokenizerRecipe};
use slovo_model::{PRESETS, TransformerConfig};

/// Tokens in a sequence of a preset that reads more than anybody pretrains on.
const CONTEXT: usize = 2048;
/// Beyond this a step's sizes mean nothing.
const MOST_TOKENS: u64 = 1_000_000_000_000;

/// Plans a recipe, or a published shape. Prepares no text and opens no device.
///
/// # Errors
///
/// Whatever is wrong with recipe or flags; a prepared folder that cannot be read.
pub fn plan(args: &PlanArgs) -> Result<Plan> {
    let plan = match &args.preset {
        Some(name) => preset(name, args)?,
        None => recipe(args)?,
    };
    if plan.tokens_per_step > MOST_TOKENS {
        let found = format!("{} tokens", plan.tokens_per_step);
        let expected = "a step of at most a trillion tokens would do".into();
        return Err(wrong("the batch", found, expected));
    }
    let speed = Speed::of(args, plan.flops_per_token.with_attention)?;
    Ok(plan.at(speed))
}

/// The plan of a published shape with GPT-3's optimizer.
fn preset(name: &str, args: &PlanArgs) -> Result<Plan> {
    let model = TransformerConfig::preset(name).ok_or_else(|| {
        let expected = format!("one of {} would do", PRESETS.join(", "));
        wrong("--preset", name, expected)
    })?;
    let longest = model.max_seq_len;
    let context = args.context.unwrap_or(longest.min(CONTEXT));
    if !(1..=longest).contains(&context) {
        let expected = format!("from 1 to {longest}, the longest it reads, would do");
        return Err(wrong("--context", context, expected));
    }
    if args.batch == 0 {
        return Err(wrong("--batch", 0, "1 or more would do".into()));
    }
    let published = Published::of(name);
    let mut notes = vec![format!(
        "sequences at once: {}; AdamW; nothing evaluated",
        args.batch
    )];
    let optimal = OPTIMAL_TOKENS_PER_PARAMETER * model.parameter_count() as f64;
    let tokens = match (args.tokens, published) {
        (Some(tokens), _) => tokens,
        (None, Some(published)) => {
            notes.push("tokens: as published".into());
            published.tokens
        }
        (None, None) => {
            notes.push("tokens: the compute-optimal number; --tokens N says another".into());
            optimal
        }
    };
    if !(1.0..1e18).contains(&tokens) {
        let expected = "a number from 1 to 1e18, such as 300e9, would do".into();
        return Err(wrong("--tokens", tokens, expected));
    }
    let load = Load {
        model,
        context,
        sequences: args.batch,
        micro_batches: 1,
        operations: operations(args),
        optimizer: OptimizerRecipe::AdamW(AdamW::default()),
        evaluation: None,
        checkpoints: false,
    };
    let mut plan = Plan::new(&load, tokens as u64);
    plan.published = published;
    plan.notes = notes;
    Ok(plan)
}

fn recipe(args: &PlanArgs) -> Result<Plan> {
    let mut recipe = Recipe::load(args.recipe.as_deref(), &args.set)?;
    recipe.steps = args.steps.unwrap_or(recipe.steps);
    recipe.validate()?;
    let mut notes = Vec::new();
    let data = recipe.data()?;
    data.validate()?;
    let report = match recipe.data.folder() {
        Some(folder) => Some(MaterialReport::of_folder(folder)?),
        None => prepared(&data, &mut notes)?,
    };
    let vocabulary = match (&report, recipe.model()?.vocab_size) {
        (Some(report), _) => report.tokenizer().vocab_size,
        (None, 0) => expected_vocabulary(&data.tokenizer, &mut notes)?,
        (None, given) => given,
    };
    let recipe = recipe.resolve_for(vocabulary)?;
    let mut plan = Plan::of(&recipe, report.as_ref(), operations(args))?;
    plan.notes.splice(0..0, notes);
    Ok(plan)
}

/// On an accelerator, tensor operations compose the model's; else it is planned for this machine.
fn operations(args: &PlanArgs) -> Operations {
    match args.accelerator {
        Some(_) => Operations::Composed,
        None => Operations::of(Backend::Flex),
    }
}

/// The report of the recipe's text, where that was prepared; a note where it was not.
fn prepared(data: &DataRecipe, notes: &mut Vec<String>) -> Result<Option<MaterialReport>> {
    let found = match prepare::plan(data, &Options::default()) {
        Ok(found) => found,
        // A plan may be wanted where the text is not; a wrong recipe has been refused before.
        Err(error) => {
            notes.push(format!("no text, so no epochs: {error}"));
            return Ok(None);
        }
    };
    match (found.ready, found.dir) {
        (true, Some(dir)) => Ok(Some(MaterialReport::of_folder(&dir)?)),
        _ => {
            notes.push(
                "the text is not prepared, so no epochs: `pretrain --dry-run` prepares it and \
                 plans with it"
                    .into(),
            );
            Ok(None)
        }
    }
}

/// The vocabulary that a tokenizer will have that has not been made.
fn expected_vocabulary(tokenizer: &TokenizerRecipe, notes: &mut Vec<String>) -> Result<usize> {
    let (vocabulary, why) = match tokenizer {
        TokenizerRecipe::Bpe { vocab_size, .. } | TokenizerRecipe::WordPiece { vocab_size, .. } => {
            (*vocab_size, "as its recipe asks for")
        }
        TokenizerRecipe::Byte => (
            Tokenizer::bytes()
                .map_err(slovo_data::Error::from)?
                .vocab_size(),
            "one for each byte",
        ),
        TokenizerRecipe::Char => (
            CHARACTERS,
            "characters are not counted before they are read",
        ),
        TokenizerRecipe::File(path) => {
            let path = prepare::expand(path)?;
            let file = Tokenizer::from_file(&path).map_err(slovo_data::Error::from)?;
            (file.vocab_size(), "as in its file")
        }
    };
    notes.push(format!("vocabulary: {vocabulary} tokens, {why}"));
    Ok(vocabulary)
}

/// Different characters in a text in one alphabet, about.
const CHARACTERS: usize = 100;

fn wrong(field: &'static str, found: impl ToString, expected: String) -> Error {
    Error::Value {
        field,
        found: found.to_string(),
        expected,
    }
}

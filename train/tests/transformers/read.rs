//! Reads a folder, compares what it computes, and saves it again.

use crate::case::{Case, Expected, Finding, Kind};
use crate::compare::distance;
use crate::kinds::Model;
use crate::reference::Reference;
use burn::tensor::Device;
use slovo_data::Tokenizer;
use slovo_model::{CausalLm, Encoder, MaskedLm, Seq2Seq, ops};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The largest distance that rounding explains.
const CLOSE: f64 = 1e-4;

/// Does all that a case asks for on our side.
pub fn read(case: &Case, device: &Device) -> Finding {
    let mut finding = Finding::default();
    if case.expected == Expected::Broken {
        let said = case.named.join("; ");
        let failure = format!("transformers cannot read it: {said}");
        finding.failures.push(failure);
        return finding;
    }
    let work = AssertUnwindSafe(|| match case.kind {
        Kind::Decoder => examine::<CausalLm>(case, device, &mut finding),
        Kind::MaskedLm => examine::<MaskedLm>(case, device, &mut finding),
        Kind::Encoder => examine::<Encoder>(case, device, &mut finding),
        Kind::Seq2seq => examine::<Seq2Seq>(case, device, &mut finding),
    });
    let outcome = catch_unwind(work).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("a panic: {}", said.unwrap_or("of no words")))
    });
    finding.check(outcome);
    finding
}

fn examine<M: Model>(case: &Case, device: &Device, finding: &mut Finding) -> Result<(), String> {
    let model = match (M::load(&case.folder, device), case.expected) {
        (Ok(_), Expected::Refused) => {
            let named = case.named.join(" or ");
            return Err(format!("is read although {named} cannot be honoured"));
        }
        (Ok(model), _) => model,
        (Err(error), Expected::Equal | Expected::Broken) => return Err(error.to_string()),
        (Err(error), Expected::Refused | Expected::Either) => {
            let said = error.to_string();
            finding.refused = Some(said.clone());
            let mut names = case.named.iter();
            let named = names.any(|name| said.contains(name));
            return match named {
                true => Ok(()),
                false => {
                    let named = case.named.join(" or ");
                    Err(format!("is refused without a word of {named}: {said}"))
                }
            };
        }
    };
    let reference = Reference::of(&case.place);
    if let Some(text) = &case.text {
        finding.check(same_tokens(case, text, &reference));
    }
    let mut differences = [0.0; 2];
    for (path, difference) in [true, false].into_iter().zip(&mut differences) {
        ops::use_fused(path);
        let path = if path { "fused" } else { "composed" };
        for (name, ours) in model.outputs(&reference, device) {
            let found = distance(case.kind, &reference, name, ours)?;
            *difference = found.max(*difference);
            if found >= CLOSE {
                let failure = format!("{name} differ by {found:.1e}, {path}");
                finding.failures.push(failure);
            }
        }
        if reference.has("output.greedy") {
            let continued = model.continues(&reference);
            finding.check(continued.map_err(|what| format!("{path}: {what}")));
        }
    }
    finding.differences = Some(differences);
    if case.again {
        model.save(&case.place.join("ours"))?;
        finding.saved = true;
    }
    Ok(())
}

/// Our tokenizer and that of `transformers` agree.
fn same_tokens(case: &Case, text: &str, reference: &Reference) -> Result<(), String> {
    let tokenizer = Tokenizer::from_file(&case.folder).map_err(|error| error.to_string())?;
    let ours = tokenizer.encode(text).map_err(|error| error.to_string())?;
    let ours: Vec<i64> = ours.into_iter().map(i64::from).collect();
    let theirs = reference.ids("input.input_ids").1;
    match ours == theirs {
        true => Ok(()),
        false => Err(format!("tokens {ours:?} instead of {theirs:?}")),
    }
}

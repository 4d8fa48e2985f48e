//! Numbers that are not finite, in loss, gradient and parameters: skipped or refused, never written.

use crate::faulty::{self, Fault, STEPS};
use crate::strays;
use crate::support::Workshop;
use crate::tally::{Random, Tally, Trial, require};
use burn::tensor::Device;
use slovo_train::checkpoint::Shelf;
use slovo_train::learner::finite::is_finite;

const TIMES: u64 = 20;
const WRONG: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

pub fn run(mut random: Random) -> Vec<Tally> {
    let workshop = Workshop::new();
    let mut row = |what: &str, fault: &dyn Fn(&mut Random) -> (Fault, bool)| {
        let mut tally = Tally::new(what, TIMES);
        while tally.left() > 0 {
            let (fault, ends) = fault(&mut random);
            let told = format!("{fault:?}");
            let trial = trial(&workshop, fault, ends);
            tally.count(trial.map_err(|error| format!("{told}: {error}")));
        }
        tally
    };
    let wrong = |random: &mut Random| WRONG[random.below(3) as usize];
    let few = |random: &mut Random| {
        let first = random.below(STEPS - 2);
        first..first + 1 + random.below(2)
    };
    let many = |random: &mut Random| {
        let first = random.below(STEPS - 2);
        first..first + 3
    };
    let parameter = |random: &mut Random| random.below(8) as usize;
    vec![
        row("loss not finite in one or two steps", &|random| {
            let (steps, by) = (few(random), wrong(random));
            (Fault::Loss { steps, by }, false)
        }),
        row("loss not finite in three steps in a row", &|random| {
            let (steps, by) = (many(random), wrong(random));
            (Fault::Loss { steps, by }, true)
        }),
        row("a gradient not finite in one or two steps", &|random| {
            let steps = few(random);
            let (parameter, value) = (parameter(random), wrong(random));
            (
                Fault::Gradient {
                    steps,
                    parameter,
                    value,
                },
                false,
            )
        }),
        row("a gradient not finite in three steps in a row", &|random| {
            let steps = many(random);
            let (parameter, value) = (parameter(random), wrong(random));
            (
                Fault::Gradient {
                    steps,
                    parameter,
                    value,
                },
                true,
            )
        }),
        row("all parameters not finite after a step", &|random| {
            let (step, value) = (random.below(STEPS), wrong(random).into());
            (Fault::Rate { step, value }, true)
        }),
        row("one parameter not finite that no loss shows", &|random| {
            let value = wrong(random);
            (Fault::Unused { value }, true)
        }),
    ]
}

/// A training with a fault; `ends` when it must end in an error rather than go on.
fn trial(workshop: &Workshop, fault: Fault, ends: bool) -> Trial {
    let out = workshop.run_folder();
    if out.exists() {
        std::fs::remove_dir_all(&out).map_err(|error| error.to_string())?;
    }
    let outcome = faulty::train(&workshop.recipe(), &out, fault);
    let (newest, passed_over) = Shelf::new(&out, 2)
        .newest_good()
        .map_err(|e| e.to_string())?;
    require(passed_over.is_empty(), || format!("{passed_over:?}"))?;
    match (outcome, ends) {
        (Ok(outcome), false) => {
            require(outcome.state.skipped > 0, || "no step was skipped".into())?;
        }
        (Ok(_), true) => return Err("it went on to the end".into()),
        (Err(error), false) => return Err(error.to_string()),
        (Err(error), true) => {
            let told = match &newest {
                Some(bundle) => bundle.path.display().to_string(),
                None => "there is no checkpoint yet".into(),
            };
            require(error.to_string().contains(&told), || {
                format!("{told:?} is not in: {error}")
            })?;
        }
    }
    all_finite(workshop)
}

/// Nothing that was written holds a number that is none.
fn all_finite(workshop: &Workshop) -> Trial {
    let out = workshop.run_folder();
    let device = Device::flex();
    for bundle in Shelf::new(&out, 2).bundles().map_err(|e| e.to_string())? {
        let model = bundle.load_model(faulty::blank(&device));
        let model = model.map_err(|error| error.to_string())?;
        let finite = is_finite(&model).map_err(|error| error.to_string())?;
        require(finite, || {
            format!("{} is not finite", bundle.path.display())
        })?;
        moments_are_finite(&bundle.path.join("optimizer.bpk"))?;
    }
    let model = out.join("model");
    if strays::names(&model).is_empty() {
        return Ok(());
    }
    let model = slovo_model::load_model(&model, &device).map_err(|error| error.to_string())?;
    let finite = is_finite(&model).map_err(|error| error.to_string())?;
    require(finite, || "the exported model is not finite".into())
}

fn moments_are_finite(path: &std::path::Path) -> Trial {
    let reader = burn_pack::Reader::from_file(path).map_err(|error| error.to_string())?;
    for name in reader.tensor_names() {
        let bytes = reader
            .tensor_data(name)
            .map_err(|error| error.to_string())?;
        let mut numbers = bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        require(numbers.all(f32::is_finite), || {
            format!("{name} in {} is not finite", path.display())
        })?;
    }
    Ok(())
}

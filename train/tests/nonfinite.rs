//! A loss, gradient or parameter that is not finite: the step is skipped, three in a row end the
//! run, and nothing that is broken is ever written.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

#[path = "support/faulty.rs"]
mod faulty;
mod support;

use faulty::Fault;
use slovo_train::checkpoint::Shelf;
use slovo_train::learner::Outcome;
use support::Workshop;

fn train(workshop: &Workshop, fault: Fault) -> slovo_train::Result<Outcome> {
    faulty::train(&workshop.recipe(), &workshop.run_folder(), fault)
}

/// Step of the newest checkpoint; all that are there verify.
fn newest(workshop: &Workshop) -> Option<u64> {
    let (newest, passed_over) = Shelf::new(&workshop.run_folder(), 2).newest_good().unwrap();
    assert!(passed_over.is_empty());
    newest.map(|bundle| bundle.step)
}

#[test]
fn a_skipped_step_is_counted_and_the_run_goes_on() {
    let workshop = Workshop::new();
    let by = f32::NAN;
    let outcome = train(&workshop, Fault::Loss { steps: 3..5, by }).unwrap();
    let state = outcome.state;
    assert_eq!((state.step, state.updates, state.skipped), (10, 8, 2));
    let log = std::fs::read_to_string(workshop.run_folder().join("run.log")).unwrap();
    assert!(
        log.contains("step 4 skipped: loss NaN") && log.contains("batch 3"),
        "{log}"
    );
    assert!(log.contains("step 10: no sample: nothing to say"), "{log}");
    // A skipped step has no learning rate, and the next one goes on from where the last ended.
    let rows = workshop.losses();
    let loss = |row: usize| rows[row].split(',').nth(2).unwrap().parse::<f64>().unwrap();
    let rate = |row: usize| rows[row].split(',').nth(3).unwrap().to_string();
    assert_eq!((rate(3), rate(4)), ("0".into(), "0".into()));
    assert!(loss(5) < loss(2) && loss(5) > loss(6));
}

#[test]
fn three_in_a_row_end_the_run_and_keep_the_last_good_checkpoint() {
    let workshop = Workshop::new();
    let (steps, by) = (5..10, f32::NAN);
    let error = train(&workshop, Fault::Loss { steps, by }).unwrap_err();
    assert!(!error.is_usage());
    let text = error.to_string();
    assert!(
        text.contains("3 steps in a row") && text.contains("step-00000004"),
        "{text}"
    );
    // The one of step 6 would hold a step that was skipped.
    assert_eq!(newest(&workshop), Some(4));
}

#[test]
fn one_wrong_number_in_one_gradient_is_a_skipped_step() {
    let workshop = Workshop::new();
    let fault = Fault::Gradient {
        steps: 6..7,
        parameter: 3,
        value: f32::INFINITY,
    };
    let outcome = train(&workshop, fault).unwrap();
    assert_eq!((outcome.state.updates, outcome.state.skipped), (9, 1));
    let log = std::fs::read_to_string(workshop.run_folder().join("run.log")).unwrap();
    assert!(
        log.contains("step 7 skipped: loss ") && log.contains("gradient norm inf"),
        "{log}"
    );
}

#[test]
fn parameters_that_broke_are_never_written() {
    let workshop = Workshop::new();
    // The update of step 6, which is one to save, breaks all of them.
    let (step, value) = (5, f64::NAN);
    let error = train(&workshop, Fault::Rate { step, value }).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("after step 6 a parameter is not finite") && text.contains("step-00000004"),
        "{text}"
    );
    assert_eq!(newest(&workshop), Some(4));
}

#[test]
fn parameters_that_broke_in_the_last_steps_are_told_with_the_last_checkpoint() {
    let workshop = Workshop::new();
    // The update of step 9, which is not saved; step 10, the last, is skipped.
    let (step, value) = (8, f64::NAN);
    let error = train(&workshop, Fault::Rate { step, value }).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("the validation loss") && text.contains("step-00000008"),
        "{text}"
    );
}

#[test]
fn a_broken_parameter_that_no_loss_shows_is_found_before_it_is_written() {
    let workshop = Workshop::new();
    let error = train(&workshop, Fault::Unused { value: f32::NAN }).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("after step 2 a parameter is not finite")
            && text.contains("no checkpoint yet"),
        "{text}"
    );
    assert_eq!(newest(&workshop), None);
    assert!(!workshop.run_folder().join("model").exists());
}

//! The forward pass: causality, cache, determinism.

use crate::{distance, floats, fresh, ids, parameters, shapes};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use slovo_model::{CausalLm, Pass, TransformerConfig};

#[test]
fn a_token_changes_no_logit_before_it() {
    let device = Device::default();
    let changed = 5;
    for (name, config) in shapes::all() {
        let model = fresh(&config, 1);
        let tokens = ids(2, 9, config.vocab_size, &device);
        let other = tokens.clone().narrow(1, changed, 1).add_scalar(1) % config.vocab_size as i64;
        let other = tokens
            .clone()
            .slice_assign([0..2, changed..changed + 1], other);
        let before = model.forward(tokens, &mut Pass::default());
        let after = model.forward(other, &mut Pass::default());
        let part = |t: &Tensor<3>, from, n| floats(t.clone().narrow(1, from, n));
        assert_eq!(
            part(&before, 0, changed),
            part(&after, 0, changed),
            "{name}"
        );
        assert_ne!(
            part(&before, changed, 1),
            part(&after, changed, 1),
            "{name}"
        );
        // Through a window, a token reaches so much further with every layer.
        let reach = config
            .window
            .map_or(8, |window| config.n_layers * (window - 1));
        assert_eq!(
            part(&before, 8, 1) != part(&after, 8, 1),
            changed + reach >= 8,
            "{name}: the past must reach the end"
        );
    }
}

#[test]
fn cache_equals_full_forward() {
    let device = Device::default();
    for (name, config) in shapes::all() {
        let model = fresh(&config, 2);
        let tokens = ids(3, 10, config.vocab_size, &device);
        let full = model.forward(tokens.clone(), &mut Pass::default());
        let pieces: [&[usize]; 4] = [&[10], &[1; 10], &[4, 3, 3], &[7, 1, 1, 1]];
        for pieces in pieces {
            let mut cache = model.cache(3, config.max_seq_len, &device);
            let mut logits = Vec::new();
            for piece in pieces {
                let tokens = tokens.clone().narrow(1, cache.len(), *piece);
                logits.push(model.forward(tokens, &mut Pass::cached(&mut cache)));
            }
            assert_eq!(cache.len(), 10);
            let error = distance(Tensor::cat(logits, 1), full.clone());
            assert!(error < 1e-5, "{name} in pieces of {pieces:?}: {error}");
        }
    }
}

#[test]
fn a_truncated_cache_forgets() {
    let device = Device::default();
    let model = fresh(&shapes::llama(), 3);
    let tokens = ids(1, 8, 11, &device);
    let mut cache = model.cache(1, 8, &device);
    let read = |tokens: Tensor<2, Int>, cache: &mut _| {
        floats(model.forward(tokens, &mut Pass::cached(cache)))
    };
    read(tokens.clone().narrow(1, 0, 5), &mut cache);
    let first = read(tokens.clone().narrow(1, 5, 1), &mut cache);
    read(tokens.clone().narrow(1, 6, 2), &mut cache);
    cache.truncate(5);
    assert_eq!(read(tokens.narrow(1, 5, 1), &mut cache), first);
}

#[test]
fn the_same_seed_gives_the_same_weights() {
    let config = shapes::llama();
    let weights = |seed| parameters(&fresh(&config, seed));
    let first = weights(7);
    assert_eq!(first, weights(7));
    let other = weights(8);
    for (path, bits) in &first {
        let constant = path.ends_with("gamma");
        assert_eq!(bits == &other[path], constant, "{path}");
    }
    // No two matrices of one model may share their random numbers.
    let starts: Vec<_> = first
        .iter()
        .filter(|(p, _)| !p.ends_with("gamma"))
        .collect();
    for (i, (a, x)) in starts.iter().enumerate() {
        for (b, y) in &starts[..i] {
            assert_ne!(x[..4], y[..4], "{a} begins like {b}");
        }
    }
}

#[test]
fn fresh_weights_have_the_published_deviation() {
    let config = TransformerConfig {
        d_model: 64,
        n_layers: 8,
        n_heads: 4,
        ..shapes::gpt2()
    };
    for (path, bits) in parameters(&fresh(&config, 1)) {
        let values: Vec<f64> = bits.iter().map(|b| f64::from(f32::from_bits(*b))).collect();
        let n = values.len() as f64;
        let std = (values.iter().map(|v| v * v).sum::<f64>() / n).sqrt();
        let expected = match path.rsplit('.').next().unwrap() {
            "gamma" => 1.0,
            "beta" | "bias" => 0.0,
            _ if path.contains("output") || path.contains("down") => 0.02 / 4.0,
            _ => 0.02,
        };
        // Five standard errors.
        let slack = 5.0 * expected / (2.0 * n).sqrt();
        assert!(
            (std - expected).abs() <= slack,
            "{path}: {std} instead of {expected}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_dropout() {
    let device = Device::default();
    let (_, config) = shapes::all()
        .into_iter()
        .find(|(n, _)| *n == "gpt2 with dropout")
        .unwrap();
    let model = fresh(&config, 4);
    let tokens = ids(2, 9, config.vocab_size, &device);
    let run = |pass: &mut Pass<'_>| floats(model.forward(tokens.clone(), pass));
    let first = run(&mut Pass::training(1));
    assert_eq!(first, run(&mut Pass::training(1)));
    assert_ne!(first, run(&mut Pass::training(2)));
    assert_ne!(first, run(&mut Pass::default()));
    // One pass that goes on draws new masks.
    let mut pass = Pass::training(1);
    assert_eq!(first, run(&mut pass));
    assert_ne!(first, run(&mut pass));
}

#[test]
fn no_dropout_changes_nothing_in_training() {
    let device = Device::default();
    let model = fresh(&shapes::gpt2(), 4);
    let tokens = ids(2, 9, 11, &device);
    let training = model.forward(tokens.clone(), &mut Pass::training(1));
    assert_eq!(
        floats(training),
        floats(model.forward(tokens, &mut Pass::default()))
    );
}

#[test]
fn a_model_prints_itself() {
    let text = format!("{}", fresh(&shapes::llama(), 1));
    assert!(text.contains("CausalLm"), "{text}");
    assert!(text.contains("params"), "{text}");
}

#[test]
fn a_training_model_computes_what_its_inference_model_computes() {
    let device = Device::default().autodiff();
    for (name, config) in shapes::all() {
        let model = CausalLm::new(&config, 5, &device).unwrap();
        let tokens = ids(1, 6, config.vocab_size, &device);
        let plain = ids(1, 6, config.vocab_size, &Device::default());
        let training = model.forward(tokens, &mut Pass::default()).inner();
        let error = distance(training, model.valid().forward(plain, &mut Pass::default()));
        assert!(error < 1e-6, "{name}: {error}");
    }
}

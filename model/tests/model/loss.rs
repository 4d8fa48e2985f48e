//! The loss: what counts, what does not, and the tied head's gradient.

use crate::{distance, floats, ids, shapes};
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Device, Gradients, Int, Tensor};
use slovo_model::{CausalLm, Pass, TransformerConfig, cross_entropy_sum};

/// Gradients of all parameters, end to end; a parameter without one is a failure.
fn gradients(model: &CausalLm, gradients: &Gradients) -> Vec<f32> {
    struct Visitor<'a>(&'a Gradients, Vec<f32>);
    impl ModuleVisitor for Visitor<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.extend(floats(
                param.val().grad(self.0).expect("every parameter has one"),
            ));
        }
    }
    let mut visitor = Visitor(gradients, Vec::new());
    model.visit(&mut visitor);
    visitor.1
}

#[test]
fn matches_the_definition() {
    let device = Device::default();
    let logits = [[2.0, -1.0, 0.5], [0.0, 0.0, 0.0], [1000.0, 0.0, -1000.0]];
    let tensor = Tensor::<2>::from_floats(logits, &device);
    let targets = Tensor::<1, Int>::from_ints([0, 2, 1], &device);
    let expected: f64 = logits
        .iter()
        .zip([0, 2, 1])
        .map(|(row, target)| {
            let row = row.map(f64::from);
            let max = row.iter().fold(f64::MIN, |a, b| a.max(*b));
            max + row.iter().map(|x| (x - max).exp()).sum::<f64>().ln() - row[target]
        })
        .sum();
    let loss = floats(cross_entropy_sum(tensor, targets, None, 0.0))[0];
    assert!(
        (f64::from(loss) - expected).abs() < 1e-3,
        "{loss} instead of {expected}"
    );
}

/// What `torch.nn.functional.cross_entropy(…, reduction="sum", label_smoothing=0.1)` of PyTorch 2.15
/// gives.
#[test]
fn smoothing_is_that_of_pytorch() {
    let device = Device::default();
    let logits = [
        [1.0, 2.0, -1.0, 0.5],
        [0.0, -3.0, 2.0, 1.0],
        [4.0, 4.0, 0.0, -2.0],
    ];
    let logits = Tensor::<2>::from_floats(logits, &device);
    let targets = Tensor::<1, Int>::from_ints([1, 3, 0], &device);
    let loss = floats(cross_entropy_sum(logits, targets, None, 0.1))[0];
    assert!((loss - 3.098_250_9).abs() < 1e-5, "{loss}");
}

#[test]
fn masked_targets_count_for_nothing_whatever_their_id() {
    let device = Device::default().autodiff();
    let model = CausalLm::new(&shapes::gpt2(), 1, &device).unwrap();
    let tokens = ids(2, 6, 11, &device);
    let mask = Tensor::<2, Bool>::from_bool(
        [
            [true, true, false, true, false, false],
            [false, true, true, false, false, true],
        ],
        &device,
    );
    let good = ids(2, 6, 11, &device);
    let run = |targets| {
        let loss = model.loss(
            tokens.clone(),
            targets,
            Some(mask.clone()),
            &mut Pass::default(),
        );
        (floats(loss.clone()), gradients(&model, &loss.backward()))
    };
    let first = run(good.clone());
    for id in [-100, 999_999, 3] {
        assert_eq!(
            first,
            run(good.clone().mask_fill(mask.clone().bool_not(), id)),
            "id {id}"
        );
    }
    // The sum is over the targets that count, one by one.
    let alone: f32 = [[0, 0], [0, 1], [0, 3], [1, 1], [1, 2], [1, 5]]
        .into_iter()
        .map(|[row, column]| {
            let one = Tensor::<2, Int>::zeros([2, 6], &device);
            let at = [row..row + 1, column..column + 1];
            let one = one
                .slice_assign(at, Tensor::ones([1, 1], &device))
                .equal_elem(1);
            floats(model.loss(
                tokens.clone(),
                good.clone(),
                Some(one),
                &mut Pass::default(),
            ))[0]
        })
        .sum();
    assert!(
        (first.0[0] - alone).abs() < 1e-4 * alone,
        "{} {alone}",
        first.0[0]
    );
}

#[test]
fn all_masked_is_zero_with_zero_gradients() {
    let device = Device::default().autodiff();
    for (name, config) in shapes::all() {
        let model = CausalLm::new(&config, 1, &device).unwrap();
        let tokens = ids(2, 6, config.vocab_size, &device);
        let targets = Tensor::<2, Int>::full([2, 6], -100, &device);
        let none = targets.clone().equal_elem(0);
        let loss = model.loss(tokens, targets, Some(none), &mut Pass::training(1));
        assert_eq!(floats(loss.clone()), [0.0], "{name}");
        let gradients = gradients(&model, &loss.backward());
        assert_eq!(gradients.len(), config.parameter_count(), "{name}");
        assert!(gradients.iter().all(|g| *g == 0.0), "{name}");
    }
}

#[test]
fn a_full_mask_equals_no_mask() {
    let device = Device::default();
    let model = CausalLm::new(&shapes::llama(), 1, &device).unwrap();
    let tokens = ids(2, 6, 11, &device);
    let all = tokens.clone().greater_equal_elem(0);
    let run = |mask| floats(model.loss(tokens.clone(), tokens.clone(), mask, &mut Pass::default()));
    assert_eq!(run(Some(all)), run(None));
}

/// The tied matrix is one parameter, and its gradient is the sum of what the embedding's and the
/// head's matrices would get apart.
#[test]
fn a_tied_weight_gathers_both_gradients() {
    let device = Device::default().autodiff();
    let config = TransformerConfig {
        tied: true,
        ..shapes::llama()
    };
    let tied = CausalLm::new(&config, 3, &device).unwrap();
    assert!(tied.head.output.is_none());
    assert_eq!(tied.num_params(), config.parameter_count());
    let mut apart = tied.clone().fork(&device);
    let matrix = tied.embedding.tokens.weight.val();
    let weight = Param::from_tensor(matrix.transpose().detach());
    apart.head.output = Some(Linear { weight, bias: None });

    let tokens = ids(2, 8, 11, &device);
    let run = |model: &CausalLm| {
        let targets = tokens.clone().flip([1]);
        model
            .loss(tokens.clone(), targets, None, &mut Pass::default())
            .backward()
    };
    let (both, split) = (run(&tied), run(&apart));
    let of =
        |model: &CausalLm, gradients| model.embedding.tokens.weight.val().grad(gradients).unwrap();
    let embedding = of(&apart, &split);
    let head = apart
        .head
        .output
        .as_ref()
        .unwrap()
        .weight
        .val()
        .grad(&split)
        .unwrap();
    let sum = of(&tied, &both);
    assert!(distance(embedding.clone() + head.clone().transpose(), sum.clone()) < 1e-6);
    assert!(
        distance(embedding, sum.clone()) > 0.01,
        "the head's share must not be nothing"
    );
    assert!(
        distance(head.transpose(), sum) > 0.01,
        "the embedding's share must not be nothing"
    );
}

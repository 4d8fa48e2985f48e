//! Classifiers: each text as if it were alone, read at once or in two stretches, and back from a folder.

use crate::{distance, floats, shake, shapes};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_model::{
    Classifier, ClassifierConfig, Fixed, HeadKind, Matrix, ModelKind, Padding, Pass, PoolKind,
    Reading, Trains, TransformerConfig, load_classifier, load_classifier_config, load_trunk,
    model_kind, save_model,
};

const POOLS: [PoolKind; 5] = [
    PoolKind::Last,
    PoolKind::First,
    PoolKind::Mean,
    PoolKind::Max,
    PoolKind::Attention,
];

fn config(transformer: TransformerConfig, pool: PoolKind) -> ClassifierConfig {
    ClassifierConfig {
        transformer,
        pool,
        head: HeadKind::Linear,
        labels: ["ham", "spam", "neither"].map(str::to_owned).into(),
        multi_label: false,
    }
}

fn encoder() -> TransformerConfig {
    TransformerConfig {
        causal: false,
        segments: 2,
        embedding_norm: true,
        ..shapes::gpt2()
    }
}

fn shaken(config: &ClassifierConfig) -> Classifier {
    let mut model = Classifier::new(config, 3, &Device::default()).unwrap();
    shake(&mut model);
    model
}

fn tokens(rows: &[&[i64]], columns: usize) -> Tensor<2, Int> {
    let ids = rows.iter().flat_map(|row| {
        let filler = std::iter::repeat_n(9, columns - row.len());
        row.iter().copied().chain(filler)
    });
    let data = TensorData::new(ids.collect::<Vec<i64>>(), [rows.len(), columns]);
    Tensor::from_data(data, &Device::default())
}

fn logits(model: &Classifier, rows: &[&[i64]], columns: usize) -> Vec<f32> {
    let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
    let padding = Padding::right_to(&lengths, columns);
    let mut pass = Pass {
        padding: Some(&padding).filter(|padding| !padding.is_empty()),
        ..Pass::default()
    };
    floats(model.logits(Reading::Tokens(tokens(rows, columns)), &mut pass))
}

#[test]
fn a_text_is_scored_as_if_it_were_alone_whatever_fills_its_row() {
    let texts: [&[i64]; 3] = [&[1, 2, 3, 4, 5], &[6, 7], &[3, 1, 4, 1]];
    for shape in [shapes::gpt2(), shapes::llama(), encoder()] {
        for pool in POOLS {
            let model = shaken(&config(shape.clone(), pool));
            let alone: Vec<f32> = texts
                .iter()
                .flat_map(|text| logits(&model, &[text], text.len()))
                .collect();
            for columns in [5, 12] {
                let together = logits(&model, &texts, columns);
                for (a, b) in alone.iter().zip(&together) {
                    assert!((a - b).abs() < 1e-5, "{pool:?}, {columns} columns: {a} {b}");
                }
            }
        }
    }
}

#[test]
fn what_stands_still_is_read_once_and_gives_the_same() {
    let rows: [&[i64]; 2] = [&[1, 2, 3, 4, 5], &[6, 7, 8]];
    let padding = Padding::right(&[5, 3]);
    let padded = || Pass {
        padding: Some(&padding),
        ..Pass::default()
    };
    for shape in [shapes::gpt2(), shapes::llama(), encoder()] {
        for pool in POOLS {
            let model = shaken(&config(shape.clone(), pool));
            let whole = model.logits(Reading::Tokens(tokens(&rows, 5)), &mut padded());
            for blocks in 0..=2 {
                let states = model.trunk.states(tokens(&rows, 5), blocks, &mut padded());
                let reading = Reading::States { states, blocks };
                let again = model.logits(reading, &mut padded());
                assert!(
                    distance(whole.clone(), again) < 1e-5,
                    "{pool:?}, {blocks} blocks"
                );
            }
            let hidden = model.trunk.hidden(tokens(&rows, 5), &mut padded());
            let pooled = Reading::Pooled(model.pool(hidden, &padded()));
            let again = model.logits(pooled, &mut Pass::default());
            assert!(distance(whole, again) < 1e-5, "{pool:?}");
        }
    }
}

#[test]
fn a_folder_gives_the_classifier_back_under_the_name_that_fits() {
    let rows: [&[i64]; 1] = [&[1, 2, 3, 4]];
    let of_two_layers = ClassifierConfig {
        head: HeadKind::Mlp(7),
        multi_label: true,
        ..config(shapes::llama(), PoolKind::Last)
    };
    for (config, class) in [
        (
            config(shapes::gpt2(), PoolKind::Last),
            "GPT2ForSequenceClassification",
        ),
        (
            config(shapes::llama(), PoolKind::Last),
            "LlamaForSequenceClassification",
        ),
        (
            config(shapes::llama(), PoolKind::Mean),
            "SlovoForSequenceClassification",
        ),
        (
            config(encoder(), PoolKind::Attention),
            "SlovoForSequenceClassification",
        ),
        (of_two_layers, "SlovoForSequenceClassification"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let model = shaken(&config);
        save_model(folder.path(), &model).unwrap();
        let text = std::fs::read_to_string(folder.path().join("config.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["architectures"][0], class);
        assert_eq!(json["id2label"]["1"], "spam");
        assert_eq!(model_kind(folder.path()).unwrap(), ModelKind::Classifier);
        assert_eq!(load_classifier_config(folder.path()).unwrap(), config);
        let again = load_classifier(folder.path(), &Device::default()).unwrap();
        assert_eq!(
            logits(&model, &rows, 4),
            logits(&again, &rows, 4),
            "{class}"
        );
        let trunk = load_trunk(folder.path(), &Device::default()).unwrap();
        let hidden = |trunk: &slovo_model::Encoder| {
            floats(trunk.hidden(tokens(&rows, 4), &mut Pass::default()))
        };
        assert_eq!(hidden(&trunk), hidden(&model.trunk));
    }
}

#[test]
fn a_decoders_trunk_is_the_decoder_without_its_head() {
    let folder = tempfile::tempdir().unwrap();
    let model = crate::fresh(&shapes::llama(), 4);
    save_model(folder.path(), &model).unwrap();
    let trunk = load_trunk(folder.path(), &Device::default()).unwrap();
    let rows = tokens(&[&[1, 2, 3]], 3);
    let expected = model.hidden(rows.clone(), &mut Pass::default());
    assert!(distance(expected, trunk.hidden(rows, &mut Pass::default())) == 0.0);
}

#[test]
fn settings_of_a_classifier_that_make_no_sense_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    save_model(
        folder.path(),
        &shaken(&config(shapes::llama(), PoolKind::Mean)),
    )
    .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, says) in [
        ("\"2\": \"neither\"", "\"7\": \"neither\"", "id2label"),
        ("\"1\": \"spam\"", "\"1\": \"ham\"", "labels"),
        ("single_label_classification", "regression", "problem_type"),
        ("\"Mean\"", "\"Median\"", "Median"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        std::fs::write(&path, changed).unwrap();
        let error = load_classifier(folder.path(), &Device::default()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[derive(Default)]
struct Learning {
    paths: Vec<String>,
    inside: Vec<String>,
}

impl ModuleVisitor for Learning {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.inside.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.inside.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.val().is_require_grad() {
            self.paths.push(self.inside.join("."));
        }
    }
}

fn learning(trains: &Trains) -> Vec<String> {
    let device = Device::default().autodiff();
    let config = config(shapes::llama(), PoolKind::Attention);
    let model = Classifier::new(&config, 3, &device).unwrap();
    let mut found = Learning::default();
    model.train_only(trains, 1).visit(&mut found);
    found.paths
}

#[test]
fn only_what_is_to_learn_does() {
    assert_eq!(
        learning(&Trains::Head),
        ["attention_pool.query", "score.weight"]
    );
    let last = learning(&Trains::Last(1));
    assert!(last.iter().any(|path| path == "trunk.stack.norm.gamma"));
    let below = ["embedding", "blocks.0"];
    assert!(
        !last
            .iter()
            .any(|path| below.iter().any(|part| path.contains(part))),
        "{last:?}"
    );
    assert!(
        last.iter()
            .any(|path| path.contains("blocks.1.attention.query"))
    );
    let lora = learning(&Trains::Lora {
        rank: 2,
        alpha: 4.0,
        matrices: vec![Matrix::Query, Matrix::Down],
    });
    // Two factors for two matrices of two blocks, pool and head.
    assert_eq!(lora.len(), 2 * 2 * 2 + 2, "{lora:?}");
    let all = learning(&Trains::All { layer_decay: 1.0 });
    assert!(all.iter().any(|path| path.contains("embedding.tokens")));
}

#[test]
fn additions_begin_with_no_effect_and_become_part_of_the_matrices() {
    let device = Device::default().autodiff();
    let config = config(shapes::llama(), PoolKind::Last);
    let rows: [&[i64]; 1] = [&[1, 2, 3, 4]];
    let trains = Trains::Lora {
        rank: 2,
        alpha: 4.0,
        matrices: Matrix::all(),
    };
    let plain = Classifier::new(&config, 3, &device).unwrap();
    let adapted = plain.clone().train_only(&trains, 1);
    let before = logits(&plain.valid(), &rows, 4);
    assert_eq!(before, logits(&adapted.valid(), &rows, 4));
    // A step's worth of learning, without a learner.
    let mut moved = adapted.valid();
    shake(&mut moved);
    let with = logits(&moved, &rows, 4);
    assert_ne!(before, with);
    let merged = moved.materialize();
    let without = logits(&merged, &rows, 4);
    for (a, b) in with.iter().zip(&without) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    let folder = tempfile::tempdir().unwrap();
    save_model(folder.path(), &merged).unwrap();
    let again = load_classifier(folder.path(), &Device::default()).unwrap();
    assert_eq!(without, logits(&again, &rows, 4));
}

#[test]
fn how_much_stands_still_follows_from_what_learns() {
    let fixed = |pool, trains: &Trains| shaken(&config(shapes::llama(), pool)).fixed(trains);
    assert_eq!(fixed(PoolKind::Mean, &Trains::Head), Fixed::Pooled);
    let all_blocks = Fixed::States { blocks: 2 };
    assert_eq!(fixed(PoolKind::Attention, &Trains::Head), all_blocks);
    let one = Fixed::States { blocks: 1 };
    assert_eq!(fixed(PoolKind::Mean, &Trains::Last(1)), one);
    let none = Fixed::States { blocks: 0 };
    assert_eq!(fixed(PoolKind::Mean, &Trains::Last(9)), none);
    let all = Trains::All { layer_decay: 0.9 };
    assert_eq!(fixed(PoolKind::Mean, &all), Fixed::Nothing);
}

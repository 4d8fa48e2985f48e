//! Low-rank additions: apart from the decoder, in it, out of it, on disk.

use crate::{distance, fresh, ids, shake, shapes};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};
use slovo_model::{Adapter, CausalLm, Matrix, Pass, TransformerConfig};

/// Lets every factor have an effect.
struct Stir;

impl ModuleMapper for Stir {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match param.is_require_grad() {
            true => param.map(|value| value + 0.3),
            false => param,
        }
    }
}

fn base(config: &TransformerConfig) -> CausalLm {
    let mut model = fresh(config, 5);
    shake(&mut model);
    model
}

/// A decoder with additions that have learnt something.
fn learnt(config: &TransformerConfig) -> CausalLm {
    let mut model = CausalLm::new(config, 5, &Device::default().autodiff()).unwrap();
    shake(&mut model);
    let model = model.with_lora(2, 4.0, &[Matrix::Query, Matrix::Value, Matrix::Down], 3);
    model.map(&mut Stir).valid()
}

fn logits(model: &CausalLm) -> Tensor<3> {
    model.forward(ids(1, 4, 11, &Device::default()), &mut Pass::default())
}

#[test]
fn what_is_merged_computes_what_was_trained() {
    for config in [shapes::gpt2(), shapes::llama()] {
        let trained = learnt(&config);
        let adapter = Adapter::of(&trained, 2, 4.0).unwrap();
        assert_eq!(adapter.matrices(), 3 * config.n_layers);
        let merged = adapter.merge(base(&config));
        assert!(distance(logits(&merged), logits(&trained)) < 1e-5);
        assert!(distance(logits(&merged), logits(&base(&config))) > 1e-3);
        let again = adapter.unmerge(merged);
        assert!(distance(logits(&again), logits(&base(&config))) < 1e-5);
        assert!(Adapter::of(&base(&config), 2, 4.0).is_none());
    }
}

#[test]
fn a_folder_gives_the_adapter_back() {
    let device = Device::default();
    for config in [shapes::gpt2(), shapes::llama()] {
        let folder = tempfile::tempdir().unwrap();
        let adapter = Adapter::of(&learnt(&config), 2, 4.0).unwrap();
        adapter.save(folder.path(), &config).unwrap();
        let again = Adapter::load(folder.path(), &config, &device).unwrap();
        assert_eq!((again.rank, again.alpha), (2, 4.0));
        let [one, other] = [adapter, again].map(|adapter| logits(&adapter.merge(base(&config))));
        assert_eq!(distance(one, other), 0.0);
    }
}

#[test]
fn an_adapter_that_does_not_fit_is_named() {
    let (device, config) = (Device::default(), shapes::llama());
    let folder = tempfile::tempdir().unwrap();
    let adapter = Adapter::of(&learnt(&config), 2, 4.0).unwrap();
    adapter.save(folder.path(), &config).unwrap();
    let refusal = |config: &TransformerConfig| {
        let error = Adapter::load(folder.path(), config, &device).unwrap_err();
        error.to_string()
    };
    let fewer = TransformerConfig {
        n_layers: config.n_layers - 1,
        ..config.clone()
    };
    assert!(refusal(&fewer).contains("layers."), "{}", refusal(&fewer));
    let wider = TransformerConfig {
        d_ff: Some(77),
        ..config.clone()
    };
    assert!(refusal(&wider).contains("down_proj"), "{}", refusal(&wider));
    let path = folder.path().join("adapter_config.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen('{', "{\"use_dora\": true,", 1)).unwrap();
    assert!(
        refusal(&config).contains("use_dora"),
        "{}",
        refusal(&config)
    );
}

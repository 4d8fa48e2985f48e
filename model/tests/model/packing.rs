//! Several texts in one row are computed as if each were alone in its own.

use crate::{distance, floats, fresh, shake, shapes};
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use slovo_model::{Packing, Pass};

/// Three texts, of which two share a row that has a column left.
const TEXTS: [&[i64]; 3] = [&[3, 1, 4, 1], &[5, 9], &[2, 6, 5, 3, 10, 8]];

fn tensor(rows: &[&[i64]]) -> Tensor<2, Int> {
    let data = TensorData::new(rows.concat(), [rows.len(), rows[0].len()]);
    Tensor::from_data(data, &Device::default())
}

#[test]
fn a_packed_text_has_the_logits_of_the_text_alone() {
    let packing = Packing::new(&[vec![4, 2], vec![6]], 7);
    for (name, config) in shapes::all() {
        if !config.causal {
            continue;
        }
        let mut model = fresh(&config, 9);
        shake(&mut model);
        let first = [TEXTS[0], TEXTS[1], &[7]].concat();
        let second = [TEXTS[2], &[7]].concat();
        let mut pass = Pass {
            packing: Some(&packing),
            ..Pass::default()
        };
        let together = model.forward(tensor(&[&first, &second]), &mut pass);
        for (text, (row, column)) in TEXTS.iter().zip([(0, 0), (0, 4), (1, 0)]) {
            let alone = model.forward(tensor(&[text]), &mut Pass::default());
            let ours = together.clone().narrow(0, row, 1);
            let error = distance(ours.narrow(1, column, text.len()), alone);
            assert!(error < 1e-5, "{name}, {text:?}: {error}");
        }
    }
}

#[test]
fn packed_and_unpacked_losses_agree() {
    let mut model = fresh(&shapes::llama(), 4);
    shake(&mut model);
    let loss = |rows: &[&[i64]], mask: Option<Vec<bool>>, packing: Option<&Packing>| {
        let targets: Vec<Vec<i64>> = rows
            .iter()
            .map(|row| row.iter().map(|id| (id * 7 + 3) % 11).collect())
            .collect();
        let targets: Vec<&[i64]> = targets.iter().map(Vec::as_slice).collect();
        let shape = [rows.len(), rows[0].len()];
        let mask = mask.map(|mask| {
            Tensor::<2, Bool>::from_data(TensorData::new(mask, shape), &Device::default())
        });
        let mut pass = Pass {
            packing,
            ..Pass::default()
        };
        floats(model.loss(tensor(rows), tensor(&targets), mask, &mut pass))[0]
    };
    let apart: f32 = TEXTS.iter().map(|text| loss(&[text], None, None)).sum();
    let first = [TEXTS[0], TEXTS[1], &[7]].concat();
    let second = [TEXTS[2], &[7]].concat();
    let rows: [&[i64]; 2] = [&first, &second];
    let mask: Vec<bool> = (0..14).map(|place| place % 7 < 6).collect();
    let packing = Packing::new(&[vec![4, 2], vec![6]], 7);
    let together = loss(&rows, Some(mask.clone()), Some(&packing));
    assert!((apart - together).abs() < 1e-4, "{apart} {together}");
    // Without it the texts see each other.
    assert!((loss(&rows, Some(mask), None) - apart).abs() > 1e-3);
}

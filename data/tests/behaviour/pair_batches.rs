//! Batches of pairs: the right tokens in the right places, within the budget, each pair once.

use std::sync::Arc;

use slovo_data::{EvalPairs, PairBatch, PairBatches, Pairs};

use crate::pairs::{Place, lines};

fn pairs(count: usize) -> Arc<Pairs> {
    let place = Place::new();
    place.file("a.tsv", lines(count));
    let recipe = place.recipe(
        "",
        "Bpe(vocab_size: 300, specials: Pairs)",
        "Count(validation: 150)",
    );
    // The maps outlive the folder.
    place.prepare(&recipe, "out").unwrap().train
}

/// The rows of a batch as pairs, after a check of everything that fills them.
fn rows(batch: &PairBatch, pairs: &Pairs) -> Vec<(Vec<u32>, Vec<u32>)> {
    let (pad, end) = (pairs.specials().pad, pairs.specials().end);
    let longest = |lengths: &[usize]| *lengths.iter().max().unwrap();
    assert_eq!(batch.source_cols, longest(&batch.source_lengths));
    assert_eq!(batch.target_cols, longest(&batch.target_lengths));
    assert_eq!(batch.sources.len(), batch.rows * batch.source_cols);
    assert_eq!(batch.targets.len(), batch.rows * batch.target_cols);
    assert_eq!(batch.inputs.len(), batch.targets.len());
    assert_eq!(batch.valid(), batch.target_lengths.iter().sum::<usize>());
    let row = |row: usize| {
        let source = &batch.sources[row * batch.source_cols..][..batch.source_cols];
        let (source, filler) = source.split_at(batch.source_lengths[row]);
        assert!(filler.iter().all(|&id| id == pad));
        assert_eq!(source.last(), Some(&end));
        let range = row * batch.target_cols..(row + 1) * batch.target_cols;
        let (inputs, targets) = (&batch.inputs[range.clone()], &batch.targets[range]);
        let (target, filler) = targets.split_at(batch.target_lengths[row]);
        assert!(filler.iter().all(|&id| id == pad));
        assert_eq!(target.last(), Some(&end));
        // The decoder reads the target one place later, and never its end.
        let (read, filler) = inputs.split_at(target.len());
        assert!(filler.iter().all(|&id| id == pad));
        assert_eq!(read[0], pad);
        assert_eq!(read[1..], target[..target.len() - 1]);
        (source.to_vec(), target.to_vec())
    };
    (0..batch.rows).map(row).collect()
}

fn all(pairs: &Pairs) -> Vec<(Vec<u32>, Vec<u32>)> {
    (0..pairs.len()).map(|i| pairs.read(i).unwrap()).collect()
}

#[test]
fn an_epoch_has_every_pair_once_and_no_batch_breaks_the_budget() {
    let pairs = pairs(2_000);
    let mut expected = all(&pairs);
    expected.sort();
    for max_tokens in [90, 500, 4_000] {
        let batches = PairBatches::new(Arc::clone(&pairs), max_tokens, 7).unwrap();
        assert_eq!(batches.pairs_per_epoch(), pairs.len());
        assert_eq!(batches.tokens_per_epoch(), pairs.tokens());
        let per_epoch = batches.batches_per_epoch();
        let mut orders = Vec::new();
        for epoch in [0, 1, 50] {
            let mut found = Vec::new();
            for i in 0..per_epoch {
                let batch = batches.batch(epoch * per_epoch + i).unwrap();
                assert!(batch.rows * batch.source_cols <= max_tokens);
                assert!(batch.rows * batch.target_cols <= max_tokens);
                found.extend(rows(&batch, &pairs));
            }
            orders.push(found.clone());
            found.sort();
            assert!(found == expected, "{max_tokens} {epoch}");
        }
        assert!(orders[0] != orders[1] && orders[1] != orders[2]);
    }
}

#[test]
fn a_batch_is_a_function_of_seed_and_number() {
    let pairs = pairs(600);
    let new = |seed| PairBatches::new(Arc::clone(&pairs), 400, seed).unwrap();
    let batches = new(3);
    let numbers = 0..3 * batches.batches_per_epoch();
    let forward: Vec<_> = numbers.clone().map(|i| batches.batch(i).unwrap()).collect();
    let again = new(3);
    for i in numbers.clone().rev() {
        assert_eq!(again.batch(i).unwrap(), forward[i as usize]);
    }
    let other = new(4);
    assert!(
        numbers
            .into_iter()
            .any(|i| other.batch(i).unwrap() != forward[i as usize])
    );
    assert!(batches.batch(u64::MAX).is_ok());
}

#[test]
fn evaluation_takes_all_pairs_in_order() {
    let pairs = pairs(700);
    let expected = all(&pairs);
    for max_tokens in [90, 1_000, usize::MAX] {
        let batches = EvalPairs::new(Arc::clone(&pairs), max_tokens).unwrap();
        let mut found = Vec::new();
        for n in 0..batches.len() {
            let batch = batches.batch(n).unwrap();
            assert!(batch.rows.saturating_mul(batch.source_cols) <= max_tokens);
            assert!(batch.rows.saturating_mul(batch.target_cols) <= max_tokens);
            let range = batches.range(n);
            assert_eq!(range.clone().count(), batch.rows);
            assert_eq!(range.start, found.len() as u64);
            // The next pair would not have fitted.
            if let Some((source, target)) = expected.get(range.end as usize) {
                let longest = batch.source_cols.max(batch.target_cols);
                let longest = longest.max(source.len()).max(target.len());
                assert!((batch.rows + 1).saturating_mul(longest) > max_tokens);
            }
            found.extend(rows(&batch, &pairs));
        }
        assert!(found == expected, "{max_tokens}");
        assert_eq!(batches.batch(batches.len()).unwrap().rows, 0);
    }
}

#[test]
fn a_pair_that_no_batch_can_hold_is_told() {
    let pairs = pairs(300);
    let all = all(&pairs);
    let length = |pair: &(Vec<u32>, Vec<u32>)| pair.0.len().max(pair.1.len());
    let longest = all.iter().map(length).max().unwrap();
    assert!(PairBatches::new(Arc::clone(&pairs), longest, 1).is_ok());
    assert!(EvalPairs::new(Arc::clone(&pairs), longest).is_ok());
    let training = PairBatches::new(Arc::clone(&pairs), longest - 1, 1);
    let evaluation = EvalPairs::new(Arc::clone(&pairs), longest - 1);
    for error in [training.unwrap_err(), evaluation.unwrap_err()] {
        let text = error.to_string();
        assert!(
            text.contains(&format!("max_tokens of at least {longest}")),
            "{text}"
        );
        assert!(error.is_usage());
    }
}

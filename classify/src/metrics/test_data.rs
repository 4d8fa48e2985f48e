//! Numbers from formulas that Python repeats exactly: what scikit-learn and SciPy say about them
//! stands in the tests.

/// 500 items: whether positive, and a score from 0 to 1 with many ties.
pub(crate) fn binary() -> (Vec<bool>, Vec<f64>) {
    (0..500_u64)
        .map(|i| {
            let positive = (i * i * 31 + i * 17 + 7) % 101 < 30;
            let score = (i * 37 + 11) % 97 + 30 * u64::from(positive);
            (positive, score as f64 / 130.0)
        })
        .unzip()
}

/// 300 items of 4 classes: right classes and logits.
pub(crate) fn several() -> (Vec<usize>, Vec<f64>) {
    let truth: Vec<usize> = (0..300).map(|i| (i * i * 7 + i * 3 + 1) % 13 % 4).collect();
    let logits = truth.iter().enumerate().flat_map(|(i, &class)| {
        (0..4).map(move |k| {
            let noise = ((i * 31 + k * 57 + i * k * 13) % 41) as f64 / 10.0 - 2.0;
            noise + if k == class { 1.5 } else { 0.0 }
        })
    });
    let logits = logits.collect();
    (truth, logits)
}

/// 300 items of 3 labels: which are right, and logits.
pub(crate) fn labels() -> (Vec<bool>, Vec<f64>) {
    (0..300_usize)
        .flat_map(|i| (0..3).map(move |k| (i, k)))
        .map(|(i, k)| {
            let right = (i * (k + 3) * 11 + i * i + k) % 7 < 2;
            let noise = ((i * 29 + k * 17 + i * k * 5) % 37) as f64 / 9.0 - 2.0;
            (right, noise + 1.3 * f64::from(u8::from(right)))
        })
        .unzip()
}

/// Softmax of each row.
pub(crate) fn softmax(logits: &[f64], n_classes: usize) -> Vec<f64> {
    logits
        .chunks(n_classes)
        .flat_map(|row| {
            let sum: f64 = row.iter().map(|z| z.exp()).sum();
            row.iter().map(move |z| z.exp() / sum)
        })
        .collect()
}

/// Sigmoid of each number.
pub(crate) fn sigmoid(logits: &[f64]) -> Vec<f64> {
    logits.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect()
}

/// Whether two numbers agree to 10 digits.
pub(crate) fn near(found: impl Into<Option<f64>>, expected: f64) -> bool {
    let found: Option<f64> = found.into();
    found.is_some_and(|found| (found - expected).abs() <= 1e-10 * expected.abs().max(1.0))
}

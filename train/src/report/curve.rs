//! Curves of any length → curves that a page can hold, without losing their spikes.

/// A curve: (x, y) by rising x; a y that is not finite is a gap.
pub type Points = Vec<(f64, f64)>;

/// Of each of `columns` equal parts of the x range, the lowest and the highest point, in order; a
/// part in which nothing is finite stays a gap. Short curves are returned as they are.
pub fn envelope(points: &[(f64, f64)], columns: usize) -> Points {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Points::new();
    };
    if points.len() <= 2 * columns {
        return points.to_vec();
    }
    let width = (last.0 - first.0) / columns as f64;
    let column = |x: f64| (((x - first.0) / width) as usize).min(columns - 1);
    let mut thin = Points::new();
    for part in points.chunk_by(|a, b| column(a.0) == column(b.0)) {
        let mut finite = part.iter().filter(|(_, y)| y.is_finite());
        let Some(any) = finite.next() else {
            thin.push((part[0].0, f64::NAN));
            continue;
        };
        let (mut low, mut high) = (any, any);
        for point in finite {
            if point.1 < low.1 {
                low = point;
            }
            if point.1 > high.1 {
                high = point;
            }
        }
        match low.0.total_cmp(&high.0) {
            std::cmp::Ordering::Less => thin.extend([*low, *high]),
            std::cmp::Ordering::Greater => thin.extend([*high, *low]),
            std::cmp::Ordering::Equal => thin.push(*low),
        }
    }
    thin
}

/// At most one of `values` for each of `columns` equal parts of their range; they rise.
pub fn sparse(values: &[f64], columns: usize) -> Vec<f64> {
    let points: Vec<_> = values.iter().map(|x| (*x, 0.0)).collect();
    let mut thin: Vec<_> = envelope(&points, columns)
        .into_iter()
        .map(|(x, _)| x)
        .collect();
    thin.dedup();
    thin
}

/// The mean of each point with its neighbours, `radius` of them on each side. Near the start, where
/// curves fall steeply, both sides have as many as there are before the point: a mean that leans to
/// one side would shift the curve. Near the end the later side has what is left. Gaps stay gaps and
/// have no part in any mean.
pub fn smooth(points: &[(f64, f64)], radius: usize) -> Points {
    let mut sums = vec![(0.0, 0usize)];
    let (mut sum, mut count) = (0.0, 0);
    for (_, y) in points {
        if y.is_finite() {
            sum += y;
            count += 1;
        }
        sums.push((sum, count));
    }
    points
        .iter()
        .enumerate()
        .map(|(index, (x, y))| {
            let radius = radius.min(index);
            let end = (index + radius + 1).min(points.len());
            let (from, to) = (sums[index - radius], sums[end]);
            let mean = match y.is_finite() {
                true => (to.0 - from.0) / (to.1 - from.1) as f64,
                false => f64::NAN,
            };
            (*x, mean)
        })
        .collect()
}

/// How many neighbours on each side make a curve of `len` points readable: a hundredth of it.
pub fn radius(len: usize) -> usize {
    len / 100
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(len: usize, y: impl Fn(usize) -> f64) -> Points {
        (0..len).map(|i| (i as f64, y(i))).collect()
    }

    #[test]
    fn a_spike_of_one_step_in_a_hundred_thousand_survives() {
        let points = line(100_000, |i| match i {
            77_777 => 1e6,
            11_111 => -5.0,
            i => (i as f64).sin(),
        });
        let thin = envelope(&points, 400);
        assert!(thin.len() <= 800, "{}", thin.len());
        assert!(thin.contains(&(77_777.0, 1e6)) && thin.contains(&(11_111.0, -5.0)));
        assert!(thin.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn gaps_stay_gaps() {
        let points = line(10_000, |i| match i {
            4_000..5_000 => f64::NAN,
            _ => 1.0,
        });
        let thin = envelope(&points, 100);
        let gaps = thin.iter().filter(|(_, y)| y.is_nan());
        assert!(gaps.clone().count() >= 9, "{}", gaps.count());
        assert!(envelope(&line(1000, |_| f64::NAN), 10).len() == 10);
        assert!(envelope(&[], 10).is_empty());
    }

    #[test]
    fn short_curves_stay_as_they_are() {
        let points = line(20, |i| i as f64);
        assert_eq!(envelope(&points, 10), points);
    }

    #[test]
    fn a_mean_shifts_no_straight_line_but_at_its_end_and_skips_gaps() {
        let points = line(50, |i| 2.0 * i as f64);
        let smoothed = smooth(&points, 7);
        for ((_, y), (_, mean)) in points.iter().zip(&smoothed).take(43) {
            assert!((y - mean).abs() < 1e-9);
        }
        assert!((smoothed[49].1 - 2.0 * 45.5).abs() < 1e-9);
        let found = smooth(
            &[
                (0.0, 1.0),
                (1.0, 3.0),
                (2.0, f64::NAN),
                (3.0, 5.0),
                (4.0, 5.0),
            ],
            1,
        );
        let means: Vec<_> = found.iter().map(|(_, y)| *y).collect();
        assert_eq!(means[..2], [1.0, 2.0]);
        assert!(means[2].is_nan());
        assert_eq!(means[3..], [5.0, 5.0]);
        assert!(smooth(&[], 3).is_empty());
    }

    #[test]
    fn marks_are_thinned_to_the_columns() {
        let marks: Vec<_> = (0..5_000).map(f64::from).collect();
        assert!(sparse(&marks, 100).len() <= 100);
        assert_eq!(sparse(&[3.0], 100), [3.0]);
    }
}

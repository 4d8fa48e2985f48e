//! Curves with few enough points to draw.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Points that a drawn curve needs at most.
pub const CURVE_POINTS: usize = 300;

/// At most `most` (at least 2) points of a line, those that matter most for its shape: always the
/// ends, then again and again the point farthest from what is drawn so far (Douglas and Peucker
/// 1973, <https://doi.org/10.3138/FM57-6770-U75U-7727>). Corners are farthest, so they stay; points
/// on a straight line go.
pub fn thin(points: &[[f64; 2]], most: usize) -> Vec<[f64; 2]> {
    if points.len() <= 2 {
        return points.to_vec();
    }
    let mut kept = vec![false; points.len()];
    let last = points.len() - 1;
    (kept[0], kept[last]) = (true, true);
    let mut pieces = BinaryHeap::from_iter(Piece::of(points, 0, last));
    for _ in 2..most {
        let Some(piece) = pieces.pop() else { break };
        kept[piece.farthest] = true;
        pieces.extend(Piece::of(points, piece.from, piece.farthest));
        pieces.extend(Piece::of(points, piece.farthest, piece.to));
    }
    let kept = points.iter().zip(kept).filter(|(_, kept)| *kept);
    kept.map(|(point, _)| *point).collect()
}

/// A stretch drawn straight, and the point that this leaves out worst.
struct Piece {
    distance: f64,
    from: usize,
    to: usize,
    farthest: usize,
}

impl Piece {
    /// `None` where nothing is left out that could be seen.
    fn of(points: &[[f64; 2]], from: usize, to: usize) -> Option<Self> {
        let mut worst = Self {
            distance: 1e-9,
            from,
            to,
            farthest: from,
        };
        for (farthest, point) in points.iter().enumerate().take(to).skip(from + 1) {
            let distance = distance(*point, points[from], points[to]);
            if distance > worst.distance {
                (worst.distance, worst.farthest) = (distance, farthest);
            }
        }
        (worst.farthest != from).then_some(worst)
    }
}

/// From a point to the straight line between two others, not beyond its ends.
fn distance(point: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let away = [point[0] - from[0], point[1] - from[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    let share = match length > 0.0 {
        true => ((away[0] * along[0] + away[1] * along[1]) / length).clamp(0.0, 1.0),
        false => 0.0,
    };
    (away[0] - share * along[0]).hypot(away[1] - share * along[1])
}

impl Ord for Piece {
    fn cmp(&self, other: &Self) -> Ordering {
        // Of equals the earlier, so that the same curve is always thinned to the same points.
        let distance = self.distance.total_cmp(&other.distance);
        distance.then_with(|| other.from.cmp(&self.from))
    }
}

impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Piece {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_stay_and_straight_lines_go() {
        let up = (0..=1_000).map(|y| [0.0, f64::from(y) / 1_250.0]);
        let right = (1..=1_000).map(|x| [f64::from(x) / 1_000.0, 0.8]);
        let top = (801..=1_000).map(|y| [1.0, f64::from(y) / 1_000.0]);
        let points: Vec<[f64; 2]> = up.chain(right).chain(top).collect();
        let corners = [[0.0, 0.0], [0.0, 0.8], [1.0, 0.8], [1.0, 1.0]];
        assert_eq!(thin(&points, CURVE_POINTS), corners);
        assert_eq!(thin(&points, 2), [corners[0], corners[3]]);
    }

    #[test]
    fn a_long_curve_stays_within_a_pixel() {
        let points: Vec<[f64; 2]> = (0..=100_000)
            .map(|x| f64::from(x) / 100_000.0)
            .map(|x| [x, x.powf(0.2)])
            .collect();
        let thinned = thin(&points, CURVE_POINTS);
        assert!(thinned.len() <= CURVE_POINTS);
        for point in points.iter().step_by(97) {
            let pieces = thinned.windows(2);
            let gap = pieces.map(|ends| distance(*point, ends[0], ends[1]));
            assert!(gap.fold(f64::MAX, f64::min) < 1e-4);
        }
    }

    #[test]
    fn short_curves_are_left_alone() {
        assert!(thin(&[], 300).is_empty());
        assert_eq!(thin(&[[0.0, 1.0]], 300), [[0.0, 1.0]]);
        assert_eq!(thin(&[[0.5, 0.5]; 9], 300), [[0.5, 0.5]; 2]);
    }
}

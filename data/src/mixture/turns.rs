//! Whose turn it is: window *n* of a mixture, as a function of *n*.

use std::sync::Mutex;

/// Windows between two states that are remembered.
const STRIDE: u64 = 1 << 16;

/// Which source gives window *n*, and which of its windows that is.
#[derive(Debug)]
pub struct Turns {
    shares: Vec<f64>,
    /// Windows that each source may give in all.
    limits: Vec<u64>,
    /// The state before every [`STRIDE`]th window, and that after the last window asked for.
    states: Mutex<(Vec<State>, State)>,
}

/// How far each source has been read.
#[derive(Clone, Debug)]
struct State {
    /// The next window.
    at: u64,
    /// Windows that each source has given.
    given: Vec<u64>,
    /// The window from which on the sources that are left share, and what each had given before it.
    since: u64,
    base: Vec<u64>,
}

/// A window of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The source, by its number.
    pub source: usize,
    /// How many windows it has given before.
    pub window: u64,
}

impl Turns {
    /// Turns of sources with these shares, of which each may give so many windows; `u64::MAX` is no limit.
    pub fn new(shares: Vec<f64>, limits: Vec<u64>) -> Self {
        let start = State {
            at: 0,
            given: vec![0; shares.len()],
            since: 0,
            base: vec![0; shares.len()],
        };
        Self {
            shares,
            limits,
            states: Mutex::new((vec![start.clone()], start)),
        }
    }

    /// The share of each source; together one.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Windows of all sources together.
    pub fn len(&self) -> u64 {
        self.limits
            .iter()
            .fold(0, |sum, &limit| sum.saturating_add(limit))
    }

    /// Whether no source may give a window.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Window `n`; `None` where all sources are spent before it.
    pub fn turn(&self, n: u64) -> Option<Turn> {
        if n >= self.len() {
            return None;
        }
        let mut states = self
            .states
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let (marks, last) = &mut *states;
        if n < last.at || n - last.at > STRIDE {
            let mark = ((n / STRIDE) as usize).min(marks.len() - 1);
            if n < last.at || marks[mark].at > last.at {
                *last = marks[mark].clone();
            }
        }
        loop {
            if last.at == marks.len() as u64 * STRIDE {
                marks.push(last.clone());
            }
            let at = last.at;
            let source = self.advance(last)?;
            if at == n {
                return Some(Turn {
                    source,
                    window: last.given[source] - 1,
                });
            }
        }
    }

    /// Gives the next window to the source that is furthest below its share.
    fn advance(&self, state: &mut State) -> Option<usize> {
        let open = |i: usize, state: &State| state.given[i] < self.limits[i];
        let sources = 0..self.shares.len();
        let sum: f64 = sources
            .clone()
            .filter(|&i| open(i, state))
            .map(|i| self.shares[i])
            .sum();
        let turn = (state.at - state.since + 1) as f64;
        let mut best: Option<(usize, f64)> = None;
        for i in sources.filter(|&i| open(i, state)) {
            let deficit = turn * self.shares[i] / sum - (state.given[i] - state.base[i]) as f64;
            if best.is_none_or(|(_, most)| deficit > most) {
                best = Some((i, deficit));
            }
        }
        let (source, _) = best?;
        state.given[source] += 1;
        state.at += 1;
        if !open(source, state) {
            // From here on the others share anew.
            state.since = state.at;
            state.base.clone_from(&state.given);
        }
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// GPT-3's weights, normalised.
    fn shares() -> Vec<f64> {
        [60.0, 22.0, 8.0, 8.0, 3.0]
            .map(|weight| weight / 101.0)
            .to_vec()
    }

    #[test]
    fn no_source_is_ever_two_windows_from_its_share() {
        let shares = shares();
        let turns = Turns::new(shares.clone(), vec![u64::MAX; 5]);
        let mut given = [0.0; 5];
        let mut worst: f64 = 0.0;
        for n in 0..200_000 {
            let turn = turns.turn(n).unwrap();
            assert_eq!(turn.window, given[turn.source] as u64);
            given[turn.source] += 1.0;
            for (share, given) in shares.iter().zip(given) {
                worst = worst.max((share * (n + 1) as f64 - given).abs());
            }
        }
        assert!(worst < 1.2, "{worst}");
    }

    #[test]
    fn a_window_depends_on_its_number_alone() {
        let asked = [5, 70_000, 3, 0, 200_000, 131_072, 131_071, 65_536, 199_999];
        let turns = Turns::new(shares(), vec![u64::MAX, 900, 4_000, u64::MAX, u64::MAX]);
        let again = Turns::new(shares(), vec![u64::MAX, 900, 4_000, u64::MAX, u64::MAX]);
        let all: Vec<Turn> = (0..=200_000).map(|n| again.turn(n).unwrap()).collect();
        for n in asked {
            assert_eq!(turns.turn(n), Some(all[n as usize]), "{n}");
        }
    }

    #[test]
    fn a_spent_source_leaves_its_share_to_the_others() {
        let turns = Turns::new(vec![0.5, 0.25, 0.25], vec![100, u64::MAX, u64::MAX]);
        let mut given = [0_u64; 3];
        for n in 0..1_000 {
            given[turns.turn(n).unwrap().source] += 1;
            if n >= 200 {
                // 100 windows each of the first 200, then half of what follows.
                let each = 50.0 + (n + 1 - 200) as f64 / 2.0;
                assert!((given[1] as f64 - each).abs() < 2.0, "{n}: {given:?}");
            }
        }
        assert_eq!(given, [100, 450, 450]);
        let spent = Turns::new(vec![0.5, 0.5], vec![3, 4]);
        assert!(spent.turn(6).is_some());
        assert_eq!(spent.turn(7), None);
    }
}

//! Which texts may be similar: those whose signatures agree in a whole band.

use super::minhash::{PLACES, Signature, mix};

/// How a signature is cut: texts of similarity `s` agree in a band of `rows` places with
/// probability `s^rows`, and in none of them with `(1 − s^rows)^bands`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) bands: usize,
    pub(super) rows: usize,
}

/// The most that a pair at the threshold may be missed with.
const MISS: f64 = 2e-4;

impl Cut {
    /// The longest bands, which give the fewest candidates, that miss few enough.
    pub(super) fn at(threshold: f64) -> Self {
        let cuts = (1..=16).rev().map(|rows| Self {
            bands: PLACES / rows,
            rows,
        });
        let single = Self {
            bands: PLACES,
            rows: 1,
        };
        let mut fitting = cuts.filter(|cut| cut.miss(threshold) <= MISS);
        fitting.next().unwrap_or(single)
    }

    /// The probability that a pair of this similarity is missed.
    pub(super) fn miss(self, similarity: f64) -> f64 {
        (1.0 - similarity.powi(self.rows as i32)).powi(self.bands as i32)
    }

    fn key(self, signature: &Signature, band: usize) -> u64 {
        let places = &signature[band * self.rows..][..self.rows];
        places
            .iter()
            .fold(band as u64, |key, &place| mix(key ^ u64::from(place)))
    }
}

/// The texts of one side by their bands.
pub(super) struct Bands {
    cut: Cut,
    /// For each band its keys in order, with the text that has it.
    tables: Vec<Vec<(u64, u32)>>,
}

impl Bands {
    /// Takes texts by their numbers in `signatures`.
    pub(super) fn new(cut: Cut, texts: &[u32], signatures: &[Signature]) -> Self {
        let table = |band: usize| {
            let keys = texts.iter();
            let keys = keys.map(|&text| (cut.key(&signatures[text as usize], band), text));
            let mut table: Vec<(u64, u32)> = keys.collect();
            table.sort_unstable();
            table
        };
        Self {
            cut,
            tables: (0..cut.bands).map(table).collect(),
        }
    }

    /// Texts that share a band with `signature`, band after band; one that shares several comes as
    /// often.
    pub(super) fn candidates(&self, signature: &Signature) -> impl Iterator<Item = u32> {
        let tables = self.tables.iter().enumerate();
        tables.flat_map(|(band, table)| {
            let key = self.cut.key(signature, band);
            let begin = table.partition_point(|&(other, _)| other < key);
            let same = table[begin..]
                .iter()
                .take_while(move |&&(other, _)| other == key);
            same.map(|&(_, text)| text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_misses_as_few_as_promised() {
        let default = Cut::at(0.8);
        assert_eq!((default.bands, default.rows), (25, 5));
        assert!(default.miss(0.8) < 5e-5, "{}", default.miss(0.8));
        for threshold in [0.5, 0.55, 0.6, 0.7, 0.75, 0.85, 0.9, 0.95, 1.0] {
            let cut = Cut::at(threshold);
            assert!(
                cut.miss(threshold) <= MISS && cut.bands * cut.rows <= PLACES,
                "{cut:?}"
            );
        }
    }
}

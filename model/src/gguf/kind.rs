//! The types of tensors that ggml has, and how many bytes a block of each takes.

/// How the values of a tensor are stored: ggml's `ggml_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, non_camel_case_types)] // ggml's own names, explained nowhere better.
pub enum TensorKind {
    F32,
    F16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q8_1,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    Q8_K,
    IQ2_XXS,
    IQ2_XS,
    IQ3_XXS,
    IQ1_S,
    IQ4_NL,
    IQ3_S,
    IQ2_S,
    IQ4_XS,
    I8,
    I16,
    I32,
    I64,
    F64,
    IQ1_M,
    BF16,
    TQ1_0,
    TQ2_0,
    MXFP4,
}

/// Number in files, type, name, values of a block, bytes of a block (ggml's `type_traits`).
const KINDS: [(u32, TensorKind, &str, usize, usize); 32] = {
    use TensorKind::*;
    [
        (0, F32, "F32", 1, 4),
        (1, F16, "F16", 1, 2),
        (2, Q4_0, "Q4_0", 32, 18),
        (3, Q4_1, "Q4_1", 32, 20),
        (6, Q5_0, "Q5_0", 32, 22),
        (7, Q5_1, "Q5_1", 32, 24),
        (8, Q8_0, "Q8_0", 32, 34),
        (9, Q8_1, "Q8_1", 32, 36),
        (10, Q2_K, "Q2_K", 256, 84),
        (11, Q3_K, "Q3_K", 256, 110),
        (12, Q4_K, "Q4_K", 256, 144),
        (13, Q5_K, "Q5_K", 256, 176),
        (14, Q6_K, "Q6_K", 256, 210),
        (15, Q8_K, "Q8_K", 256, 292),
        (16, IQ2_XXS, "IQ2_XXS", 256, 66),
        (17, IQ2_XS, "IQ2_XS", 256, 74),
        (18, IQ3_XXS, "IQ3_XXS", 256, 98),
        (19, IQ1_S, "IQ1_S", 256, 50),
        (20, IQ4_NL, "IQ4_NL", 32, 18),
        (21, IQ3_S, "IQ3_S", 256, 110),
        (22, IQ2_S, "IQ2_S", 256, 82),
        (23, IQ4_XS, "IQ4_XS", 256, 136),
        (24, I8, "I8", 1, 1),
        (25, I16, "I16", 1, 2),
        (26, I32, "I32", 1, 4),
        (27, I64, "I64", 1, 8),
        (28, F64, "F64", 1, 8),
        (29, IQ1_M, "IQ1_M", 256, 56),
        (30, BF16, "BF16", 1, 2),
        (34, TQ1_0, "TQ1_0", 256, 54),
        (35, TQ2_0, "TQ2_0", 256, 66),
        (39, MXFP4, "MXFP4", 32, 17),
    ]
};

impl TensorKind {
    /// The type of that number in files.
    pub(super) fn of(number: u32) -> Option<Self> {
        let row = KINDS.iter().find(|row| row.0 == number)?;
        Some(row.1)
    }

    // The table has a row for each type, in the order of the enumeration (tested).
    fn row(self) -> &'static (u32, Self, &'static str, usize, usize) {
        &KINDS[self as usize]
    }

    /// ggml's name.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// Values that are stored together.
    pub fn block_len(self) -> usize {
        self.row().3
    }

    /// Bytes of a block.
    pub fn block_size(self) -> usize {
        self.row().4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_finds_its_own_row() {
        for row in KINDS {
            assert_eq!(row.1.name(), format!("{:?}", row.1));
            assert_eq!(row.1.row().0, row.0);
            assert_eq!(TensorKind::of(row.0), Some(row.1));
        }
        for number in [4, 5, 31, 32, 33, 36, 1000, u32::MAX] {
            assert_eq!(TensorKind::of(number), None);
        }
    }
}

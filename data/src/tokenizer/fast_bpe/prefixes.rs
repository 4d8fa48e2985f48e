//! Which tokens a text begins with.

/// No token.
pub(super) const NONE: u32 = u32::MAX;

/// A tree of tokens by their bytes.
pub(super) struct Prefixes {
    /// The root is the first; the children of a node stand one behind the other.
    nodes: Vec<Node>,
    /// By id: the longest other token that a token begins with.
    shorter: Vec<u32>,
}

#[derive(Clone)]
struct Node {
    /// A bit for each byte that goes on.
    bytes: [u64; 4],
    /// How many bits are set in the words before each.
    before: [u8; 4],
    first_child: u32,
    /// The token that ends here, or [`NONE`].
    token: u32,
}

impl Prefixes {
    /// Of tokens by their bytes; all ids are below `ids`.
    pub(super) fn new(mut tokens: Vec<(Vec<u8>, u32)>, ids: usize) -> Self {
        tokens.sort_unstable();
        let node = Node {
            bytes: [0; 4],
            before: [0; 4],
            first_child: 0,
            token: NONE,
        };
        let mut prefixes = Self {
            nodes: vec![node.clone()],
            shorter: vec![NONE; ids],
        };
        // Of each node: its tokens, its depth, and the longest token on the way to it.
        let mut open = vec![(0..tokens.len(), 0, NONE)];
        let mut at = 0;
        while at < open.len() {
            let (mut range, depth, mut longest) = open[at].clone();
            // The shortest comes first, and is the only one that ends here.
            if let Some((bytes, id)) = tokens.get(range.start)
                && bytes.len() == depth
                && !range.is_empty()
            {
                prefixes.shorter[*id as usize] = longest;
                prefixes.nodes[at].token = *id;
                longest = *id;
                range.start += 1;
            }
            prefixes.nodes[at].first_child = prefixes.nodes.len() as u32;
            while let Some((bytes, _)) = tokens[range.clone()].first() {
                let byte = bytes[depth];
                let same = tokens[range.clone()].partition_point(|(it, _)| it[depth] == byte);
                prefixes.nodes[at].bytes[usize::from(byte) / 64] |= 1 << (byte % 64);
                prefixes.nodes.push(node.clone());
                open.push((range.start..range.start + same, depth + 1, longest));
                range.start += same;
            }
            let node = &mut prefixes.nodes[at];
            for word in 1..4 {
                let ones = node.bytes[word - 1].count_ones() as u8;
                node.before[word] = node.before[word - 1] + ones;
            }
            at += 1;
        }
        prefixes
    }

    /// The longest token that a text begins with, or [`NONE`].
    #[inline]
    pub(super) fn longest(&self, text: &[u8]) -> u32 {
        let mut node = &self.nodes[0];
        let mut longest = NONE;
        for &byte in text {
            let (word, bit) = (usize::from(byte) / 64, byte % 64);
            let bits = node.bytes[word];
            if bits >> bit & 1 == 0 {
                break;
            }
            let below = (bits & ((1 << bit) - 1)).count_ones();
            let child = node.first_child + u32::from(node.before[word]) + below;
            node = &self.nodes[child as usize];
            if node.token != NONE {
                longest = node.token;
            }
        }
        longest
    }

    /// The longest other token that a token begins with, or [`NONE`].
    #[inline]
    pub(super) fn shorter(&self, token: u32) -> u32 {
        self.shorter[token as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_is_found_and_the_next_shorter() {
        let tokens = ["a", "b", "ab", "abcd", "\u{ff}", "abx", "b\u{0}"];
        let tokens = (0..)
            .zip(tokens)
            .map(|(id, it)| (it.as_bytes().to_vec(), id));
        let prefixes = Prefixes::new(tokens.collect(), 8);
        for (text, longest) in [
            ("abcde", 3),
            ("abc", 2),
            ("abx", 5),
            ("a", 0),
            ("b\u{0}b", 6),
            ("c", NONE),
            ("", NONE),
            ("\u{ff}", 4),
        ] {
            assert_eq!(prefixes.longest(text.as_bytes()), longest, "{text:?}");
        }
        let chain = [3, 2, 0, NONE];
        for pair in chain.windows(2) {
            assert_eq!(prefixes.shorter(pair[0]), pair[1]);
        }
        assert_eq!(prefixes.shorter(5), 2);
        assert_eq!(prefixes.shorter(6), 1);
    }
}

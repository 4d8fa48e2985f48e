//! Licence expressions (SPDX 2.3, annex D): `MIT OR (Apache-2.0 WITH LLVM-exception AND ISC)`.
//!
//! Precedence, tightest first: `WITH`, `AND`, `OR`. Old manifests write `/` for `OR`.

/// Whether `expression` can be satisfied with the `accepted` licences alone.
///
/// A licence with an exception (`A WITH B`) grants more than `A`, so accepting `A` accepts it.
///
/// # Errors
/// Says what was found where an expression ought to be.
pub fn is_satisfied(expression: &str, accepted: &[&str]) -> Result<bool, String> {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        rest: &words,
        accepted,
    };
    let satisfied = parser.alternatives()?;
    match parser.rest.first() {
        None => Ok(satisfied),
        Some(word) => Err(format!("`{word}` is not expected in `{expression}`")),
    }
}

struct Parser<'a> {
    rest: &'a [&'a str],
    accepted: &'a [&'a str],
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    /// Takes the next word if it is `word`.
    fn takes(&mut self, word: &str) -> bool {
        let found = self.rest.first().is_some_and(|next| *next == word);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn alternatives(&mut self) -> Result<bool, String> {
        let mut satisfied = self.conjunction()?;
        while self.takes("OR") {
            // Parsed in any case: an error on the right must not hide behind a true left.
            satisfied |= self.conjunction()?;
        }
        Ok(satisfied)
    }

    fn conjunction(&mut self) -> Result<bool, String> {
        let mut satisfied = self.licence()?;
        while self.takes("AND") {
            satisfied &= self.licence()?;
        }
        Ok(satisfied)
    }

    fn licence(&mut self) -> Result<bool, String> {
        match self.next() {
            Some("(") => {
                let satisfied = self.alternatives()?;
                if self.takes(")") {
                    Ok(satisfied)
                } else {
                    Err("a `)` is missing".into())
                }
            }
            Some(word @ ("OR" | "AND" | "WITH" | ")")) => {
                Err(format!("a licence is missing before `{word}`"))
            }
            Some(identifier) => {
                if self.takes("WITH") && self.next().is_none() {
                    return Err("an exception is missing after `WITH`".into());
                }
                Ok(self.accepted.contains(&identifier))
            }
            None => Err("a licence is missing at the end".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(expression: &str) -> Result<bool, String> {
        is_satisfied(expression, &["MIT", "Apache-2.0", "Zlib"])
    }

    #[test]
    fn one_alternative_is_enough() {
        assert_eq!(accepts("GPL-3.0-only OR MIT"), Ok(true));
        assert_eq!(accepts("MIT OR GPL-3.0-only"), Ok(true));
        assert_eq!(accepts("GPL-2.0-only OR GPL-3.0-only"), Ok(false));
    }

    #[test]
    fn every_part_of_a_conjunction_is_needed() {
        assert_eq!(accepts("MIT AND Zlib"), Ok(true));
        assert_eq!(accepts("MIT AND GPL-3.0-only"), Ok(false));
        assert_eq!(accepts("GPL-3.0-only AND MIT"), Ok(false));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert_eq!(accepts("MIT OR GPL-3.0-only AND GPL-2.0-only"), Ok(true));
        assert_eq!(accepts("(MIT OR GPL-3.0-only) AND GPL-2.0-only"), Ok(false));
        assert_eq!(accepts("GPL-3.0-only AND (MIT OR Zlib) OR MIT"), Ok(true));
        assert_eq!(accepts("((MIT))"), Ok(true));
    }

    #[test]
    fn an_exception_grants_more() {
        assert_eq!(accepts("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(
            accepts("GPL-3.0-only WITH Classpath-exception-2.0"),
            Ok(false)
        );
        assert_eq!(
            accepts("GPL-3.0-only WITH Classpath-exception-2.0 OR MIT"),
            Ok(true)
        );
    }

    #[test]
    fn a_slash_is_the_old_or() {
        assert_eq!(accepts("GPL-3.0/MIT"), Ok(true));
        assert_eq!(accepts("GPL-3.0 / GPL-2.0"), Ok(false));
    }

    #[test]
    fn names_are_compared_whole() {
        assert_eq!(accepts("MIT-Modern-Variant"), Ok(false));
        assert_eq!(accepts("Apache-2.0+"), Ok(false));
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        for broken in [
            "",
            "MIT OR",
            "AND MIT",
            "(MIT",
            "MIT)",
            "MIT Zlib",
            "MIT WITH",
            "MIT OR ()",
        ] {
            assert!(accepts(broken).is_err(), "{broken:?} was accepted");
        }
    }
}

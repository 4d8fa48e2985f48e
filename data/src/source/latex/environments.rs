//! What becomes of `\begin{name} … \end{name}`.

/// What an environment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Displayed mathematics.
    Math,
    /// Figures and tables, of which the captions are kept.
    Float,
    /// Left out: the bibliography, drawings, tables outside of floats.
    Gone,
    /// `- ` before an item.
    Bullets,
    /// `1. ` before an item.
    Numbers,
    /// A paragraph with a heading of its own.
    Headed(&'static str),
    /// Text; so many arguments stand behind its name.
    Text(u8),
}

const MATH: [&str; 15] = [
    "IEEEeqnarray",
    "align",
    "alignat",
    "array",
    "displaymath",
    "dmath",
    "eqnarray",
    "equation",
    "flalign",
    "gather",
    "math",
    "multline",
    "pmatrix",
    "split",
    "xalignat",
];
const FLOATS: [&str; 20] = [
    "SCfigure",
    "SCtable",
    "algorithm",
    "algorithm2e",
    "deluxetable",
    "figure",
    "floatingfigure",
    "listing",
    "longtable",
    "marginfigure",
    "margintable",
    "scheme",
    "sidewaysfigure",
    "sidewaystable",
    "subfigure",
    "subtable",
    "table",
    "teaserfigure",
    "wrapfigure",
    "wraptable",
];
const GONE: [&str; 25] = [
    "CCSXML",
    "IEEEbiography",
    "IEEEbiographynophoto",
    "IEEEkeywords",
    "algorithmic",
    "axis",
    "biblist",
    "comment",
    "diagram",
    "feynman",
    "fmffile",
    "keyword",
    "keywords",
    "picture",
    "pspicture",
    "references",
    "supertabular",
    "tabbing",
    "tabu",
    "tabular",
    "tabularx",
    "thebibliography",
    "tikzcd",
    "tikzpicture",
    "xymatrix",
];

/// What `name` holds; a star behind it changes nothing.
pub(super) fn kind(name: &str) -> Kind {
    let name = name.strip_suffix('*').unwrap_or(name);
    let is_in = |names: &[&str]| names.binary_search(&name).is_ok();
    if is_in(&MATH) {
        return Kind::Math;
    }
    if is_in(&FLOATS) {
        return Kind::Float;
    }
    if is_in(&GONE) {
        return Kind::Gone;
    }
    match name {
        "itemize" | "compactitem" | "description" | "trivlist" | "list" => Kind::Bullets,
        "enumerate" | "compactenum" => Kind::Numbers,
        "abstract" => Kind::Headed("Abstract"),
        "minipage" | "multicols" | "spacing" | "adjustbox" | "otherlanguage" | "textblock" => {
            Kind::Text(1)
        }
        "adjustwidth" | "CJK" => Kind::Text(2),
        _ => Kind::Text(0),
    }
}

/// Whether a paper that defines an environment of this name means what everybody means.
pub(super) fn is_known(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else {
        return false;
    };
    kind(name) != Kind::Text(0) || matches!(name, "document" | "proof" | "theorem" | "lemma")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_they_are_found() {
        for names in [&MATH[..], &FLOATS, &GONE] {
            assert!(names.is_sorted(), "{names:?}");
        }
        assert_eq!(kind("align*"), Kind::Math);
        assert_eq!(kind("table*"), Kind::Float);
        assert_eq!(kind("quote"), Kind::Text(0));
        assert!(is_known(b"figure") && !is_known(b"mine") && !is_known(b"\xFF"));
    }
}

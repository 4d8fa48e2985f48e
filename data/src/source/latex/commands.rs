//! What becomes of commands in text. One that is not listed is left out and its arguments are read:
//! `\emph{x}` is `x`.

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// A title on a line by itself.
    Heading,
    /// Left out with so many arguments, and those in brackets.
    Skip(u8),
    /// A reference, left out with the blank before it.
    Reference,
    /// So many arguments are left out, the next is read.
    Last(u8),
    /// A paragraph for itself.
    Paragraph,
    /// Text behind the paragraph.
    Footnote,
    Item,
    /// The end of a paragraph.
    ParagraphEnd,
    LineEnd,
    Space,
    /// A blank, and so many arguments are left out.
    Blank(u8),
    /// Left out with the length behind it: `\vskip 1cm plus 2pt`.
    Length,
    /// Mathematics in text.
    Formula,
    /// A blank, unless a full stop or the like follows.
    SoftSpace,
}

use Command::{Heading, Last, Length, Reference, Skip};

/// By name, sorted. What a paper redefines of these is passed over.
const COMMANDS: [(&str, Command); 162] = [
    ("Cite", Reference),
    ("Citep", Reference),
    ("Citet", Reference),
    ("Cref", Reference),
    ("Title", Skip(1)),
    ("abstract", Command::Paragraph),
    ("addbibresource", Skip(1)),
    ("addcontentsline", Skip(3)),
    ("address", Skip(1)),
    ("addtocounter", Skip(2)),
    ("addtolength", Skip(2)),
    ("affil", Skip(1)),
    ("affiliation", Skip(1)),
    ("altaffiliation", Skip(1)),
    ("author", Skip(1)),
    ("authorrunning", Skip(1)),
    ("autocite", Reference),
    ("autoref", Reference),
    ("baselineskip", Length),
    ("begin", Skip(0)),
    ("bibitem", Skip(1)),
    ("bibliography", Skip(1)),
    ("bibliographystyle", Skip(1)),
    ("caption", Command::Paragraph),
    ("captionof", Last(1)),
    ("captionsetup", Skip(1)),
    ("chapter", Heading),
    ("cite", Reference),
    ("citealp", Reference),
    ("citealt", Reference),
    ("citeauthor", Reference),
    ("citen", Reference),
    ("citenum", Reference),
    ("citep", Reference),
    ("citet", Reference),
    ("citeyear", Reference),
    ("citeyearpar", Reference),
    ("color", Skip(1)),
    ("colorbox", Last(1)),
    ("correspondingauthor", Skip(1)),
    ("cref", Reference),
    ("date", Skip(1)),
    ("dedicated", Skip(1)),
    ("definecolor", Skip(3)),
    ("documentclass", Skip(1)),
    ("documentstyle", Skip(1)),
    ("email", Skip(1)),
    ("end", Skip(0)),
    ("enspace", Command::Space),
    ("ensuremath", Command::Formula),
    ("epsfbox", Skip(1)),
    ("epsffile", Skip(1)),
    ("epsfig", Skip(1)),
    ("eqref", Reference),
    ("fbox", Last(0)),
    ("fontsize", Skip(2)),
    ("footcite", Reference),
    ("footnote", Command::Footnote),
    ("footnotemark", Skip(0)),
    ("footnotetext", Command::Footnote),
    ("fullcite", Reference),
    ("graphicspath", Skip(1)),
    ("hfil", Command::Space),
    ("hfill", Command::Space),
    ("hphantom", Skip(1)),
    ("hskip", Length),
    ("hspace", Command::Blank(1)),
    ("hypersetup", Skip(1)),
    ("icmltitle", Skip(1)),
    ("ifthenelse", Last(2)),
    ("include", Skip(1)),
    ("includegraphics", Skip(1)),
    ("includeonly", Skip(1)),
    ("index", Skip(1)),
    ("input", Skip(1)),
    ("institute", Skip(1)),
    ("institution", Skip(1)),
    ("item", Command::Item),
    ("kern", Length),
    ("keywords", Skip(1)),
    ("label", Reference),
    ("linebreak", Command::LineEnd),
    ("lstset", Skip(1)),
    ("maketitle", Skip(0)),
    ("markboth", Skip(2)),
    ("markright", Skip(1)),
    ("multicolumn", Last(2)),
    ("multirow", Last(2)),
    ("nameref", Reference),
    ("newcolumntype", Skip(2)),
    ("newcounter", Skip(1)),
    ("newlength", Skip(1)),
    ("newline", Command::LineEnd),
    ("newtheorem", Skip(2)),
    ("nocite", Skip(1)),
    ("numberwithin", Skip(2)),
    ("orcid", Skip(1)),
    ("pacs", Skip(1)),
    ("pageref", Reference),
    ("pagestyle", Skip(1)),
    ("par", Command::ParagraphEnd),
    ("paragraph", Heading),
    ("parbox", Last(1)),
    ("parencite", Reference),
    ("parindent", Length),
    ("parskip", Length),
    ("part", Heading),
    ("pdfoutput", Length),
    ("phantom", Skip(1)),
    ("plotone", Skip(1)),
    ("plottwo", Skip(2)),
    ("preprint", Skip(1)),
    ("printbibliography", Skip(0)),
    ("psfig", Skip(1)),
    ("qquad", Command::Space),
    ("quad", Command::Space),
    ("raise", Length),
    ("raisebox", Last(1)),
    ("ref", Reference),
    ("resizebox", Last(2)),
    ("rotatebox", Last(1)),
    ("rule", Skip(2)),
    ("scalebox", Last(1)),
    ("section", Heading),
    ("selectlanguage", Skip(1)),
    ("setcounter", Skip(2)),
    ("setlength", Skip(2)),
    ("shortauthors", Skip(1)),
    ("shorttitle", Skip(1)),
    ("smartcite", Reference),
    ("space", Command::Space),
    ("special", Skip(1)),
    ("subjclass", Skip(1)),
    ("subparagraph", Heading),
    ("subsection", Heading),
    ("subsubsection", Heading),
    ("subtitle", Skip(1)),
    ("supercite", Reference),
    ("tabcolsep", Length),
    ("tableofcontents", Skip(0)),
    ("textcite", Reference),
    ("textcolor", Last(1)),
    ("textheight", Length),
    ("textwidth", Length),
    ("thanks", Skip(1)),
    ("theoremstyle", Skip(1)),
    ("thinspace", Command::Space),
    ("thispagestyle", Skip(1)),
    ("title", Skip(1)),
    ("titlerunning", Skip(1)),
    ("todo", Skip(1)),
    ("unskip", Skip(0)),
    ("usepackage", Skip(1)),
    ("usetikzlibrary", Skip(1)),
    ("vcenter", Last(0)),
    ("vfill", Skip(0)),
    ("vglue", Length),
    ("vphantom", Skip(1)),
    ("vref", Reference),
    ("vskip", Length),
    ("vspace", Skip(1)),
    ("xspace", Command::SoftSpace),
];

/// What a command does, if it is not simply left out.
pub(super) fn command(name: &str) -> Option<Command> {
    let found = COMMANDS.binary_search_by_key(&name, |command| command.0);
    Some(COMMANDS[found.ok()?].1)
}

/// Whether a paper that defines a command of this name means what everybody means.
pub(super) fn is_structural(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(|name| command(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_they_are_found() {
        for pair in COMMANDS.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{pair:?}");
        }
        assert_eq!(command("section"), Some(Heading));
        assert_eq!(command("emph"), None);
        assert!(is_structural(b"cite") && !is_structural(b"vec") && !is_structural(b"\xFF"));
    }
}

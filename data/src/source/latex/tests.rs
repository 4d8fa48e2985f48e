#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, BufReader, Cursor, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::tar::tests::{archive, member};
use super::*;
use crate::source::entry::{Entry, Found, Reader};

fn text(source: &str) -> String {
    convert(source, Options::default()).unwrap().text
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(bytes: &[u8]) -> Vec<Found> {
    let mut reader = Arxiv::new(Box::new(Cursor::new(bytes.to_vec())), Options::default());
    std::iter::from_fn(|| reader.next().unwrap()).collect()
}

fn documents(bytes: &[u8]) -> Vec<Entry> {
    read(bytes)
        .into_iter()
        .map(|found| match found {
            Found::Document(entry) => entry,
            found => panic!("{found:?}"),
        })
        .collect()
}

const PAPER: &str = r"%&latex
\documentclass[12pt]{article}
\usepackage{amsmath} % for align
\newcommand{\R}{\mathbb{R}}
\newcommand{\etal}{\textit{et al.}\xspace}
\newtheorem{thm}[equation]{Theorem}
\title[Short]{On the \emph{Gauss}--Bonnet\\ Formula\thanks{For all.}}
\author{A. Nobody \and B. Nobody}
\begin{document}
\maketitle
\begin{abstract}
We prove it for $x \in \R^n$ (see~\cite{gauss}).
\end{abstract}

\section{Introduction}\label{sec:intro}
As Gauss \etal showed~\cite[p.~3]{a,b}, the curve of
Erd\H{o}s is ``naturally'' 5\% longer --- see
Section~\ref{sec:intro}.\footnote{A \textbf{note}.} More.
\begin{equation}\label{eq:a}
  a = b + \R % sum

\end{equation}
where $a$ is \textcolor{red}{red} \& \url{http://a.b/c_d%20}.
\begin{itemize}
  \item One

  \item[Two] and
  \begin{enumerate} \item deep \item deeper \end{enumerate}
\end{itemize}
\begin{figure}[t]
  \includegraphics[width=\textwidth]{a.pdf}
  \caption[Short]{A caption with $y$.}\label{fig:a}
\end{figure}
\begin{thm}[Gauss]\label{thm:a} It holds. \end{thm}
\begin{proof} Trivial. \end{proof}
\begin{tabular}{ll} 1 & 2 \\ \end{tabular}
\begin{verbatim}
if a % b { $x$ }
\end{verbatim}
\begin{thebibliography}{9}
\bibitem{a} A book.
\end{thebibliography}
\end{document}
After the end.
";

const WANT: &str = "Abstract

We prove it for $x \\in \\mathbb{R}^n$ (see).

Introduction

As Gauss et al. showed, the curve of Erdős is “naturally” 5% longer — see Section. More.
\\begin{equation}
a = b + \\mathbb{R}
\\end{equation}
where $a$ is red & http://a.b/c_d%20.
- One
- Two and
  1. deep
  2. deeper

A note.

A caption with $y$.

Theorem (Gauss). It holds.

Proof. Trivial.

if a % b { $x$ }";

#[test]
fn a_paper_becomes_its_text() {
    let article = convert(PAPER, Options::default()).unwrap();
    assert_eq!(
        article.title.as_deref(),
        Some("On the Gauss–Bonnet Formula")
    );
    assert_eq!(article.text, WANT);
}

#[test]
fn formulas_and_captions_can_be_left_out() {
    let options = Options {
        math: false,
        captions: false,
    };
    let article = convert(PAPER, options).unwrap();
    assert!(!article.text.contains(['$', '=']) || article.text.contains("{ $x$ }"));
    assert!(!article.text.contains("caption") && !article.text.contains("equation"));
    assert!(
        article.text.contains("We prove it for (see)."),
        "{}",
        article.text
    );
}

#[test]
fn letters_and_signs_become_unicode() {
    for (source, want) in [
        (
            r#"\'e \'{e} \`a \^{\i} \"o \~n \c c \c{c} \v{s} \H{o} \=a \.z \u{g} \k{a} \r{u}"#,
            "é é à î ö ñ ç ç š ő ā ż ğ ą ů",
        ),
        (
            r"\ss{} \ae\ \OE \o re \L{}\l \AA \S 5 \dag",
            "ß æ Œøre ŁłÅ§5 †",
        ),
        (r"\'{\^e} \~{} \^{} \'", "ế ~ ^"),
        (
            "``a'' `b' c--d e---f g-h it's a~b ?`que!`",
            "“a” ‘b’ c–d e—f g-h it’s a b ¿que¡",
        ),
        (
            r"10\,000 a\ b c\;d e\-f\/g \% \& \$ \# \_ \{\}",
            "10 000 a b c d efg % & $ # _ {}",
        ),
        (
            r"\LaTeX{} \textbackslash \dots{} \textbf{a\emph{b}} {\bf c} \foo[x]{d}",
            "LaTeX \\… ab c d",
        ),
        (
            r"\verb|\a{%| \url{x\_y} \href{http://z%}{here}",
            "\\a{% x_y here",
        ),
        (r"a\\b\\[2pt]c\newline d\par e", "a\nb\nc\nd\n\ne"),
        (
            r"\vskip 1cm plus 2pt minus.5ex a\kern-.1em b \parindent=0pt c",
            "ab c",
        ),
        (
            "a price of $5\n\nand $6 more",
            "a price of $5\n\nand $6 more",
        ),
        (
            r"\ensuremath{x} \(y\) \[z\] $$w$$ v",
            "$x$ \\(y\\)\n\\[z\\]\n$$w$$\nv",
        ),
    ] {
        assert_eq!(text(source), want, "{source}");
    }
}

#[test]
fn one_file_an_archive_and_a_gzipped_one_are_told_by_their_bytes() {
    let single = documents(PAPER.as_bytes());
    assert_eq!(single.len(), 1);
    assert_eq!(single[0].text, WANT);
    assert_eq!(documents(&gzip(PAPER.as_bytes())), single);
    let files = archive(&[
        (
            "./main.tex",
            b"\\documentclass{a}\\begin{document}\\input{s/a}\\end{document}",
        ),
        ("fig.png", b"\x89PNG\0"),
        ("s/a.tex", b"\xEF\xBB\xBFone\r\n\r\ntwo % three"),
    ]);
    for bytes in [gzip(&files), files] {
        let found = documents(&bytes);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].text, "one\n\ntwo");
    }
}

#[test]
fn a_bulk_archive_gives_a_document_a_paper() {
    let paper =
        |word: &str| format!("\\documentclass{{a}}\\begin{{document}}{word}\\end{{document}}");
    let inner = archive(&[
        ("main.tex", paper("tar").as_bytes()),
        ("b.tex", b"not read"),
    ]);
    let bytes = [
        member("2101/", b'5', b""),
        member(
            "2101/2101.00001.gz",
            b'0',
            &gzip(paper("single").as_bytes()),
        ),
        member("2101/2101.00002.pdf", b'0', b"%PDF-1.5 \0"),
        member("2101/hep-th0101003.gz", b'0', &gzip(&inner)),
        member("2101/2101.00004.gz", b'0', &gzip(b"%!PS-Adobe")),
        member(
            "2101/2101.00005.gz",
            b'0',
            &gzip(b"%auto-ignore\nwithdrawn"),
        ),
        archive(&[("2101/2101.00006.gz", &gzip(b"\\documentclass{a}"))]),
    ]
    .concat();
    let found = read(&bytes);
    let Found::Document(first) = &found[0] else {
        panic!("{:?}", found[0])
    };
    assert_eq!(first.text, "single");
    assert_eq!(
        first.url.as_deref(),
        Some("https://arxiv.org/abs/2101.00001")
    );
    assert_eq!(first.offset, 512);
    let Found::Document(second) = &found[2] else {
        panic!("{:?}", found[2])
    };
    assert_eq!(second.text, "tar");
    assert_eq!(
        second.url.as_deref(),
        Some("https://arxiv.org/abs/hep-th/0101003")
    );
    for (at, reason) in [
        (1, "no TeX source"),
        (3, "no TeX source"),
        (4, "withdrawn"),
        (5, "no text in the TeX source"),
    ] {
        assert_eq!(found[at], Found::LeftOut { reason });
    }
    assert_eq!(found.len(), 6);
}

#[test]
fn plain_files_are_one_paper_for_each_identifier_or_each_class() {
    let paper =
        |word: &str| format!("\\documentclass{{a}}\\begin{{document}}{word}\\end{{document}}");
    let (long, short) = (paper("long \\input{part}"), paper("short"));
    let named = archive(&[
        ("2101.00001/supp.tex", short.as_bytes()),
        ("2101.00001/main.tex", long.as_bytes()),
        ("2101.00001/part.tex", b"part"),
        ("2101.00002.tex", short.as_bytes()),
    ]);
    let texts = |bytes: &[u8]| -> Vec<String> {
        documents(bytes)
            .into_iter()
            .map(|entry| entry.text)
            .collect()
    };
    assert_eq!(texts(&named), ["long part", "short"]);
    let bare = archive(&[
        ("a.tex", short.as_bytes()),
        ("b.tex", long.as_bytes()),
        ("part.tex", b"part"),
        ("fig.pdf", b"%PDF"),
    ]);
    assert_eq!(texts(&bare), ["short", "long part"]);
}

#[test]
fn damage_is_placed_and_the_next_paper_is_read() {
    let good = gzip(b"\\documentclass{a}\\begin{document}good\\end{document}");
    let cut = &gzip(PAPER.as_bytes())[..200];
    let inner = archive(&[("main.tex", PAPER.as_bytes())]);
    let bytes = archive(&[
        ("2101.00001.gz", cut),
        ("2101.00002.gz", &gzip(&inner[..900])),
        ("2101.00003.gz", &good),
    ]);
    let found = read(&bytes);
    let places: Vec<u64> = found
        .iter()
        .filter_map(|found| match found {
            Found::Damaged { offset, message } => {
                assert!(message.starts_with("2101.0000"), "{message}");
                Some(*offset)
            }
            _ => None,
        })
        .collect();
    assert_eq!(places, [0, 1024]);
    assert!(matches!(&found[2], Found::Document(entry) if entry.text == "good"));
    // The archive itself, cut off anywhere.
    for length in (0..bytes.len()).step_by(37) {
        let found = read(&bytes[..length]);
        let damaged = found.iter().filter(|f| matches!(f, Found::Damaged { .. }));
        assert!(damaged.count() <= 3 && found.len() <= 4, "{length}");
    }
}

#[test]
fn a_fault_of_the_stream_is_not_damage() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let bytes = archive(&[("2101.00001.gz", &gzip(PAPER.as_bytes()))]);
    for length in [100, 600, 900] {
        let input = BufReader::new(Cursor::new(bytes[..length].to_vec()).chain(Failing));
        let mut reader = Arxiv::new(Box::new(input), Options::default());
        let fault = reader.next().unwrap_err();
        assert!(fault.to_string().contains("the disk is gone"), "{fault}");
    }
}

#[test]
fn bombs_and_nonsense_are_refused_or_read_in_bounded_time() {
    let bomb =
        "\\documentclass{a}\\def\\a{\\b\\b}\\def\\b{\\c\\c}\\def\\c{\\a\\a}\\begin{document}\\a";
    assert!(
        matches!(&read(bomb.as_bytes())[0], Found::Damaged { message, .. } if message.contains("expand"))
    );
    let levels = 100_000;
    for part in [
        "{",
        "}",
        "\\begin{itemize}",
        "\\begin{figure}\\caption{",
        "\\footnote{",
        "\\section{",
        "$",
        "\\(",
        "\\[",
        "$$",
        "\\verb",
        "\\verb|",
        "\\url{",
        "\\'",
        "\\'{",
        "\\cite[",
        "\\cite{",
        "\\item[",
        "\\end{a}",
        "\\begin{equation}",
        "\\label{",
        "[",
        "(\\cite{a},",
        "\\iffalse",
        "\\fi",
        "\\input{a}",
        "%",
        "\\",
        "~",
        "\0",
        "é\\é",
        "\\begin{verbatim}",
        "\\begin",
        "\\title{",
        "\\newtheorem{a}{",
        "\\vskip",
        "-",
        "`",
        "\n\n",
        "\\begin{proof}[",
        "\\newcommand{\\a}[9][",
        "\\def\\a#1{",
        "${",
        "{$",
        "\\kern1pt",
        "\\item ",
    ] {
        let source = format!(
            "\\documentclass{{a}}\\begin{{document}}{}",
            part.repeat(levels)
        );
        let start = std::time::Instant::now();
        let _ = read(source.as_bytes());
        let _ = convert(&source, Options::default());
        assert!(start.elapsed().as_secs() < 20, "{part}");
    }
    for bytes in [
        &[0; 100_000][..],
        b"",
        b"\n",
        b"\xEF\xBB\xBF",
        b"\x1F\x8B",
        b"<html>",
    ] {
        assert!(
            !read(bytes)
                .iter()
                .any(|found| matches!(found, Found::Document(_)))
        );
    }
}

#[test]
fn changed_bytes_never_panic() {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let marks = b"\\{}$%[]~&#\n\"'`-@\x80\xC3 az";
    for _ in 0..3000 {
        let mut bytes = PAPER.as_bytes().to_vec();
        for _ in 0..random(12) + 1 {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = marks[random(marks.len())],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, marks[random(marks.len())]),
            }
        }
        let _ = read(&bytes);
    }
}

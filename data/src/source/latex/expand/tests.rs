use super::*;

fn expanded(source: &str) -> String {
    match expand(source) {
        Ok(text) => text,
        Err(error) => error.to_string(),
    }
}

#[test]
fn commands_stand_for_their_bodies() {
    for (source, want) in [
        (
            "\\newcommand{\\R}{\\mathbb{R}}$x \\in \\R^n$",
            "$x \\in \\mathbb{R}^n$",
        ),
        ("\\newcommand*\\f[2]{#2(#1)##}\\f{a}b.", "b(a)#."),
        ("\\newcommand{\\f}[2][x]{#1+#2}\\f{a} \\f[y]{b}", "x+a y+b"),
        ("\\def\\f#1#2{#2#1}\\f ab", "ba"),
        ("\\def\\f#1.#2{no}\\f", "\\f"),
        ("\\renewcommand{\\phi}{\\varphi}\\phi x", "\\varphi x"),
        ("\\def\\a{\\alpha}\\a b\\a_1", "\\alpha b\\alpha_1"),
        ("\\def\\f#1{#1b}\\f\\alpha", "\\alpha b"),
        ("\\providecommand\\a{1}\\providecommand\\a{2}\\a", "1"),
        ("\\def\\a{1}\\let\\b=\\a\\def\\a{2}\\a\\b", "21"),
        ("\\let\\old\\emph\\old{x}", "\\emph{x}"),
        (
            "\\DeclareMathOperator*{\\argmax}{arg\\,max}\\argmax",
            "\\operatorname{arg\\,max}",
        ),
        ("\\NewDocumentCommand{\\f}{m m}{#2#1}\\f{a}{b}", "ba"),
        (
            "\\newenvironment{e}[1]{<#1>\\begin{quote}}{\\end{quote}}\\begin{e}{x}y\\end{e}",
            "<x>\\begin{quote}y\\end{quote}",
        ),
        (
            "\\newcommand\\abs[1]{|#1|}\\abs{a\\abs{\\abs b}}",
            "|a||b|||",
        ),
        (
            "\\def\\eg{e.g.}\\eg\n\nx \\eg{} y \\verb|\\eg|",
            "e.g.\n\nx e.g.{} y \\verb|\\eg|",
        ),
        (
            "\\renewcommand{\\section}{\\relax}\\section{A}",
            "\\section{A}",
        ),
        ("a\\end{document}b", "a\\end{document}"),
        ("\\é \\", "\\é \\"),
    ] {
        assert_eq!(expanded(source), want, "{source}");
    }
}

#[test]
fn switches_choose_a_branch_and_of_other_conditionals_the_last_is_taken() {
    for (source, want) in [
        ("a\\iffalse b \\ifx x\\fi \\else c\\fi d", "a c d"),
        ("\\newif\\ifdraft a\\ifdraft b\\else c\\fi", " a c"),
        ("\\newif\\ifdraft\\drafttrue\\ifdraft b\\else c\\fi", " b"),
        ("\\iftrue a\\iffalse b\\fi c\\else d\\fi", " a c"),
        (
            "\\ifCLASSOPTIONcompsoc a\\else b\\fi\\ifthenelse{x}{y}{z}$\\iff$",
            " b\\ifthenelse{x}{y}{z}$\\iff$",
        ),
        ("a\\fi\\else b", "a b"),
        ("a\\iffalse b", "a"),
    ] {
        assert_eq!(expanded(source).replace("  ", " "), want, "{source}");
    }
}

#[test]
fn bombs_are_refused_in_bounded_time_and_loops_end() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut bomb: String = names
        .windows(2)
        .map(|pair| {
            format!(
                "\\def\\{}{{{}}}",
                pair[0],
                format!("\\{} ", pair[1]).repeat(32)
            )
        })
        .collect();
    bomb.push_str("\\def\\h{xxxxxxxx}\\a");
    assert_eq!(expand(&bomb), Err(LatexError::Expansion));
    for source in [
        "\\def\\a{\\b\\b}\\def\\b{\\c\\c}\\def\\c{\\a\\a}\\a",
        "\\def\\a#1{\\a{#1#1}\\a{#1#1}}\\a{xxxx}",
    ] {
        assert_eq!(expand(source), Err(LatexError::Expansion), "{source}");
    }
    for source in [
        "\\def\\a{\\a}\\a!",
        "\\def\\a{\\b}\\def\\b{\\a}\\a!",
        "\\let\\a\\a\\a!",
    ] {
        assert!(expanded(source).ends_with('!'), "{source}");
    }
}

#[test]
fn groups_that_never_close_take_no_text() {
    let deep = "{".repeat(100_000);
    for source in [
        format!("\\def\\f#1{{<#1>}}\\f{deep}x"),
        format!("\\newcommand{deep}x"),
        format!("\\newcommand{{\\f}}[{deep}x"),
        format!("{deep}{}x", "}".repeat(100_000)),
        format!("\\begin{deep}x"),
        format!("\\def\\f#1{{<#1>}}{}x", "\\f{".repeat(100_000)),
    ] {
        let found = expand(&source);
        assert!(
            found.as_ref().map_or(true, |text| text.ends_with('x')),
            "{}",
            &source[..40]
        );
    }
}

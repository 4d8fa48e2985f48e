#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use super::*;

fn text(wikitext: &str) -> String {
    plain_text(
        wikitext,
        &Namespaces::default(),
        &WikitextOptions::default(),
    )
}

fn each(cases: &[(&str, &str)]) {
    for (wikitext, want) in cases {
        assert_eq!(text(wikitext), *want, "{wikitext}");
    }
}

#[test]
fn links_leave_their_words() {
    each(&[
        ("[[a]] [[a|b]] [[dog]]s [[ a | b c ]]", "a b dogs b c"),
        (
            "[[:Category:A]] [[#Top]] [[A#B]] [[a|]]",
            "Category:A Top A#B a",
        ),
        ("[[a|b|c]] [[a|''b'']]", "b|c b"),
        ("x [http://a.org/b?c=1] y [https://a.org z w].", "x y z w."),
        (
            "[http://a.org] [//a.org b] [mailto:a@b c] [d] [[http://a.org e]]",
            "b c [d] e",
        ),
        ("http://a.org/b_c_d stays", "http://a.org/b_c_d stays"),
        ("a[[fr:A]] [[wikt:a]] [[fr:A|b]]", "a wikt:a b"),
        ("[[[a]]] ]] b", "[a] b"),
    ]);
}

#[test]
fn files_and_categories_go_with_all_that_is_nested_in_them() {
    each(&[
        (
            "a [[File:A.jpg|thumb|b [[c|d]] {{e|[[f]]}} [http://g h]\nmore]] i",
            "a i",
        ),
        ("[[image:A.png]]\nb\n[[Category:C| ]]\n[[category:D]]", "b"),
        ("[[Bild:A.jpg|mini|b]]c", "c"),
    ]);
    let wiki = Namespaces::default();
    let german = plain_text("[[Datei:A.xyz|b]]c", &wiki, &WikitextOptions::default());
    assert_eq!(german, "bc", "the name is the dump's to say");
}

#[test]
fn templates_go_and_a_few_leave_their_words() {
    each(&[
        (
            "{{Infobox\n| a = {{b|c}}\n| d = [[e|f]]\n}}\n'''G''' is.",
            "G is.",
        ),
        ("a {{b}} c{{d}}. {{e}}, f", "a c., f"),
        (
            "{{lang|fr|''l'eau''}} {{lang-de|Haus}} {{nowrap|a b}} {{Lang | la | x }}",
            "l'eau Haus a b x",
        ),
        (
            "{{convert|5|km|mi}}, {{convert|5|to|10|km|mi|abbr=on}}, {{convert|3|-|4|m}}",
            "5 km, 5 to 10 km, 3–4 m",
        ),
        (
            "{{convert|6|ft|1|in|m}} {{cvt|2|x|3|m}}",
            "6 ft 1 in 2 × 3 m",
        ),
        ("{{frac|1|2}} {{sfrac|3|1|4}} {{frac|8}}", "1/2 3 1/4 1/8"),
        (
            "{{val|1.2|e=6|u=m}} {{math|1=x = 2}} 10{{sup|3}}",
            "1.2×10^6 m x = 2 10^3",
        ),
        (
            "a{{snd}}b{{'}}c {{as of|2010}} {{circa|1200}}",
            "a – b'c As of 2010 c. 1200",
        ),
        (
            "{{{1|a}}}b {{{{{1}}}|c}}d {{#if:a|b}} {{lc:AB}} {{formatnum:1A}}",
            "b d ab 1A",
        ),
        ("{{lang|fr|{{nowrap|[[a|b]]}}}} {{cite|{{lang|fr|x}}}}", "b"),
    ]);
}

#[test]
fn tables_go_or_become_rows() {
    let table = "a\n{| class=\"x\"\n|+ Cap\n|-\n! H1 !! H2\n|-\n| style=\"y\" | 1 || [[b|2]]\n|\n{|\n| in\n|}\n|}\nc";
    assert_eq!(text(table), "a c");
    let options = WikitextOptions {
        tables: Tables::Rows,
        ..WikitextOptions::default()
    };
    let rows = plain_text(table, &Namespaces::default(), &options);
    assert!(rows.starts_with("a\nCap\nH1\tH2\n1\t2\t"), "{rows:?}");
    assert!(rows.ends_with("in\nc"), "{rows:?}");
    each(&[
        ("{{box|\n|x=1\n|}}\nb", "b"),
        ("{|\n| a {{!}} b\n{{c\n|}}\n|}\nd", "d"),
        ("<table><tr><td>a</td></tr></table>b", "b"),
        ("a\n|-\n| never opened || x\n|}\nb", "a\n\nb"),
    ]);
}

#[test]
fn tags_are_read_by_what_they_hold() {
    each(&[
        (
            "a<ref>b {{c}}</ref> d<ref name=e/>.<ref name=\"f\" group=g>h</ref>",
            "a d.",
        ),
        ("a <!-- b\n{{c --> d\n<!-- e -->\nf", "a d f"),
        (
            "a <math>x_{1}</math> b<gallery>\nA.jpg|c\n</gallery>d",
            "a bd",
        ),
        (
            "H<sub>2</sub>O 10<sup>6</sup> x<sup>n</sup> m<sup>−2</sup> 1<sup>st</sup>",
            "H2O 10^6 x^n m^−2 1st",
        ),
        (
            "<nowiki>[[a]] ''b'' {{c}} &amp; </nowiki>d",
            "[[a]] ''b'' {{c}} & d",
        ),
        ("a<br>b <BR /> c", "a\nb\nc"),
        ("<poem>\na\nb\n</poem>", "a\nb"),
        (
            "<span style=\"x\">a</span> <small>b</small> 1 < 2 <iostream>",
            "a b 1 < 2 <iostream>",
        ),
        ("a <ref name=b> c.\n\nd <ref>e</ref> f", "a c.\n\nd f"),
        ("<code>a[1]</code> <tt>b</tt>", "a[1] b"),
    ]);
    let code = "x:\n<syntaxhighlight lang=\"c\">\nif (a[[0]]) {\n\n    b = '''c''' &amp; d;\n}\n</syntaxhighlight>\ny";
    assert_eq!(
        text(code),
        "x:\n\nif (a[[0]]) {\n\n    b = '''c''' &amp; d;\n}\n\ny"
    );
    assert_eq!(text("<pre>\n * a &lt; b\n</pre>"), " * a < b");
}

#[test]
fn headings_stand_alone_and_empty_sections_go() {
    let article = "a\n== One ==\nb\n===Two===\n{{x}}\n== See also ==\n{{portal}}\n=== Deep ===\n\
        * {{y}}\n== References ==\n<references/>\n[[Category:Z]]\n";
    assert_eq!(text(article), "a\n\nOne\n\nb");
    let options = WikitextOptions {
        left_out_sections: vec!["external LINKS".to_owned()],
        ..WikitextOptions::default()
    };
    let article = "a\n== External links ==\n* b\n=== c ===\nd\n== e ==\nf";
    assert_eq!(
        plain_text(article, &Namespaces::default(), &options),
        "a\n\ne\n\nf"
    );
    each(&[("== a = b ==\nc", "a = b\n\nc"), ("=\n==\n= a", "= == = a")]);
}

#[test]
fn lists_keep_their_shape() {
    each(&[
        ("a:\n* b\n** c\n* d\n\ne", "a:\n- b\n  - c\n- d\n\ne"),
        (
            "# a\n## b\n## c\n# d\n#: e\n# f\n\nx\n# g",
            "1. a\n  1. b\n  2. c\n2. d\n  e\n3. f\n\nx\n1. g",
        ),
        ("; a : b\n: c\n:: d", "a : b\nc\nd"),
        ("# a\n# {{b}}\n# c", "1. a\n2. c"),
    ]);
}

#[test]
fn quotes_are_as_in_mediawiki() {
    each(&[
        ("''a'' '''b''' '''''c''''' d's", "a b c d's"),
        ("''''a'''' b''''''c", "'a' b'c"),
        ("L'''Iliade'' et ''x''", "L'Iliade et x"),
        ("a l'''amour'' b", "a l'amour b"),
        ("'''a", "a"),
    ]);
}

#[test]
fn entities_and_spaces_are_tidied() {
    each(&[
        (
            "a&nbsp;b &ndash; c&#160; d &lt;ref&gt; &amp;lt; AT&T &shy;e",
            "a b – c d <ref> &lt; AT&T e",
        ),
        ("&#91;&#91;a]] &#42; b", "[[a * b"),
        ("a   b\tc\u{A0}d  \n", "a b c d"),
        ("a\nb\n\n\n\nc", "a b\n\nc"),
        (" kept\n  more\n\nx", "kept\n more\n\nx"),
        ("__NOTOC__a __init__ __БЕЗСЪДЪРЖАНИЕ__b", "a __init__ b"),
        ("----\na", "a"),
    ]);
}

#[test]
fn brackets_around_nothing_go_and_others_stay() {
    each(&[
        (
            "'''A''' ({{IPA-fr|x}}; {{y}}, born 1950) is",
            "A (born 1950) is",
        ),
        ("A ({{x}}) is, f() and ( ) stay", "A is, f() and ( ) stay"),
        ("A (b, {{x}}) c", "A (b) c"),
        ("A (b; {{x}}, c) {{IPA|d}}", "A (b; c) d"),
        ("東京（{{x}}）は", "東京は"),
    ]);
}

#[test]
fn words_in_several_scripts_are_said_once() {
    each(&[
        (
            "a-{zh-hans:b; zh-hant:c}-d -{e}- -{H|zh-cn:f;zh-tw:g}-h",
            "abd e h",
        ),
        ("x-{ y", "x y"),
    ]);
}

#[test]
fn what_is_never_closed_costs_its_mark_only() {
    each(&[
        ("a {{b c\n\nd", "a b c\n\nd"),
        ("a [[b c\n\nd ]]", "a b c\n\nd"),
        ("a <ref>b", "a b"),
        ("a <!-- b", "a b"),
        ("a [http://b c\nd]", "a c d]"),
        ("a {{b [[c}} d", "a d"),
        ("}} a ]] b |} c", "a b |} c"),
        ("<nowiki>a <math>b", "a b"),
    ]);
}

/// Hostile texts take no more than a small multiple of their length, and do not panic.
#[test]
fn hostile_nesting_takes_linear_time() {
    let n = 200_000;
    let deep = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(n), close.repeat(n))
    };
    let mut texts = vec![
        deep("{{", "a", "}}"),
        deep("{{a|", "b", "}}"),
        deep("{{nowrap|", "b", "}}"),
        deep("[[a|", "b", "]]"),
        deep("[[File:a.jpg|", "b", "]]"),
        deep("{{[[", "b", "]]}}"),
        deep("\n{|\n|", "b", "\n|}"),
        deep("<ref>", "b", "</ref>"),
        deep("<table>", "b", "</table>"),
        deep("[http://a ", "b", "]"),
        deep("-{", "b", "}-"),
        deep("{{{", "b", "}}}"),
        deep("{{lang|fr|''", "b", "''}}"),
        format!("{{{{{}{}", "[[".repeat(n), "]] ".repeat(2 * n)),
    ];
    for piece in [
        "{{",
        "}}",
        "[[",
        "]]",
        "<ref>",
        "<math>",
        "<nowiki>",
        "<!--",
        "<a",
        "<",
        "{|\n",
        "|}\n",
        "\n|",
        "|",
        "'",
        "''x",
        "'''",
        "__",
        "_",
        "&",
        "&a",
        "[",
        "[http://",
        "=",
        "=\n",
        "*",
        "#\n",
        ":",
        "\u{1}",
        "\u{5}(",
        "(",
        "<br>",
        "<sup>",
        "'<sup>1",
        "-{",
        "\n",
        " ",
        "{{a}},",
        "({{a}}",
        "<pre>\n</pre>",
        "-{zh:<pre>\n;</pre>}-",
        "{{!}}",
        "{{{",
        "}}}",
        "[[a|",
        "==a==\n",
        "é'",
        "<poem>\n",
        "[[:",
    ] {
        texts.push(piece.repeat(n));
        texts.push(format!("{}{}", piece.repeat(n), "}}]]".repeat(n)));
    }
    for wikitext in texts {
        let begin = Instant::now();
        let plain = text(&wikitext);
        let head: String = wikitext.chars().take(40).collect();
        assert!(begin.elapsed() < Duration::from_secs(5), "{head}");
        assert!(plain.len() <= 8 * wikitext.len(), "{head}");
    }
}

#[test]
fn ten_thousand_templates_deep_the_text_behind_is_found() {
    let deep = format!("a {}b{} c", "{{x|".repeat(10_000), "}}".repeat(10_000));
    assert_eq!(text(&deep), "a c");
}

#[test]
fn code_that_is_cut_leaves_no_marks() {
    each(&[
        ("-{zh:<pre>\na;b\n</pre>}- c {{x}} <br> d", "a c\nd"),
        ("<pre>\na\u{5}<br>&#7;\n</pre>", "a<br>"),
    ]);
    let options = WikitextOptions {
        tables: Tables::Rows,
        ..WikitextOptions::default()
    };
    let table = "{|\n| <pre>\na\n|- b</pre> || c<br>d\n|}\ne {{x}} f";
    let plain = plain_text(table, &Namespaces::default(), &options);
    assert_eq!(plain, "a\ne f");
}

/// Every short text over the marks: none panics, and none leaves a mark of the passes.
#[test]
fn no_combination_of_marks_panics() {
    let pieces = [
        "{{",
        "}}",
        "[[",
        "]]",
        "|",
        "<ref>",
        "</ref>",
        "'''",
        "\n",
        "{|",
        "|}",
        "-{",
        "}-",
        "é",
        " ",
        "[http://a ",
        "]",
        "nowrap",
        "(",
        ")",
        ",",
        "<br>",
        "=",
        "*",
        "\u{5}",
        "&",
        ";",
        "{",
    ];
    let n = pieces.len();
    for code in 0..n * n * n * n {
        let wikitext: String = (0..4).map(|i| pieces[code / n.pow(i) % n]).collect();
        let plain = text(&wikitext);
        assert!(
            !plain.contains(|c: char| c < ' ' && c != '\n' && c != '\t'),
            "{wikitext:?}"
        );
        assert_eq!(plain.trim_end(), plain, "{wikitext:?}");
    }
}

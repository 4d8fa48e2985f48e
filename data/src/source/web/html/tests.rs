use std::time::{Duration, Instant};

use super::*;

fn text(html: &str) -> String {
    main_text(html).text
}

/// A paragraph long enough to be prose.
const PROSE: &str = "The quick brown fox jumps over the lazy dog, and the dog, who had hoped for a quiet \
                     afternoon, gets up, shakes its head and walks away to the other end of the garden. ";

#[test]
fn title_and_language_are_told_with_entities_decoded_and_white_space_collapsed() {
    let page = main_text(
        "<!doctype html><html lang=' pt-BR '><head><title>\n Tom &amp;\tJerry </title>\
         <title>second</title></head><body lang=en><svg><title>drawing</title></svg><p>x",
    );
    assert_eq!(page.title.as_deref(), Some("Tom & Jerry"));
    assert_eq!(page.language.as_deref(), Some("pt-BR"));
    assert_eq!(
        main_text("<svg><title>drawing</title></svg><p>x").title,
        None
    );
    assert_eq!(main_text("<title> </title><p>x").title, None);
}

#[test]
fn paragraphs_lists_and_line_ends_are_laid_out() {
    let html = "<h1>Tea</h1><p>First\n  line,<br>second &lt;line&gt;<p>A <b>bold</b><i>word</i>&nbsp;&eacute;&#x20AC;.\
                <ul><li>one<li>two<ol><li><p>in</p><p>ner</p></ol><li></li><li>three</ul>\
                <dl><dt>term<dd>meaning</dl>soft&shy;ly<br><br>end";
    let want = "Tea\n\nFirst line,\nsecond <line>\n\nA boldword é€.\n\n- one\n- two\n  - in\n    ner\n- three\n\n\
                term\nmeaning\n\nsoftly\n\nend";
    assert_eq!(text(html), want);
}

#[test]
fn code_keeps_its_white_space() {
    let html = "<p>Code:<pre>\nfn a() {\n    <span class=comment>b</span>();\n\n}\n</pre>after";
    assert_eq!(text(html), "Code:\n\nfn a() {\n    b();\n\n}\n\nafter");
}

#[test]
fn tables_of_data_become_rows_and_tables_of_layout_become_blocks() {
    let html = "<p>Before<table><caption>Years</caption><tr><th>year<th>name<tr><td>1969<td><p>Moon</p><td>\
                <tr><td><td>only</table>after";
    assert_eq!(
        text(html),
        "Before\n\nYears\nyear | name\n1969 | Moon\nonly\n\nafter"
    );
    let html = "<table><tr><td><h2>One</h2><p>first</p><td><table><tr><td>a<td>b</table></table>";
    assert_eq!(text(html), "One\n\nfirst\n\na | b");
}

#[test]
fn what_is_no_text_goes() {
    let html = "<style>p{}</style><script>if (a < b) document.write('<p>no</p>')</script><p>yes\
                <!-- no --><noscript>no</noscript><textarea>no</textarea><svg><style/><text>no</text></svg>\
                <select><option>no</select><button>no</button><template><p>no</template>\
                <sup class=reference><a href=#1>[1]</a></sup><iframe>no</iframe>, yes";
    assert_eq!(text(html), "yes, yes");
    assert_eq!(text("<p>a<svg><g><p>b"), "a\n\nb");
    assert_eq!(text("<script>never closed"), "");
    assert_eq!(text(""), "");
}

#[test]
fn frames_go_by_element_role_class_and_links() {
    let links: String = (0..9)
        .map(|i| format!("<li><a href=/{i}>a place on this site</a>"))
        .collect();
    for frame in [
        "<nav>x</nav>",
        "<header>Site<h1>Name</h1></header>",
        "<footer>x</footer>",
        "<aside><p>x</aside>",
        "<div role=navigation>x</div>",
        "<div class='left-sidebar'>x</div>",
        "<div id=cookieBanner><p>We use cookies, and more than that, on this site.</p></div>",
        "<div hidden>x</div>",
        "<div style='display: none'>x</div>",
        "<form action=/><p>Search<input></form>",
        &format!("<ul>{links}</ul>"),
        &format!("<div><h3>Related</h3><ul>{links}</ul></div>"),
        "<p><a href=/next>Read more »</a></p>",
    ] {
        for html in [
            format!("{frame}<p>{PROSE}<p>{PROSE}"),
            format!("<p>{PROSE}<p>{PROSE}</p>{frame}"),
            format!("<div><div>{frame}</div><main><p>{PROSE}<p>{PROSE}</main></div>"),
        ] {
            assert_eq!(text(&html), format!("{0}\n\n{0}", PROSE.trim()), "{html}");
        }
    }
}

#[test]
fn links_in_prose_stay() {
    let html =
        format!("<p>{PROSE}<a href=/a>this</a>, <a href=/b>that</a> and <a href=/c>more</a> too.");
    assert!(text(&html).ends_with("this, that and more too."));
}

#[test]
fn the_article_is_chosen_among_other_prose() {
    let body = format!("<header><h1>Title</h1></header><p>{PROSE}</p>").repeat(1)
        + &format!("<p>{PROSE}</p>").repeat(4);
    let other = format!("<div class=x><p>{PROSE}</p></div>");
    let html = format!("<div>{other}<article>{body}</article>{other}</div>");
    let found = text(&html);
    assert!(
        found.starts_with("Title\n\nThe quick") && found.matches("The quick").count() == 5,
        "{found}"
    );
    // Several articles of which none is most of the page: all of it.
    let html = format!("<article><p>{PROSE}</article>").repeat(4);
    assert_eq!(text(&html).matches("The quick").count(), 4);
    // Nothing marked: the block that holds nearly all.
    let html =
        format!("<div><p>A short line of prose at the top of the page.</p></div><div>{body}</div>");
    assert!(!text(&html).contains("short line"));
}

#[test]
fn a_page_whose_text_is_in_what_looks_like_a_frame_keeps_it() {
    for html in [
        format!("<div class=sidebar><p>{PROSE}<p>{PROSE}</div>"),
        format!("<form><p>{PROSE}<p>{PROSE}</form>"),
        format!("<div class='elementor-widget ad'><p>{PROSE}</div>").repeat(2),
        format!("<aside><p>{PROSE}<p>{PROSE}</aside>"),
        format!("<article><p>short</article><p>{PROSE}<p>{PROSE}"),
    ] {
        assert!(text(&html).contains(PROSE.trim()), "{html}");
    }
    assert_eq!(
        text("<nav><a href=/>Home</a></nav><p>Tea is a drink."),
        "Tea is a drink."
    );
    assert_eq!(text("just text"), "just text");
}

#[test]
fn a_table_of_data_is_not_cut_to_its_rows_and_a_list_of_links_does_not_take_the_prose_beside_it() {
    let rows = format!("<tr><td>a<td>{PROSE}").repeat(9);
    let found = text(&format!(
        "<p>Short.<table><thead><tr><th>Head<th>Text<tbody>{rows}</table>"
    ));
    assert!(
        found.starts_with("Short.\n\nHead | Text\na | The quick"),
        "{found}"
    );
    let links: String = (0..9)
        .map(|i| format!("<li><a href=/{i}>{PROSE}</a>"))
        .collect();
    let found = text(&format!(
        "<nav>no</nav><div><h1>Title</h1><p>Information on our work in a sentence, or two.<ul>{links}</ul></div>"
    ));
    assert_eq!(
        found,
        "Title\n\nInformation on our work in a sentence, or two."
    );
}

#[test]
fn headings_and_links_are_not_judged_by_their_names() {
    let html = format!(
        "<p>{PROSE}</p><h2 id=comments class=banner><a class=header href=#c>On comments</a><a href=#c>§</a></h2>\
         <section id=search-tips><p>{PROSE}</section>"
    );
    assert_eq!(
        text(&html),
        format!("{0}\n\nOn comments\n\n{0}", PROSE.trim())
    );
}

#[test]
fn headings_over_nothing_go() {
    let html = format!(
        "<h1>Title</h1><p>{PROSE}</p><h2>See also</h2><ul></ul><h2>Notes</h2><p>One.</p><h3>More</h3>"
    );
    assert_eq!(
        text(&html),
        format!("Title\n\n{}\n\nNotes\n\nOne.", PROSE.trim())
    );
}

#[test]
fn missing_and_crossed_tags_do_not_move_text() {
    for (html, want) in [
        ("<div><p>a<div>b</p>c</div>d", "a\n\nb\n\nc\n\nd"),
        ("<b><p>a</b>b</p>c", "ab\n\nc"),
        ("<table><tr><td>a</div></table>b", "a\n\nb"),
        ("</div></table></p>a</li>", "a"),
        ("<ul><li>a<ul><li>b</ul>c</ul>d", "- a\n  - b\n  c\n\nd"),
        ("<a href=x>a<div>b</a>c</div>d", "a\n\nbc\n\nd"),
        ("<h1>a</h2>b", "a\n\nb"),
        ("<p>a<br/>b</br>c", "a\nb\nc"),
        (
            "<p>a < b & c &copy d &#0; &bogus;",
            "a < b & c © d \u{FFFD} &bogus;",
        ),
        ("<p>cut <a href=\"never closed>x", "cut"),
        ("<p>語<p>\u{A0}х", "語\n\nх"),
    ] {
        assert_eq!(text(html), want, "{html}");
    }
}

/// Pages made to cost time or stack; each is linear, so that a second is far too much.
#[test]
fn hostile_pages_cost_no_stack_and_linear_time() {
    let deep = 100_000;
    let close = |tag: &str| format!("</{tag}>").repeat(deep);
    for (name, html) in [
        (
            "deep",
            format!("{}end{}", "<div>".repeat(deep), close("div")),
        ),
        ("deep lists", format!("{}end", "<ul><li>".repeat(deep))),
        (
            "deep tables",
            format!("{}end", "<table><tr><td>x".repeat(deep / 2)),
        ),
        (
            "deep links",
            format!(
                "<p>end</p>{}x{}",
                "<a href=x><div>".repeat(deep),
                close("a")
            ),
        ),
        (
            "deep spans",
            format!(
                "{}end{}",
                "<span class=menu>".repeat(deep),
                "<br>x".repeat(deep)
            ),
        ),
        (
            "crossed",
            format!("{}end{}", "<span class=menu>".repeat(deep), close("a")),
        ),
        (
            "barred",
            format!(
                "<div><table><td>{}end{}",
                "<p><span class=menu>".repeat(deep),
                close("div")
            ),
        ),
        (
            "unmatched",
            format!("{}end{}", "<section>".repeat(deep), close("div")),
        ),
        ("headings", format!("{}end", "<h1>x</h1><h6>y".repeat(deep))),
        ("paragraphs", format!("end{}", "<p>".repeat(20 * deep))),
        (
            "attributes",
            format!("<p {}>end", "a=b class='a b c' ".repeat(deep)),
        ),
        (
            "entities",
            format!("end{}", "&am&#xFFFFFFFFFFF;&notit;".repeat(deep)),
        ),
        ("comments", format!("end{}", "<!--".repeat(deep))),
        ("tags", format!("end{}", "<".repeat(deep))),
        (
            "cells",
            format!("end<table>{}", "<tr><td><td>".repeat(deep)),
        ),
    ] {
        let start = Instant::now();
        let found = text(&html);
        assert!(found.contains("end"), "{name}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{name}: {took:?}");
    }
}

#[test]
fn the_order_of_nodes_is_that_of_the_page_and_every_end_is_behind() {
    let html =
        "<div><p>a<ul><li><a href=x>b</a></ul><table><tr><td>c</table></section>d<svg>x".repeat(50);
    let tree = read::read(&html).tree;
    for (at, node) in tree.nodes.iter().enumerate() {
        assert!(node.end as usize > at && node.end as usize <= tree.nodes.len());
        assert!((node.parent as usize) < at || at == 0);
        let parent = tree.nodes[node.parent as usize];
        assert!(node.end <= parent.end && tree.nodes[node.block as usize].name.kind().is_block());
    }
}

//! What an element's class, id and role say about it.
//!
//! Readability and trafilatura search these values for parts of words; here whole words are compared,
//! so that `research` is no `search` and `has-sidebar` no sidebar.

/// What a value says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) is_unlikely: bool,
    pub(super) is_main: bool,
}

/// The longest word that is compared: the longest of the list.
const LONGEST: usize = 16;

/// What the value of an `id` says. Many are made from the words of a heading, as `related-work`; so all
/// words must be a frame's or say where it is.
pub(super) fn of_id(value: &[u8]) -> Hints {
    let hints = of_class(value);
    let is_frame =
        || words(value).all(|word| is_place(word.text()) || is_unlikely_word(word.text(), b""));
    Hints {
        is_unlikely: hints.is_unlikely && is_frame(),
        ..hints
    }
}

/// What the value of a `class` says.
pub(super) fn of_class(value: &[u8]) -> Hints {
    let mut hints = Hints::default();
    for name in value.split(u8::is_ascii_whitespace) {
        if is_main(name) {
            hints.is_main = true;
        } else if !hints.is_unlikely {
            hints.is_unlikely = is_unlikely(name);
        }
    }
    // Two names of which one says main text, as in `class="content sidebar-left"`.
    hints.is_unlikely &= !hints.is_main;
    hints
}

/// Whether a `role` is that of a frame: landmarks of <https://www.w3.org/TR/wai-aria-1.2/#landmark_roles>,
/// and what pops up.
pub(super) fn is_frame_role(role: &[u8]) -> bool {
    const ROLES: [&[u8]; 12] = [
        b"navigation",
        b"banner",
        b"contentinfo",
        b"complementary",
        b"search",
        b"menu",
        b"menubar",
        b"toolbar",
        b"dialog",
        b"alertdialog",
        b"alert",
        b"tooltip",
    ];
    ROLES.iter().any(|other| role.eq_ignore_ascii_case(other))
}

/// Whether a `style` hides the element.
pub(super) fn is_hidden_style(style: &[u8]) -> bool {
    style.split(|&byte| byte == b';').any(|rule| {
        let Some(colon) = rule.iter().position(|&byte| byte == b':') else {
            return false;
        };
        let (name, value) = (rule[..colon].trim_ascii(), rule[colon + 1..].trim_ascii());
        name.eq_ignore_ascii_case(b"display")
            && value
                .get(..4)
                .is_some_and(|start| start.eq_ignore_ascii_case(b"none"))
    })
}

/// Names that content systems give to the element around an article's text.
fn is_main(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 24] = [
        b"main",
        b"content",
        b"article",
        b"post",
        b"entry",
        b"main-content",
        b"main_content",
        b"maincontent",
        b"page-content",
        b"content-body",
        b"body-content",
        b"bodycontent",
        b"entry-content",
        b"post-content",
        b"post-body",
        b"post-text",
        b"article-content",
        b"article-body",
        b"article__body",
        b"articlebody",
        b"story-body",
        b"mw-content-text",
        b"mw-parser-output",
        b"markdown-body",
    ];
    NAMES.iter().any(|other| name.eq_ignore_ascii_case(other))
}

fn is_unlikely(name: &[u8]) -> bool {
    let mut before = Word::default();
    for word in words(name) {
        if is_unlikely_word(word.text(), before.text()) {
            return true;
        }
        before = word;
    }
    false
}

/// Words that go with a frame's in a name.
fn is_place(word: &[u8]) -> bool {
    matches!(
        word,
        b"left"
            | b"right"
            | b"top"
            | b"bottom"
            | b"main"
            | b"site"
            | b"page"
            | b"global"
            | b"primary"
            | b"secondary"
            | b"wrapper"
            | b"wrap"
            | b"container"
            | b"content"
            | b"inner"
            | b"outer"
            | b"box"
            | b"area"
            | b"bar"
            | b"list"
            | b"section"
            | b"block"
            | b"links"
            | b"form"
    )
}

/// `before` is the word before it in the same name.
fn is_unlikely_word(word: &[u8], before: &[u8]) -> bool {
    if matches!(
        before,
        b"has" | b"with" | b"no" | b"without" | b"is" | b"not" | b"hide" | b"show"
    ) {
        return false;
    }
    match word {
        b"nav" | b"navbar" | b"navigation" | b"subnav" | b"topnav" | b"sidenav" | b"leftnav"
        | b"rightnav" | b"menu" | b"menus" | b"submenu" | b"topbar" | b"toolbar" | b"masthead"
        | b"sidebar" | b"footer" | b"breadcrumb" | b"breadcrumbs" | b"pagination" | b"pager"
        | b"paginator" | b"navbox" => true,
        b"comment" | b"comments" | b"commentlist" | b"respond" | b"replies" | b"disqus" => true,
        b"share" | b"sharing" | b"sharedaddy" | b"social" | b"follow" | b"related"
        | b"recommended" | b"recommendations" | b"trending" | b"newsletter" | b"subscribe"
        | b"subscription" | b"signup" | b"login" | b"search" => true,
        b"ad" | b"ads" | b"advert" | b"advertisement" | b"adsense" | b"sponsor" | b"sponsored"
        | b"promo" | b"banner" | b"cookie" | b"cookies" | b"consent" | b"gdpr" | b"popup"
        | b"modal" | b"lightbox" | b"copyright" => true,
        b"skip" | b"skiplink" | b"noprint" | b"catlinks" | b"editsection" | b"tagcloud"
        | b"taglist" | b"lineno" | b"linenos" | b"gutter" => true,
        // The head of an article has its heading.
        b"header" => !matches!(
            before,
            b"entry" | b"post" | b"article" | b"content" | b"section"
        ),
        // Page builders call every paragraph a widget.
        b"widget" | b"widgets" => before.is_empty(),
        b"only" => before == b"sr",
        b"hidden" => before == b"visually",
        _ => false,
    }
}

/// A word in lower case.
#[derive(Clone, Copy, Default)]
struct Word {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Word {
    /// Empty if it is longer than any that is compared.
    fn text(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The words of a name: runs of letters, `siteNav` being two.
fn words(name: &[u8]) -> impl Iterator<Item = Word> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < name.len() && !name[at].is_ascii_alphabetic() {
            at += 1;
        }
        let mut word = Word::default();
        while at < name.len() && name[at].is_ascii_alphabetic() {
            let is_hump =
                name[at].is_ascii_uppercase() && at > 0 && name[at - 1].is_ascii_lowercase();
            if is_hump && word.length > 0 {
                break;
            }
            if let Some(place) = word.bytes.get_mut(word.length) {
                *place = name[at].to_ascii_lowercase();
            }
            word.length += 1;
            at += 1;
        }
        (word.length > 0).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_of_a_name_speak() {
        for (value, unlikely, main) in [
            ("sidebar", true, false),
            ("left-sidebar box", true, false),
            ("siteNav", true, false),
            ("sidebar2", true, false),
            ("sidebar_left", true, false),
            ("has-sidebar", false, false),
            ("content sidebar", false, true),
            ("no-sidebar page", false, false),
            ("research", false, false),
            ("entry-header", false, false),
            ("site-header", true, false),
            ("elementor-widget", false, false),
            ("widget widget_text", true, false),
            ("sr-only", true, false),
            ("only", false, false),
            ("Entry-Content", false, true),
            ("averyveryverylongwordwithoutend-menu", true, false),
            ("", false, false),
        ] {
            let hints = of_class(value.as_bytes());
            assert_eq!(
                (hints.is_unlikely, hints.is_main),
                (unlikely, main),
                "{value:?}"
            );
        }
    }

    #[test]
    fn an_id_made_from_a_heading_is_no_frame() {
        for (value, unlikely) in [
            ("related-work", false),
            ("search-tips", false),
            ("sidebar_left", true),
            ("siteFooter2", true),
            ("comments", true),
            ("header", true),
        ] {
            assert_eq!(of_id(value.as_bytes()).is_unlikely, unlikely, "{value}");
        }
        assert!(of_id(b"content").is_main);
    }

    #[test]
    fn hidden_styles_and_roles_are_known() {
        for (style, hidden) in [
            ("display:none", true),
            ("color: red; DISPLAY : None !important", true),
            ("display:block", false),
            ("x-display:none", false),
            ("", false),
        ] {
            assert_eq!(is_hidden_style(style.as_bytes()), hidden, "{style:?}");
        }
        assert!(is_frame_role(b"Navigation") && !is_frame_role(b"main"));
    }
}

//! What a page's tags say: its title, its language, and for its tree the elements and their marks.

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, State, Tokenizer};

use super::build::Builder;
use super::hints;
use super::names::{Kind, Name};
use super::tree::{Marks, Tree};

/// The longest title in bytes, and the longest language; longer ones are none.
const MAX_TITLE: usize = 4096;
const MAX_LANGUAGE: usize = 64;

/// A page as it was read.
pub(super) struct Read {
    pub(super) title: Option<String>,
    pub(super) language: Option<String>,
    pub(super) tree: Tree,
}

/// Reads a page.
pub(super) fn read(html: &str) -> Read {
    let mut tags = Tags {
        builder: Builder::new(),
        raw: None,
        tag: None,
        is_tag_html: false,
        attribute: Attribute::Other,
        has_href: false,
        marks: Marks::default(),
        title: None,
        language: None,
    };
    let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| tags.event(event));
    let mut tokenizer = Tokenizer::new_with_emitter(html, emitter);
    while let Some(Ok(state)) = tokenizer.next() {
        tokenizer.set_state(state);
    }
    drop(tokenizer);
    Read {
        title: tags.title,
        language: tags.language,
        tree: tags.builder.finish(),
    }
}

/// An attribute that is read.
#[derive(Clone, Copy)]
enum Attribute {
    Class,
    Id,
    Role,
    Style,
    AriaHidden,
    ItemProperty,
    Language,
    Other,
}

/// What is between the tokenizer and the tree.
struct Tags {
    builder: Builder,
    /// The element whose content comes as one text.
    raw: Option<Name>,
    /// The start tag that is read: its element, whether it is that of the page, and what its attributes
    /// said.
    tag: Option<Name>,
    is_tag_html: bool,
    attribute: Attribute,
    has_href: bool,
    marks: Marks,
    title: Option<String>,
    language: Option<String>,
}

impl Tags {
    /// Takes what the tokenizer found. `Some` is how it is to go on.
    fn event(&mut self, event: CallbackEvent<'_>) -> Option<State> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Name::of(name);
                self.is_tag_html = matches!(name, b"html" | b"body");
                self.attribute = Attribute::Other;
                self.has_href = false;
                self.marks = Marks::default();
            }
            CallbackEvent::AttributeName { name } => self.attribute_name(name),
            CallbackEvent::AttributeValue { value } => self.attribute_value(value),
            CallbackEvent::CloseStartTag { self_closing } => return self.start_tag(self_closing),
            CallbackEvent::EndTag { name } => {
                // The attributes of an end tag came before it, and mean nothing.
                self.raw = None;
                if let Some(name) = Name::of(name) {
                    self.builder.end(name);
                }
            }
            CallbackEvent::String { value } => self.string(value),
            CallbackEvent::Comment { .. }
            | CallbackEvent::Doctype { .. }
            | CallbackEvent::Error(_) => {}
        }
        None
    }

    fn attribute_name(&mut self, name: &[u8]) {
        self.attribute = match name {
            b"class" => Attribute::Class,
            b"id" => Attribute::Id,
            b"role" => Attribute::Role,
            b"style" => Attribute::Style,
            b"aria-hidden" => Attribute::AriaHidden,
            b"itemprop" => Attribute::ItemProperty,
            b"lang" | b"xml:lang" => Attribute::Language,
            _ => Attribute::Other,
        };
        if name == b"href" {
            self.has_href = true;
        } else if name == b"hidden" {
            self.marks.is_unlikely = true;
        }
    }

    fn attribute_value(&mut self, value: &[u8]) {
        match self.attribute {
            Attribute::Class | Attribute::Id => {
                let Some(tag) = self.tag.filter(|tag| tag.kind().heeds_names()) else {
                    return;
                };
                // Highlighters call comments in code so.
                if self.builder.is_in_code() {
                    return;
                }
                let hints = match self.attribute {
                    Attribute::Id => hints::of_id(value),
                    _ => hints::of_class(value),
                };
                self.marks.is_unlikely |= hints.is_unlikely;
                self.marks.is_main |= hints.is_main;
                self.marks.is_never |= tag == Name::Sup && value.starts_with(b"reference");
            }
            Attribute::Role => {
                let role = value.trim_ascii();
                self.marks.is_frame |= hints::is_frame_role(role);
                self.marks.is_main |= matches!(role, b"main" | b"article");
                self.marks.is_layout |= matches!(role, b"presentation" | b"none");
            }
            Attribute::Style => self.marks.is_unlikely |= hints::is_hidden_style(value),
            Attribute::AriaHidden => self.marks.is_unlikely |= value == b"true",
            Attribute::ItemProperty => self.marks.is_main |= value == b"articleBody",
            Attribute::Language if self.is_tag_html && self.language.is_none() => {
                let value = value.trim_ascii();
                if !value.is_empty() && value.len() <= MAX_LANGUAGE {
                    self.language = Some(String::from_utf8_lossy(value).into_owned());
                }
            }
            Attribute::Language | Attribute::Other => {}
        }
    }

    fn start_tag(&mut self, is_closed: bool) -> Option<State> {
        let name = self.tag.take()?;
        let mut marks = self.marks;
        let kind = name.kind();
        if kind.is_block() {
            self.builder.prepare_block(name, kind);
        }
        match kind {
            Kind::Raw => {
                // `<title/>` ends where it begins in SVG, as nothing does in HTML.
                if is_closed && self.builder.is_foreign() {
                    return None;
                }
                self.raw = Some(name);
                return Some(match name {
                    Name::Title | Name::Textarea => State::RcData,
                    Name::Script => State::ScriptData,
                    _ => State::RawText,
                });
            }
            Kind::Break | Kind::Rule => {
                self.builder.line(name);
                return None;
            }
            Kind::Link if !self.has_href => return None,
            Kind::Link => self.builder.close_inline(Name::A),
            // Spans matter if something is said about them; else their text is their parent's.
            Kind::Span if marks == Marks::default() => return None,
            Kind::Span => {
                marks.is_main = false;
                if self.builder.is_foreign() {
                    return None;
                }
            }
            Kind::NeverInline if is_closed && self.builder.is_foreign() => return None,
            Kind::NeverInline | Kind::NeverBlock => marks.is_never = true,
            Kind::Frame => marks.is_frame = true,
            _ => {}
        }
        match name {
            // The head of an article has its heading; that of a page has its menu.
            Name::Header
                if !self.builder.is_in(Name::Article) && !self.builder.is_in(Name::Main) =>
            {
                marks.is_frame = true;
            }
            // Some servers put the whole page into a form, so its share of the prose decides.
            Name::Form => marks.is_unlikely = true,
            Name::Article | Name::Main => marks.is_main = true,
            _ => {}
        }
        self.builder.push(name, marks);
        None
    }

    fn string(&mut self, value: &[u8]) {
        match self.raw {
            Some(Name::Title) => {
                if self.title.is_none() && !self.builder.is_foreign() && value.len() <= MAX_TITLE {
                    let title = String::from_utf8_lossy(value);
                    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
                    self.title = Some(title).filter(|title| !title.is_empty());
                }
            }
            Some(_) => {}
            None => self.builder.string(value),
        }
    }
}

//! The elements that the extraction tells apart. Others are transparent: their text is their parent's.

/// What an element is to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A piece of text, no element.
    Text,
    /// A container: `div`, `section`.
    Block,
    Paragraph,
    Heading,
    /// Text whose white space counts.
    Pre,
    List,
    Item,
    /// A line of a `dl`.
    Term,
    Table,
    RowGroup,
    Row,
    Cell,
    /// The end of a line.
    Break,
    /// A line across the page.
    Rule,
    Link,
    Span,
    /// Frames the main text.
    Frame,
    /// A block whose text nobody reads as such.
    NeverBlock,
    /// Stands in a line, and is no text.
    NeverInline,
    /// The tokenizer reads its content as one text.
    Raw,
}

impl Kind {
    /// Whether it ends the paragraph before it.
    pub(super) fn is_block(self) -> bool {
        !matches!(
            self,
            Self::Text | Self::Break | Self::Link | Self::Span | Self::NeverInline | Self::Raw
        )
    }

    /// Whether its class and id say what it is. Those of headings say what follows, those of links and
    /// code what they look like.
    pub(super) fn heeds_names(self) -> bool {
        matches!(
            self,
            Self::Block
                | Self::Frame
                | Self::Paragraph
                | Self::List
                | Self::Item
                | Self::Table
                | Self::Cell
                | Self::Span
        )
    }

    /// Whether it holds other blocks, so that the main text may lie deeper inside.
    pub(super) fn is_container(self) -> bool {
        matches!(
            self,
            Self::Block | Self::Frame | Self::Table | Self::RowGroup | Self::Row | Self::Cell
        )
    }
}

macro_rules! names {
    ($($text:literal $name:ident $kind:ident,)*) => {
        /// The name of an element.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Name { Text, Root, $($name,)* }

        impl Name {
            pub(super) const COUNT: usize = [$($text.len(),)*].len() + 2;

            /// The element that a tag in lower case names.
            pub(super) fn of(tag: &[u8]) -> Option<Self> {
                match tag {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }

            pub(super) fn kind(self) -> Kind {
                match self {
                    Self::Text => Kind::Text,
                    Self::Root => Kind::Block,
                    $(Self::$name => Kind::$kind,)*
                }
            }
        }
    };
}

names! {
    b"div" Div Block,
    b"p" P Paragraph,
    b"a" A Link,
    b"span" Span Span,
    b"sup" Sup Span,
    b"li" Li Item,
    b"ul" Ul List,
    b"ol" Ol List,
    b"menu" Menu List,
    b"dir" Dir List,
    b"dl" Dl Block,
    b"dt" Dt Term,
    b"dd" Dd Term,
    b"br" Br Break,
    b"hr" Hr Rule,
    b"h1" H1 Heading,
    b"h2" H2 Heading,
    b"h3" H3 Heading,
    b"h4" H4 Heading,
    b"h5" H5 Heading,
    b"h6" H6 Heading,
    b"pre" Pre Pre,
    b"listing" Listing Pre,
    b"blockquote" Blockquote Block,
    b"table" Table Table,
    b"thead" Thead RowGroup,
    b"tbody" Tbody RowGroup,
    b"tfoot" Tfoot RowGroup,
    b"tr" Tr Row,
    b"td" Td Cell,
    b"th" Th Cell,
    b"caption" Caption Block,
    b"article" Article Block,
    b"main" Main Block,
    b"section" Section Block,
    b"center" Center Block,
    b"address" Address Block,
    b"details" Details Block,
    b"summary" Summary Block,
    b"fieldset" Fieldset Block,
    b"figure" Figure Block,
    b"hgroup" Hgroup Block,
    b"search" Search Frame,
    b"header" Header Block,
    b"form" Form Block,
    b"nav" Nav Frame,
    b"aside" Aside Frame,
    b"footer" Footer Frame,
    b"figcaption" Figcaption Frame,
    b"dialog" Dialog NeverBlock,
    b"template" Template NeverInline,
    b"svg" Svg NeverInline,
    b"foreignobject" ForeignObject NeverInline,
    b"math" Math NeverInline,
    b"select" Select NeverInline,
    b"datalist" Datalist NeverInline,
    b"button" Button NeverInline,
    b"object" Object NeverInline,
    b"canvas" Canvas NeverInline,
    b"audio" Audio NeverInline,
    b"video" Video NeverInline,
    b"rp" Rp NeverInline,
    b"rt" Rt NeverInline,
    b"title" Title Raw,
    b"script" Script Raw,
    b"style" Style Raw,
    b"noscript" Noscript Raw,
    b"textarea" Textarea Raw,
    b"iframe" Iframe Raw,
    b"xmp" Xmp Raw,
    b"noembed" Noembed Raw,
    b"noframes" Noframes Raw,
}

impl Name {
    /// 1 to 6 for a heading, 0 for others.
    pub(super) fn heading_level(self) -> u8 {
        match self {
            Self::H1 => 1,
            Self::H2 => 2,
            Self::H3 => 3,
            Self::H4 => 4,
            Self::H5 => 5,
            Self::H6 => 6,
            _ => 0,
        }
    }
}

//! Text in markup. The pages are HTML that is also well-formed XML, so that a test can be strict.

/// Text as the content of an element or an attribute's value. Characters that XML cannot hold, such
/// as a terminal's escapes in what a model said, show as their pictures or as U+FFFD.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            _ => escaped.push(visible(character)),
        }
    }
    escaped
}

/// A character as it may be shown: one that commands a terminal, or that XML cannot hold, as its picture or as U+FFFD.
fn visible(character: char) -> char {
    match character {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + character as u32).unwrap_or(character),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        _ => character,
    }
}

/// Text of unknown origin on a line of its own: nothing in it commands a terminal.
pub fn one_line(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// A whole page: `body` is markup, `title` is text.
pub fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}</title>\n\
         <style>\n{}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(title),
        include_str!("style.css"),
    )
}

/// A section with a heading; `inside` is markup.
pub fn section(heading: &str, inside: &str) -> String {
    format!(
        "<section>\n<h2>{}</h2>\n{inside}</section>\n",
        escape(heading)
    )
}

/// A table, of a class of the style sheet. The first column holds names, the others what is known of them; all of it is text.
pub fn table(class: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("<div class=\"wide\"><table class=\"{class}\">\n<thead><tr>");
    for cell in head {
        text += &format!("<th scope=\"col\">{}</th>", escape(cell));
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in rows {
        text += "<tr>";
        for (column, cell) in row.iter().enumerate() {
            text += &match column {
                0 => format!("<th scope=\"row\">{}</th>", escape(cell)),
                _ => format!("<td>{}</td>", escape(cell)),
            };
        }
        text += "</tr>\n";
    }
    text + "</tbody>\n</table></div>\n"
}

/// Names and values, one below the other.
pub fn list(rows: &[(String, String)]) -> String {
    let mut text = String::from("<dl>\n");
    for (name, value) in rows {
        text += &format!(
            "<div><dt>{}</dt><dd>{}</dd></div>\n",
            escape(name),
            escape(value)
        );
    }
    text + "</dl>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escape("<script>\"a\" & 'b'</script>"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;"
        );
    }

    #[test]
    fn characters_that_xml_cannot_hold_are_shown() {
        assert_eq!(escape("a\u{1b}[2J\0\r\n\u{ffff}"), "a␛[2J␀␍\n\u{fffd}");
        assert_eq!(one_line("a\u{1b}[2J\n\u{9b}é"), "a␛[2J␊\u{fffd}é");
    }
}

//! Tables as lines.
//!
//! Source: <https://www.mediawiki.org/wiki/Help:Tables>.

use super::{BREAK, CODE, CODE_END, LITERAL};

/// The rows of a table, each on a line of its own, cells separated by tabs. `content` is what stands
/// between `{|` and `|}`; its first line holds the table's attributes.
pub(super) fn rows(content: &str) -> String {
    let mut rows = Rows {
        out: String::from(BREAK),
        empty: true,
    };
    for line in content.lines().skip(1) {
        let line = line.trim_start();
        if line.starts_with("|-") {
            rows.end();
        } else if let Some(caption) = line.strip_prefix("|+") {
            rows.end();
            rows.cell(caption);
            rows.end();
        } else if let Some(cells) = line.strip_prefix('|') {
            cells.split("||").for_each(|cell| rows.cell(cell));
        } else if let Some(cells) = line.strip_prefix('!') {
            for cells in cells.split("!!") {
                cells.split("||").for_each(|cell| rows.cell(cell));
            }
        } else if !line.is_empty() {
            // A cell's text goes on.
            rows.out.push(' ');
            rows.text(line);
            rows.empty = false;
        }
    }
    rows.end();
    rows.out
}

struct Rows {
    out: String,
    /// Nothing was written of this row.
    empty: bool,
}

impl Rows {
    fn cell(&mut self, cell: &str) {
        // Attributes stand before a single `|`.
        let text = match cell.split_once('|') {
            Some((attributes, text)) if attributes.contains('=') => text,
            _ => cell,
        };
        if !self.empty {
            self.out.push('\t');
        }
        self.text(text.trim());
        self.empty = false;
    }

    /// A row is one line, whatever its cells hold.
    fn text(&mut self, text: &str) {
        self.out.extend(text.chars().map(|c| match c {
            BREAK | '\t' => ' ',
            CODE | CODE_END => LITERAL,
            c => c,
        }));
    }

    fn end(&mut self) {
        if !self.empty {
            self.out.push(BREAK);
        }
        self.empty = true;
    }
}

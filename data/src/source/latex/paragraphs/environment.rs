//! Environments in text.

use super::super::environments::{Kind, kind};
use super::super::math::tidy;
use super::super::structure::{self, Environment};
use super::{Paragraphs, Then};

impl Paragraphs<'_> {
    /// Reads the `\begin` or `\end` that stands here.
    pub(super) fn environment(&mut self) {
        let begin = self.at;
        let Some(mark) = structure::mark(self.bytes, begin) else {
            return;
        };
        self.at = mark.after;
        let name = std::str::from_utf8(mark.name).unwrap_or_default();
        let kind = kind(name);
        if !mark.begins {
            if matches!(kind, Kind::Bullets | Kind::Numbers) {
                self.lists.pop();
            }
            if kind == Kind::Math {
                return;
            }
            self.output.paragraph();
            return;
        }
        let found = self.structure.environment(begin);
        let Some(environment) = found.filter(|found| found.after <= self.end) else {
            return;
        };
        match kind {
            Kind::Math => self.display(name, environment),
            Kind::Float => self.float(environment),
            Kind::Gone => {
                self.at = environment.after;
                self.output.paragraph();
            }
            Kind::Bullets | Kind::Numbers => {
                self.lists.push((kind == Kind::Numbers).then_some(0));
                self.skip_arguments(if name == "list" { 2 } else { 0 });
                self.output.line();
            }
            Kind::Headed(heading) => {
                self.skip_arguments(0);
                self.output.paragraph();
                self.output.put(heading);
                self.output.paragraph();
            }
            Kind::Text(count) => {
                self.output.paragraph();
                let heading = match (self.theorems.get(name), name) {
                    (Some(heading), _) => *heading,
                    (None, "proof") => "Proof",
                    _ => {
                        self.skip_arguments(count);
                        return;
                    }
                };
                self.theorem(heading);
            }
        }
    }

    fn display(&mut self, name: &str, environment: Environment) {
        self.at = environment.after;
        let source = tidy(self.slice(environment.content..environment.end), true);
        self.output.line();
        if self.options.math && !source.is_empty() {
            let text = format!("\\begin{{{name}}}\n{source}\n\\end{{{name}}}");
            self.output.put(&text);
        }
        self.output.line();
    }

    /// `Theorem (Gauss). `
    fn theorem(&mut self, heading: &str) {
        self.output.put(heading);
        match self.option() {
            Some((range, after)) => {
                self.output.space();
                self.output.put("(");
                self.enter(range, after, Then::Put("). "));
            }
            None => self.output.put(". "),
        }
    }

    /// The captions of a figure or table, unless it stands in a caption.
    fn float(&mut self, environment: Environment) {
        self.at = environment.content;
        let mut captions = Vec::new();
        let end = std::mem::replace(&mut self.end, environment.end);
        while self.options.captions && !self.in_float && self.next_caption() {
            self.skip_arguments(0);
            if let Some((range, after)) = self.group() {
                captions.push(range);
                self.at = after;
            }
        }
        self.at = environment.after;
        self.end = end;
        self.output.paragraph();
        if !captions.is_empty() {
            self.in_float = true;
            self.enter_all(captions, Then::Paragraph, Then::EndFloat);
        }
    }

    /// Goes behind the next `\caption`.
    fn next_caption(&mut self) -> bool {
        let name = "\\caption";
        while let Some(at) = self.slice(self.at..self.end).find(name) {
            self.at += at + name.len();
            if !self.peek(0).is_some_and(|byte| byte.is_ascii_alphabetic()) {
                return true;
            }
        }
        false
    }
}

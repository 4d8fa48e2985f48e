//! Square brackets: links to pages, to files, to other sites.
//!
//! Source: <https://www.mediawiki.org/wiki/Help:Links>.

use super::super::site::Target;
use super::frames::{Frame, Kind};
use super::structure::{MAX_TEXT_DEPTH, Structure};

/// What an external link begins with (`$wgUrlProtocols`).
const SCHEMES: [&str; 10] = [
    "http://",
    "https://",
    "//",
    "ftp://",
    "mailto:",
    "news:",
    "irc://",
    "gopher://",
    "sftp://",
    "tel:",
];

impl Structure<'_> {
    pub(super) fn open_bracket(&mut self) {
        let run = self.run_of(b'[');
        self.fresh = false;
        if run >= 3 {
            self.literal(run - 2);
        } else if self.external(run) {
            return;
        }
        if self.next_is(1, b'[') {
            self.frames.open(Kind::Link, self.out.len());
            self.at += 2;
        } else {
            self.literal(1);
        }
    }

    /// Opens an external link, whose address goes; false where there is none.
    fn external(&mut self, brackets: usize) -> bool {
        let rest = &self.source[self.at + brackets..];
        let is_scheme = |scheme: &&str| {
            let start = rest.as_bytes().get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
        };
        // Of links to pages, those to `http` only are mistakes for sure.
        let schemes = &SCHEMES[..if brackets == 1 { SCHEMES.len() } else { 2 }];
        if !schemes.iter().any(is_scheme) {
            return false;
        }
        let end = rest.find(|c: char| c.is_whitespace() || "[]<>\"|{}".contains(c));
        let end = end.unwrap_or(rest.len());
        let blanks = rest[end..].bytes().take_while(|&byte| byte == b' ').count();
        self.at += brackets + end + blanks;
        self.frames.open(Kind::External, self.out.len());
        true
    }

    pub(super) fn close_bracket(&mut self) {
        self.fresh = false;
        if self.frames.innermost() == Some(Kind::External) {
            self.close_external();
            // Two brackets around an address are a common mistake.
            self.at += usize::from(self.next_is(1, b']') && !self.frames.can_close(Kind::Link));
            self.at += 1;
        } else if self.next_is(1, b']') {
            if self.frames.can_close(Kind::Link)
                && let Some(frame) = self.frames.close(Kind::Link)
            {
                self.close_link(&frame);
            }
            self.at += 2;
        } else if self.frames.can_close(Kind::External) && !self.frames.can_close(Kind::Link) {
            self.close_external();
            self.at += 1;
        } else {
            self.literal(1);
        }
    }

    fn close_external(&mut self) {
        if let Some(frame) = self.frames.close(Kind::External)
            && self.out.len() == frame.start
        {
            self.gap();
        }
    }

    fn close_link(&mut self, frame: &Frame) {
        let pipe = self.frames.pipes_of(frame).first().copied();
        self.frames.forget(frame);
        let target = &self.out[frame.start..pipe.unwrap_or(self.out.len())];
        if target.contains('\n') {
            return;
        }
        let kind = self.namespaces.target(target);
        let dropped = match kind {
            Target::File | Target::Category => true,
            // With other words it is a mention.
            Target::Language => pipe.is_none(),
            Target::Page => false,
        };
        if dropped || self.frames.depth() >= MAX_TEXT_DEPTH {
            self.remove(frame.start);
            return;
        }
        match pipe {
            Some(pipe) if !self.out[pipe + 1..].trim().is_empty() => {
                self.out.drain(frame.start..=pipe);
            }
            _ => {
                if let Some(pipe) = pipe {
                    self.out.truncate(pipe);
                }
                if self.out[frame.start..].starts_with([':', '#']) {
                    self.out.remove(frame.start);
                }
            }
        }
    }
}

//! What is open at a place in the text.
//!
//! A closing mark closes the nearest thing of its kind. Templates, parameters and tables are walls:
//! what was opened before them cannot be closed within. How many links are open on this side of the
//! wall is counted, so that a mark that closes nothing is known at once.

/// What can be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `{{…}}`
    Template,
    /// `{{{…}}}`
    Parameter,
    /// `{|…|}`
    Table,
    /// `<table>…</table>`
    HtmlTable,
    /// `[[…]]`
    Link,
    /// `[http://… …]`
    External,
    /// `-{…}-`, the same words in several scripts.
    Variant,
}

/// Deeper openings are dropped as if they were never closed. MediaWiki itself stops at 100
/// templates (`$wgMaxPPExpandDepth`); this much costs no more than a megabyte.
const MAX_DEPTH: usize = 16_384;

/// The most `|` that are remembered of one template: those that carry text have fewer.
const MAX_PIPES: usize = 64;

/// Something open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Where its content begins in the output.
    pub(super) start: usize,
    /// Where its `|` begin in [`Frames::pipes`].
    pipes: usize,
    /// What was open around a wall.
    around: Scope,
}

/// What is open on this side of the nearest wall.
#[derive(Clone, Copy, Debug, Default)]
struct Scope {
    /// How many frames there were below the wall, and the wall; 0 without one.
    below: usize,
    links: u32,
    externals: u32,
    variants: u32,
}

/// All that is open.
#[derive(Debug, Default)]
pub(super) struct Frames {
    frames: Vec<Frame>,
    pipes: Vec<usize>,
    scope: Scope,
}

impl Frames {
    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Opens a frame whose content begins at `start`.
    pub(super) fn open(&mut self, kind: Kind, start: usize) {
        if self.frames.len() == MAX_DEPTH {
            return;
        }
        self.frames.push(Frame {
            kind,
            start,
            pipes: self.pipes.len(),
            around: self.scope,
        });
        match kind {
            Kind::Link => self.scope.links += 1,
            Kind::External => self.scope.externals += 1,
            Kind::Variant => self.scope.variants += 1,
            _ => {
                self.scope = Scope {
                    below: self.frames.len(),
                    ..Scope::default()
                }
            }
        }
    }

    /// Whether something of this kind can be closed here.
    pub(super) fn can_close(&self, kind: Kind) -> bool {
        match kind {
            Kind::Link => self.scope.links > 0,
            Kind::External => self.scope.externals > 0,
            Kind::Variant => self.scope.variants > 0,
            _ => self.wall() == Some(kind),
        }
    }

    /// The nearest wall.
    pub(super) fn wall(&self) -> Option<Kind> {
        let at = self.scope.below.checked_sub(1)?;
        self.frames.get(at).map(|frame| frame.kind)
    }

    /// What was opened last.
    pub(super) fn innermost(&self) -> Option<Kind> {
        self.frames.last().map(|frame| frame.kind)
    }

    /// Where the content of what was opened last begins.
    pub(super) fn content(&self) -> usize {
        self.frames.last().map_or(0, |frame| frame.start)
    }

    /// Closes the nearest frame of a kind, and what is open within it. To be asked only where
    /// [`Frames::can_close`] says so; gives none otherwise and closes all.
    pub(super) fn close(&mut self, kind: Kind) -> Option<Frame> {
        while let Some(frame) = self.frames.pop() {
            self.scope = frame.around;
            if frame.kind == kind {
                return Some(frame);
            }
        }
        None
    }

    /// Notes a `|` that stands at `place` in the output.
    pub(super) fn pipe(&mut self, place: usize) {
        if let Some(frame) = self.frames.last()
            && matches!(
                frame.kind,
                Kind::Template | Kind::Parameter | Kind::Link | Kind::Variant
            )
        {
            // Those of frames that were closed, or given up, within this one.
            if self.pipes.len() - frame.pipes < MAX_PIPES {
                self.pipes.push(place);
            }
        }
    }

    /// The `|` of a frame that was just closed.
    pub(super) fn pipes_of(&self, frame: &Frame) -> &[usize] {
        self.pipes.get(frame.pipes..).unwrap_or_default()
    }

    /// Forgets the `|` of a frame that was closed.
    pub(super) fn forget(&mut self, frame: &Frame) {
        self.pipes.truncate(frame.pipes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walls_hide_what_was_opened_before_them() {
        let mut frames = Frames::default();
        frames.open(Kind::Link, 0);
        frames.open(Kind::Template, 1);
        assert!(!frames.can_close(Kind::Link) && frames.can_close(Kind::Template));
        frames.open(Kind::Link, 2);
        frames.open(Kind::External, 3);
        assert!(frames.can_close(Kind::Link) && frames.can_close(Kind::Template));
        assert_eq!(frames.close(Kind::Link).map(|frame| frame.start), Some(2));
        assert!(!frames.can_close(Kind::External) && !frames.can_close(Kind::Link));
        assert_eq!(
            frames.close(Kind::Template).map(|frame| frame.start),
            Some(1)
        );
        assert!(frames.can_close(Kind::Link) && frames.wall().is_none());
    }

    #[test]
    fn a_frame_has_the_pipes_that_stand_in_itself() {
        let mut frames = Frames::default();
        frames.open(Kind::Template, 0);
        frames.pipe(5);
        frames.open(Kind::Link, 6);
        frames.pipe(9);
        let link = frames.close(Kind::Link);
        assert_eq!(
            link.map(|link| frames.pipes_of(&link).to_vec()),
            Some(vec![9])
        );
        link.iter().for_each(|link| frames.forget(link));
        frames.pipe(12);
        let template = frames.close(Kind::Template);
        let pipes = template.map(|template| frames.pipes_of(&template).to_vec());
        assert_eq!(pipes, Some(vec![5, 12]));
    }

    #[test]
    fn depth_and_pipes_are_bounded() {
        let mut frames = Frames::default();
        for place in 0..3 * MAX_DEPTH {
            frames.open(Kind::Template, place);
            frames.pipe(place);
        }
        assert_eq!(frames.depth(), MAX_DEPTH);
        assert!(frames.pipes.len() <= MAX_DEPTH + MAX_PIPES);
    }
}

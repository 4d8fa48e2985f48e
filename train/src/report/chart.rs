//! A line chart, as inline SVG.
//!
//! The SVG has no `viewBox`: places are percentages of whatever width the page has, and text and
//! points keep their size from a telephone to a sheet of paper. Only the curves lie in an inner
//! `<svg>` that is stretched, with strokes that are not. Axis labels stand in the figure's margins,
//! over the edge of the SVG.

use super::curve::{Points, envelope, sparse};
use super::markup::escape;
use super::scale::{Axis, Extent, Scale, Tick};
use slovo_data::report::grouped;
use std::fmt::Write;

/// Columns that a curve is thinned to: more than a page or a screen can tell apart.
const COLUMNS: usize = 480;
/// Points beyond this number are not marked one by one.
const MARKED: usize = 60;
/// Colours that differ to every eye (Okabe & Ito 2008); beyond them, lines are dashed.
pub const COLOURS: usize = 6;

/// A chart.
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// In which unit.
    pub unit: &'static str,
    /// What runs along the bottom.
    pub along: Axis,
    /// The vertical axis.
    pub extent: Extent,
    /// Whether it is the one to look at first.
    pub tall: bool,
    /// Later ones lie above earlier ones.
    pub curves: Vec<Curve>,
    /// A dashed line across, and its name.
    pub rule: Option<(f64, String)>,
    /// Where along the bottom steps were skipped.
    pub skipped: Vec<f64>,
    /// What a reader has to know besides, as text.
    pub note: String,
}

/// A curve.
pub struct Curve {
    /// Its name in the legend; one without a name is not in it.
    pub name: String,
    /// Its points.
    pub points: Points,
    /// Which colour, from 0.
    pub colour: usize,
    /// How it is drawn.
    pub style: Style,
    /// A point that is named.
    pub named: Option<(f64, f64, String)>,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Faint: what was measured, noise and all.
    Raw,
    /// A line.
    Line,
    /// A line with a mark at each point.
    Points,
    /// A line, and a tint under it: what begins and ends at 0.
    Area,
    /// Dashed, without a colour: what a curve is compared with.
    Guide,
}

impl Chart {
    /// The chart as a `<figure>`.
    pub fn draw(&self) -> String {
        let mut text = format!(
            "<figure{}>\n<figcaption><b>{}</b> <span class=\"unit\">{}</span>{}</figcaption>\n",
            if self.tall { " class=\"tall\"" } else { "" },
            escape(&self.title),
            escape(&self.unit()),
            self.legend(),
        );
        match self.is_empty() {
            true => text += "<p class=\"nothing\">nothing measured yet</p>\n",
            false => text += &self.plot(),
        }
        if !self.note.is_empty() {
            let _ = writeln!(text, "<p class=\"note\">{}</p>", escape(&self.note));
        }
        text + "</figure>\n"
    }

    fn height(&self) -> Scale {
        let points = self.curves.iter().flat_map(|curve| &curve.points);
        let heights = points.map(|(_, y)| *y);
        Scale::over(
            heights.chain(self.rule.iter().map(|(y, _)| *y)),
            self.extent,
        )
    }

    fn unit(&self) -> String {
        let height = self.height().is_log().then_some("logarithmic scale");
        let unit = Some(self.unit).filter(|unit| !unit.is_empty());
        unit.into_iter()
            .chain(height)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn is_empty(&self) -> bool {
        let mut points = self.curves.iter().flat_map(|curve| &curve.points);
        !points.any(|(_, y)| y.is_finite()) && self.skipped.is_empty()
    }

    fn legend(&self) -> String {
        let named = self.curves.iter().filter(|curve| !curve.name.is_empty());
        let mut keys: Vec<_> = named
            .map(|curve| key(&curve.name, curve.colour, curve.style))
            .collect();
        if let Some((_, name)) = &self.rule {
            keys.push(swatch("<path class=\"rule\" d=\"M0 6H22\"/>", name));
        }
        if !self.skipped.is_empty() {
            let mark = "<path class=\"skipped\" d=\"M11 1V11\"/>";
            keys.push(swatch(mark, "skipped steps"));
        }
        match keys.is_empty() {
            true => String::new(),
            false => format!("<span class=\"legend\">{}</span>", keys.concat()),
        }
    }

    fn plot(&self) -> String {
        let all = || self.curves.iter().flat_map(|curve| &curve.points);
        let named = self.curves.iter().filter_map(|curve| curve.named.as_ref());
        let xs = all().map(|(x, _)| *x).chain(self.skipped.iter().copied());
        let x = Scale::over(xs, self.along.extent);
        let y = self.height();
        let mut text = format!(
            "<svg class=\"plot\" role=\"img\" aria-label=\"{}\">\n",
            escape(&format!("{} by {}", self.title, self.along.name))
        );
        for Tick { place, label } in y.ticks(if self.tall { 6 } else { 4 }) {
            let up = percent(1.0 - place);
            let _ = writeln!(
                text,
                "<line class=\"grid\" x2=\"100%\" y1=\"{up}\" y2=\"{up}\"/>\
                 <text class=\"y\" dx=\"-8\" y=\"{up}\" dy=\"0.33em\">{label}</text>"
            );
        }
        let wanted = if self.tall { 5 } else { 3 };
        let wanted = if self.along.whole {
            whole(&x, wanted)
        } else {
            wanted
        };
        for Tick { place, label } in x.ticks(wanted) {
            let along = percent(place);
            let _ = writeln!(
                text,
                "<text class=\"x\" x=\"{along}\" y=\"100%\" dy=\"18\">{label}</text>"
            );
        }
        let _ = writeln!(
            text,
            "<line class=\"axis\" x2=\"100%\" y1=\"100%\" y2=\"100%\"/>\
             <text class=\"x along\" x=\"50%\" y=\"100%\" dy=\"36\">{}</text>",
            escape(&self.along.name)
        );
        text += &self.curves(&x, &y);
        let rule = self.rule.as_ref().and_then(|(value, _)| y.place(*value));
        if let Some(place) = rule {
            let up = percent(1.0 - place);
            let _ = writeln!(
                text,
                "<line class=\"rule\" x2=\"100%\" y1=\"{up}\" y2=\"{up}\"/>"
            );
        }
        for curve in &self.curves {
            text += &marks(curve, &self.along.name, &x, &y);
        }
        for (at, value, name) in named {
            text += &name_point(&x, &y, *at, *value, name);
        }
        text + "</svg>\n"
    }

    /// The stretched part: curves and marks of skipped steps, on 1000 by 1000 units.
    fn curves(&self, x: &Scale, y: &Scale) -> String {
        let mut text = String::from(
            "<svg width=\"100%\" height=\"100%\" viewBox=\"0 0 1000 1000\" \
             preserveAspectRatio=\"none\">\n",
        );
        for curve in &self.curves {
            let path = path(&envelope(&curve.points, COLUMNS), x, y);
            let classes = line_classes(curve.colour, curve.style);
            let _ = writeln!(text, "<path class=\"{classes}\" d=\"{path}\"/>");
        }
        let mut skipped = String::new();
        for step in sparse(&self.skipped, COLUMNS) {
            if let Some(place) = x.place(step) {
                let _ = write!(skipped, "M{:.1} 1000V955", 1000.0 * place);
            }
        }
        if !skipped.is_empty() {
            let _ = writeln!(text, "<path class=\"skipped\" d=\"{skipped}\"/>");
        }
        text + "</svg>\n"
    }
}

/// A legend's entry for a curve.
pub fn key(name: &str, colour: usize, style: Style) -> String {
    let mut mark = format!(
        "<path class=\"{}\" d=\"M0 6H22\"/>",
        line_classes(colour, style)
    );
    if style == Style::Points {
        let colour = colour % COLOURS;
        let _ = write!(
            mark,
            "<circle class=\"dot c{colour}\" cx=\"11\" cy=\"6\" r=\"3\"/>"
        );
    }
    swatch(&mark, name)
}

/// A legend's entry: a small picture and a name.
fn swatch(mark: &str, name: &str) -> String {
    format!(
        "<span class=\"key\"><svg class=\"swatch\" width=\"22\" height=\"12\">{mark}</svg>{}</span>",
        escape(name)
    )
}

fn line_classes(colour: usize, style: Style) -> String {
    if style == Style::Guide {
        return "guide".into();
    }
    let mut classes = format!("line c{}", colour % COLOURS);
    match style {
        Style::Raw => classes += " raw",
        Style::Area => classes += " area",
        Style::Line | Style::Points | Style::Guide => {}
    }
    if colour >= COLOURS {
        classes += " dashed";
    }
    classes
}

/// A curve's path. A gap ends a line; a point between two gaps becomes a dot.
fn path(points: &[(f64, f64)], x: &Scale, y: &Scale) -> String {
    let mut text = String::new();
    let mut drawn = 0;
    for (along, value) in points {
        let (Some(right), Some(up)) = (x.place(*along), y.place(*value)) else {
            dot(&mut text, drawn);
            drawn = 0;
            continue;
        };
        let (right, down) = (1000.0 * right, 1000.0 * (1.0 - up));
        let letter = if drawn == 0 { 'M' } else { 'L' };
        let _ = write!(text, "{letter}{right:.1} {down:.1}");
        drawn += 1;
    }
    dot(&mut text, drawn);
    text
}

/// A line without length shows its round cap.
fn dot(text: &mut String, drawn: usize) {
    if drawn == 1 {
        text.push_str("h0");
    }
}

/// Marks at a curve's points; a reader who points at one is told its numbers.
fn marks(curve: &Curve, along: &str, x: &Scale, y: &Scale) -> String {
    let mut text = String::new();
    if curve.style != Style::Points || curve.points.len() > MARKED {
        return text;
    }
    for (at, value) in &curve.points {
        if let (Some(right), Some(up)) = (x.place(*at), y.place(*value)) {
            let place = match at.fract() == 0.0 {
                true => grouped(*at as u64),
                false => format!("{at:.2}"),
            };
            let _ = writeln!(
                text,
                "<circle class=\"dot c{}\" cx=\"{}\" cy=\"{}\" r=\"3\">\
                 <title>{}: {place}, {value:.4}</title></circle>",
                curve.colour % COLOURS,
                percent(right),
                percent(1.0 - up),
                escape(along)
            );
        }
    }
    text
}

/// A ring around a point, and its name on the side that has room.
fn name_point(x: &Scale, y: &Scale, at: f64, value: f64, name: &str) -> String {
    let (Some(right), Some(up)) = (x.place(at), y.place(value)) else {
        return String::new();
    };
    let (anchor, aside) = if right > 0.5 {
        ("end", 4)
    } else {
        ("start", -4)
    };
    let above = if up > 0.8 { 22 } else { -12 };
    format!(
        "<circle class=\"ring\" cx=\"{0}\" cy=\"{1}\" r=\"6\"/>\
         <text class=\"name\" x=\"{0}\" y=\"{1}\" dx=\"{aside}\" dy=\"{above}\" \
         text-anchor=\"{anchor}\">{2}</text>\n",
        percent(right),
        percent(1.0 - up),
        escape(name)
    )
}

fn percent(place: f64) -> String {
    format!("{:.2}%", 100.0 * place)
}

/// No more ticks than there are whole numbers: nothing happens between two steps.
fn whole(scale: &Scale, wanted: usize) -> usize {
    match scale.high() {
        high if high < wanted as f64 => (high as usize).max(1),
        _ => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Points) -> Chart {
        Chart {
            title: "Loss <b>".into(),
            unit: "nats",
            along: "step".into(),
            extent: Extent::Around,
            tall: true,
            curves: vec![Curve {
                name: "train & more".into(),
                points,
                colour: 7,
                style: Style::Points,
                named: None,
            }],
            rule: None,
            skipped: Vec::new(),
            note: String::new(),
        }
    }

    #[test]
    fn a_gap_breaks_the_line_and_a_lone_point_is_a_dot() {
        let scale = Scale::over([0.0, 4.0].into_iter(), Extent::Exactly);
        let points = [
            (0.0, 0.0),
            (1.0, f64::NAN),
            (2.0, 4.0),
            (3.0, 4.0),
            (4.0, f64::INFINITY),
        ];
        let path = path(&points, &scale, &scale);
        assert_eq!(path, "M0.0 1000.0h0M500.0 0.0L750.0 0.0");
    }

    #[test]
    fn names_are_text() {
        let drawn = chart(vec![(1.0, 2.0)]).draw();
        assert!(drawn.contains("Loss &lt;b&gt;") && drawn.contains("train &amp; more"));
        assert!(drawn.contains("line c1 dashed"), "{drawn}");
    }

    #[test]
    fn a_chart_of_nothing_says_so() {
        assert!(chart(Vec::new()).draw().contains("nothing measured yet"));
        assert!(
            chart(vec![(1.0, f64::NAN)])
                .draw()
                .contains("nothing measured yet")
        );
    }

    #[test]
    fn a_long_curve_makes_a_short_picture() {
        let long = (0..200_000).map(|i| (f64::from(i), f64::from(i % 97)));
        assert!(chart(long.collect()).draw().len() < 30_000);
    }

    #[test]
    fn steps_are_whole() {
        let drawn = chart(vec![(1.0, 2.0), (2.0, 3.0)]).draw();
        assert!(
            drawn.contains(">1</text>") && !drawn.contains(">0.5</text>"),
            "{drawn}"
        );
    }
}

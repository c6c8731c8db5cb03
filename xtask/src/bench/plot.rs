//! Lines over axes as SVG: one file, no script, readable on light and dark ground.

/// Width and height of the whole picture.
const SIZE: (f64, f64) = (760.0, 420.0);
/// Corner of the plotted field nearest to the origin of the picture, and the opposite one.
const FIELD: ((f64, f64), (f64, f64)) = ((70.0, 40.0), (560.0, 360.0));
/// Strokes: each line has its own pattern beside its colour, for those who do not tell colours apart.
const STROKES: [(&str, &str); 6] = [
    ("#1f77d0", ""),
    ("#d2691e", "8 4"),
    ("#2e9e5b", "2 4"),
    ("#b0479a", "10 4 2 4"),
    ("#8a7a1f", "4 2"),
    ("#6a6fd8", "1 3"),
];

/// How far apart values stand on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// Equal steps.
    Linear,
    /// Equal ratios; what is not positive stands at the lower end.
    Logarithmic,
}

/// An axis: what it says, with its unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Quantity and unit.
    pub(super) label: &'static str,
    /// How values are spread.
    pub(super) scale: Scale,
}

/// Named points joined by a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// What it shows.
    pub(super) name: String,
    /// Points from left to right.
    pub(super) points: Vec<(f64, f64)>,
}

/// A picture.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// What is to be seen.
    pub(super) title: String,
    /// The horizontal axis.
    pub(super) x: Axis,
    /// The vertical axis; it starts at zero unless it is logarithmic.
    pub(super) y: Axis,
    /// The lines, at most six.
    pub(super) lines: Vec<Line>,
}

/// Values of an axis mapped into the picture.
struct Span {
    scale: Scale,
    values: (f64, f64),
    place: (f64, f64),
}

impl Span {
    fn new(axis: Axis, values: impl Iterator<Item = f64> + Clone, place: (f64, f64)) -> Self {
        let most = values.clone().fold(f64::MIN_POSITIVE, f64::max);
        let least = values.filter(|value| *value > 0.0).fold(most, f64::min);
        let values = match axis.scale {
            Scale::Linear => (0.0, most * 1.05),
            Scale::Logarithmic => (10f64.powf(least.log10().floor()), 10f64.powf(most.log10().ceil())),
        };
        Self {
            scale: axis.scale,
            values,
            place,
        }
    }

    fn at(&self, value: f64) -> f64 {
        let (from, to) = self.values;
        let part = match self.scale {
            Scale::Linear => (value - from) / (to - from),
            Scale::Logarithmic if from >= to => 0.5,
            Scale::Logarithmic => (value.max(from) / from).log10() / (to / from).log10(),
        };
        self.place.0 + part * (self.place.1 - self.place.0)
    }

    /// Values that are written at the axis.
    fn ticks(&self) -> Vec<f64> {
        let (from, to) = self.values;
        let step = match self.scale {
            Scale::Linear => round_step(to / 5.0),
            Scale::Logarithmic => 10.0,
        };
        let next = |value: &f64| match self.scale {
            Scale::Linear => Some(value + step),
            Scale::Logarithmic => Some(value * step),
        };
        std::iter::successors(Some(from), next)
            .take_while(|value| *value <= to * 1.000_001)
            .take(20)
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten, not less than `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let fits = [1.0, 2.0, 5.0]
        .into_iter()
        .map(|n| n * power)
        .find(|step| *step >= least);
    fits.unwrap_or(10.0 * power)
}

/// `1500` as `1.5k`.
fn short(value: f64) -> String {
    let (number, unit) = match value.abs() {
        large if large >= 1e6 => (value / 1e6, "M"),
        large if large >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{number:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

impl Plot {
    /// The picture's text.
    pub(super) fn svg(&self) -> String {
        let ((left, top), (right, bottom)) = FIELD;
        let points = || self.lines.iter().flat_map(|line| line.points.iter().copied());
        let x = Span::new(self.x, points().map(|point| point.0), (left, right));
        let y = Span::new(self.y, points().map(|point| point.1), (bottom, top));
        let mut body = Vec::new();
        for value in x.ticks() {
            let at = x.at(value);
            body.push(format!("<path class=\"grid\" d=\"M{at:.1} {top}V{bottom}\"/>"));
            body.push(format!(
                "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                bottom + 18.0,
                short(value)
            ));
        }
        for value in y.ticks() {
            let at = y.at(value);
            body.push(format!("<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/>"));
            body.push(format!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                left - 8.0,
                at + 4.0,
                short(value)
            ));
        }
        for (nth, (line, (colour, dash))) in self.lines.iter().zip(STROKES).enumerate() {
            body.push(drawn(line, (colour, dash), (&x, &y), nth));
        }
        let middle = (left.midpoint(right), top.midpoint(bottom));
        let (width, height) = SIZE;
        let body = body.concat();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n\
             <style>text{{font:12px system-ui,sans-serif;fill:#24292f}}.title{{font-weight:600;font-size:14px}}\
             .grid{{stroke:#8886;fill:none}}.axis{{stroke:#24292f;fill:none}}\
             @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.axis{{stroke:#e6edf3}}}}</style>\n\
             <text class=\"title\" x=\"{left}\" y=\"22\">{title}</text>\n{body}\
             <path class=\"axis\" d=\"M{left} {top}V{bottom}H{right}\"/>\n\
             <text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(18 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n</svg>\n",
            middle.0,
            bottom + 42.0,
            escaped(self.x.label),
            middle.1,
            escaped(self.y.label),
            title = escaped(&self.title),
        )
    }
}

/// A line, its points, and its name in the list on the right.
fn drawn(line: &Line, (colour, dash): (&str, &str), (x, y): (&Span, &Span), nth: usize) -> String {
    let places: Vec<(f64, f64)> = line
        .points
        .iter()
        .map(|point| (x.at(point.0), y.at(point.1)))
        .collect();
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let stroke = format!("stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\" fill=\"none\"");
    let circles = places
        .iter()
        .map(|(x, y)| format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"));
    let circles = circles.collect::<String>();
    let ((_, top), (right, _)) = FIELD;
    let row = (0..nth).fold(top + 10.0, |row, _| row + 22.0);
    format!(
        "<path {stroke} d=\"M{}\"/>\n{circles}\n<path {stroke} d=\"M{} {row}h26\"/><text x=\"{}\" y=\"{}\">{}</text>\n",
        path.join("L"),
        right + 14.0,
        right + 46.0,
        row + 4.0,
        escaped(&line.name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(scale: Scale, points: &[(f64, f64)]) -> Plot {
        let line = Line {
            name: "a < b".to_owned(),
            points: points.to_vec(),
        };
        Plot {
            title: "Cost & size".to_owned(),
            x: Axis { label: "rows", scale },
            y: Axis {
                label: "CPU, us",
                scale: Scale::Linear,
            },
            lines: vec![line],
        }
    }

    #[test]
    fn a_picture_has_its_words_escaped_and_its_ticks() {
        let svg = plot(Scale::Logarithmic, &[(1_000.0, 10.0), (1_000_000.0, 20.0)]).svg();
        assert!(svg.contains("Cost &amp; size") && svg.contains("a &lt; b") && svg.contains("CPU, us"));
        for tick in [">1k<", ">10k<", ">100k<", ">1M<", ">0<", ">20<"] {
            assert!(svg.contains(tick), "{tick} is missing in {svg}");
        }
        assert!(svg.starts_with("<svg ") && svg.contains("prefers-color-scheme:dark"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn the_ends_of_a_logarithmic_axis_are_the_ends_of_the_field() {
        let svg = plot(Scale::Logarithmic, &[(1_000.0, 0.0), (1_000_000.0, 20.0)]).svg();
        assert!(svg.contains("M70.0 360.0L560.0 "), "{svg}");
    }

    #[test]
    fn one_point_or_none_is_no_reason_to_fail() {
        for points in [&[][..], &[(10.0, 5.0)]] {
            for scale in [Scale::Linear, Scale::Logarithmic] {
                let svg = plot(scale, points).svg();
                assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
            }
        }
    }

    #[test]
    fn steps_are_round() {
        assert!((round_step(0.3) - 0.5).abs() < 1e-9);
        assert!((round_step(21.0) - 50.0).abs() < 1e-9);
        assert!((round_step(7.0) - 10.0).abs() < 1e-9);
        assert_eq!(short(2_500.0), "2.5k");
        assert_eq!(short(0.0), "0");
    }
}

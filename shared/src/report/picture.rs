//! Small pictures in SVG. Colours come from the style sheet; every picture says in words what it shows.

use super::html::Html;
use super::words::{percent, signed, value};
use crate::drift::CountedBin;

/// The most bins that one picture holds.
const BINS: usize = 60;

/// Two bars a bin, the baseline's share of rows beside the batch's. None without rows on both sides.
pub(super) fn histogram(name: &str, bins: &[CountedBin]) -> Option<Html> {
    let rows = |side: fn(&CountedBin) -> u64| bins.iter().map(side).sum::<u64>() as f64;
    let (n, m) = (rows(|bin| bin.baseline), rows(|bin| bin.current));
    let shares = |bin: &CountedBin| (bin.baseline as f64 / n, bin.current as f64 / m);
    let highest = bins.iter().map(|bin| shares(bin).0.max(shares(bin).1)).fold(0.0, f64::max);
    if n == 0.0 || m == 0.0 || highest <= 0.0 {
        return None;
    }
    let (width, height) = (240.0, 80.0);
    let shown = bins.get(..BINS).unwrap_or(bins);
    let step = width / shown.len() as f64;
    let bar = step * 0.42;
    let most = shown.iter().max_by(|a, b| moved(shares(a)).total_cmp(&moved(shares(b))))?;
    let mut html = Html::default();
    html.raw("<svg viewBox=\"0 0 240 84\" role=\"img\" aria-label=\"").text(name);
    html.text(format_args!(
        ": shares in {} bins, baseline against batch; most moved {} from {} to {}",
        bins.len(),
        most.bin,
        percent(shares(most).0),
        percent(shares(most).1)
    ));
    html.raw("\">");
    for (index, bin) in shown.iter().enumerate() {
        let (baseline, current) = shares(bin);
        let left = index as f64 * step + step * 0.08;
        html.raw("<g><title>").text(&bin.bin);
        html.text(format_args!(": baseline {}, batch {}", percent(baseline), percent(current)));
        html.raw("</title>");
        for (class, x, share) in [("baseline", left, baseline), ("batch", left + bar, current)] {
            let tall = share / highest * (height - 6.0);
            html.raw("<rect class=\"").raw(class).raw("\" x=\"").text(format_args!("{x:.1}"));
            html.raw("\" y=\"").text(format_args!("{:.1}", height - tall)).raw("\" width=\"");
            html.text(format_args!("{bar:.1}"))
                .raw("\" height=\"")
                .text(format_args!("{tall:.1}"))
                .raw("\"/>");
        }
        html.raw("</g>");
    }
    html.raw("<line class=\"axis\" x1=\"0\" y1=\"80\" x2=\"240\" y2=\"80\"/></svg>\n");
    html.raw("<p class=\"ends\">");
    for end in [shown.first(), shown.last()].into_iter().flatten() {
        html.raw("<span>").text(&end.bin).raw("</span>");
    }
    html.raw("</p>\n");
    Some(html)
}

fn moved((baseline, current): (f64, f64)) -> f64 {
    (baseline - current).abs()
}

/// An estimate with its interval on a line.
pub(super) struct Interval<'a> {
    /// What is estimated.
    pub(super) name: &'a str,
    pub(super) estimate: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// The worst value that is accepted: a guard's margin or a floor.
    pub(super) limit: Option<f64>,
    /// The ends of the line.
    pub(super) scale: Scale,
}

/// The ends of a line, and whether it has a zero that means "no difference".
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    zero: bool,
}

impl Scale {
    /// Zero in the middle, wide enough for all of these. None if nothing is finite or all are zero.
    pub(super) fn around_zero(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let widest = values.into_iter().filter(|v| v.is_finite()).fold(0.0, |most, v| v.abs().max(most));
        (widest > 0.0).then_some(Self { low: -1.15 * widest, high: 1.15 * widest, zero: true })
    }

    /// From the least to the greatest of these, with a little room.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let finite: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        let low = finite.iter().copied().fold(f64::INFINITY, f64::min);
        let high = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let room = 0.15 * (high - low).max(1e-6 * high.abs());
        (high >= low && room > 0.0).then_some(Self { low: low - room, high: high + room, zero: false })
    }

    /// The place on a line of 240 units, with room for the ends.
    fn x(self, value: f64) -> f64 {
        8.0 + ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) * 224.0
    }
}

/// The picture of an interval. None where a number is not finite.
pub(super) fn interval(it: &Interval<'_>) -> Option<Html> {
    let Scale { low, high, zero } = it.scale;
    let finite = [it.estimate, it.low, it.high, low, high].iter().all(|v| v.is_finite()) && high > low;
    let words = if zero { signed } else { value };
    let mut html = Html::default();
    html.raw("<svg class=\"interval\" viewBox=\"0 0 240 42\" role=\"img\" aria-label=\"").text(it.name);
    html.text(format_args!(
        ": estimate {}, interval {} to {}",
        words(it.estimate),
        words(it.low),
        words(it.high)
    ));
    let limit = it.limit.filter(|limit| limit.is_finite());
    if let Some(limit) = limit {
        html.text(format_args!(", the limit is {}", words(limit)));
    }
    html.raw("\"><line class=\"axis\" x1=\"8\" y1=\"16\" x2=\"232\" y2=\"16\"/>");
    if zero {
        vertical(&mut html, "zero", it.scale.x(0.0));
    }
    if let Some(limit) = limit {
        vertical(&mut html, "limit", it.scale.x(limit));
    }
    html.raw("<line class=\"span\" y1=\"16\" y2=\"16\" x1=\"")
        .text(format_args!("{:.1}", it.scale.x(it.low)));
    html.raw("\" x2=\"").text(format_args!("{:.1}", it.scale.x(it.high)));
    html.raw("\"/><circle class=\"batch\" cy=\"16\" r=\"4.5\" cx=\"");
    html.text(format_args!("{:.1}", it.scale.x(it.estimate))).raw("\"/>");
    html.raw("<text x=\"8\" y=\"39\">").text(words(low)).raw("</text>");
    if zero {
        html.raw("<text x=\"120\" y=\"39\" text-anchor=\"middle\">0</text>");
    }
    html.raw("<text x=\"232\" y=\"39\" text-anchor=\"end\">").text(words(high)).raw("</text></svg>");
    finite.then_some(html)
}

fn vertical(html: &mut Html, class: &'static str, x: f64) {
    html.raw("<line class=\"").raw(class).raw("\" y1=\"4\" y2=\"28\" x1=\"").text(format_args!("{x:.1}"));
    html.raw("\" x2=\"").text(format_args!("{x:.1}")).raw("\"/>");
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_draw_nothing() {
        assert!(Scale::around_zero([f64::NAN, 0.0]).is_none());
        assert!(Scale::of([]).is_none());
        let scale = Scale::around_zero([0.1, f64::INFINITY]).unwrap();
        let it = Interval { name: "auc", estimate: f64::NAN, low: 0.0, high: 0.1, limit: None, scale };
        assert!(interval(&it).is_none());
        let bin = CountedBin { bin: "a".into(), baseline: 3, current: 0 };
        assert!(histogram("x", &[bin]).is_none());
        assert!(histogram("x", &[]).is_none());
    }

    #[test]
    fn the_middle_of_an_interval_lies_in_the_middle() {
        let scale = Scale::around_zero([0.1]).unwrap();
        assert_eq!(scale.x(0.0), 120.0);
        assert_eq!((scale.x(-9.0), scale.x(9.0)), (8.0, 232.0));
        let own = Scale::of([0.8, 0.9]).unwrap();
        assert!((own.x(0.85) - 120.0).abs() < 1e-9);
    }
}

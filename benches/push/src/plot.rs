//! results/push.svg: three panels of bars, a bar for each way, and from p50 to p99 for latencies.

use std::fmt::Write;

use crate::client::WAYS;
use crate::report::{an_hour, median, time, volume};
use crate::{Results, Scale};

/// Of a panel: its left edge, the width of a bar, and the height of a row.
const LEFT: f64 = 170.0;
const BAR: f64 = 480.0;
const ROW: f64 = 24.0;
const PANEL: f64 = ROW * WAYS.len() as f64 + 68.0;
const WIDTH: f64 = LEFT + BAR + 170.0;

/// Readable on light and on dark.
const STYLE: &str = "text{font:12px sans-serif;fill:#1f2328}.g{stroke:#8c959f;stroke-opacity:.35}text.h{font-weight:bold}\
rect{fill:#0969da}.p{fill:#1a7f37}@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#58a6ff}.p{fill:#3fb950}}";

/// What a panel shows: of each way where its bar begins and ends, and its label. `ticks` are at the lines of its scale.
struct Panel {
    title: &'static str,
    unit: &'static str,
    ticks: Vec<f64>,
    is_logarithmic: bool,
    bars: Vec<(f64, f64, String)>,
}

pub fn svg(Scale { clients, .. }: Scale, results: &Results) -> String {
    let panels = panels(results);
    let height = PANEL * panels.len() as f64;
    let mut svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">");
    let title = format!("One event a second to {clients} clients: bytes, latency and the server's CPU, by five ways");
    let _ = write!(svg, "<title>{title}</title><style>{STYLE}</style>");
    for (index, panel) in panels.iter().enumerate() {
        panel.draw(&mut svg, index as f64 * PANEL);
    }
    svg += "</svg>\n";
    svg
}

fn panels(results: &Results) -> [Panel; 3] {
    let latencies = results.iter().map(|rounds| {
        let [p50, p99] = [median(rounds, |round| round.p50), median(rounds, |round| round.p99)];
        (p50, p99, format!("{} to {}", time(p50), time(p99)))
    });
    let bytes = results.iter().map(|rounds| an_hour(rounds)).map(|bytes| (bytes / 1e6, volume(bytes)));
    let cpu = results.iter().map(|rounds| median(rounds, |round| round.server) * 100.0).map(|cpu| (cpu, format!("{cpu:.1} %")));
    [
        Panel::linear("Bytes of one client in an hour, both ways", "MB", bytes.collect()),
        Panel {
            title: "From the event to its client, p50 to p99 (logarithmic)",
            unit: "ms",
            ticks: (0..=4).map(|power| 10_f64.powi(power)).collect(),
            is_logarithmic: true,
            bars: latencies.collect(),
        },
        Panel::linear("CPU of the server, for all clients", "% of one CPU", cpu.collect()),
    ]
}

impl Panel {
    /// Bars from 0 on.
    fn linear(title: &'static str, unit: &'static str, bars: Vec<(f64, String)>) -> Self {
        let most = bars.iter().map(|bar| bar.0).fold(0.0, f64::max);
        let steps = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];
        let step = steps.into_iter().find(|step| most <= 6.0 * step).unwrap_or(20.0);
        let ticks = (0..=(most / step).ceil() as u32).map(|count| f64::from(count) * step).collect();
        let bars = bars.into_iter().map(|(value, label)| (0.0, value, label)).collect();
        Self { title, unit, ticks, is_logarithmic: false, bars }
    }

    fn draw(&self, svg: &mut String, top: f64) {
        let base = top + PANEL - 36.0;
        let _ = write!(svg, "<text class=\"h\" x=\"{LEFT}\" y=\"{:.0}\">{}</text>", top + 18.0, self.title);
        for (index, &value) in self.ticks.iter().enumerate() {
            let x = self.place(value);
            let _ = write!(svg, "<line class=\"g\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.0}\" y2=\"{base:.0}\"/>", top + 26.0);
            let unit = if index + 1 == self.ticks.len() { self.unit } else { "" };
            // One place after the point at most.
            let label = format!("{} {unit}", (value * 10.0).round() / 10.0);
            let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>", base + 15.0, label.trim_end());
        }
        for (row, (way, (from, to, label))) in WAYS.iter().zip(&self.bars).enumerate() {
            let y = top + 30.0 + row as f64 * ROW;
            let (left, right) = (self.place(*from), self.place(*to));
            let class = if way.is_push() { " class=\"p\"" } else { "" };
            let _ = write!(svg, "<text x=\"{}\" y=\"{:.0}\" text-anchor=\"end\">{way}</text>", LEFT - 8.0, y + 13.0);
            let _ =
                write!(svg, "<rect{class} x=\"{left:.1}\" y=\"{y:.0}\" width=\"{:.1}\" height=\"17\"/>", (right - left).max(2.0));
            let _ = write!(svg, "<text x=\"{:.1}\" y=\"{:.0}\">{label}</text>", right + 6.0, y + 13.0);
        }
    }

    /// Where a value is; what is outside of the scale is at its end.
    fn place(&self, value: f64) -> f64 {
        let [first, value, last] = [self.ticks[0], value, self.ticks[self.ticks.len() - 1]]
            .map(|value| if self.is_logarithmic { value.log10() } else { value });
        LEFT + BAR * ((value - first) / (last - first)).clamp(0.0, 1.0)
    }
}

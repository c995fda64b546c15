//! results/fleet.svg: dials in each second, a panel for each client and each server, on one logarithmic scale.

use std::fmt::Write;

use crate::fleet::Course;
use crate::{CLIENTS, Courses};

/// Of a panel: pixels per second, the seconds that it shows, its height and what is around it.
const PER_SECOND: u64 = 2;
const SECONDS: u64 = 180;
const HEIGHT: u64 = 56;
const LEFT: u64 = 44;
const TOP: u64 = 40;
const COLUMN: u64 = PER_SECOND * SECONDS + LEFT;
const ROW: u64 = HEIGHT + 34;

/// Readable on light and on dark.
const STYLE: &str = "text{font:11px sans-serif;fill:#1f2328}.g{stroke:#8c959f;stroke-opacity:.35}.b{stroke:#8c959f;stroke-dasharray:3}\
path{stroke:#0969da;stroke-width:2;fill:none}.o{stroke:#1a7f37}text.h{font-weight:bold}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}path{stroke:#58a6ff}.o{stroke:#3fb950}}";

pub fn svg(unlimited: &Courses, limited: &Courses) -> String {
    let height = TOP + ROW * unlimited.len() as u64 + 8;
    let width = 2 * COLUMN + 12;
    let mut svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">");
    let _ = write!(
        svg,
        "<title>Dials in each second, of {CLIENTS} clients whose server is away from 0 s to 60 s</title><style>{STYLE}</style>"
    );
    for (column, (courses, title)) in
        [(unlimited, "back at 60 s, opens all"), (limited, "back at 60 s, opens 500 a second")].iter().enumerate()
    {
        let left = LEFT + column as u64 * COLUMN;
        let _ = write!(svg, "<text class=\"h\" x=\"{left}\" y=\"14\">Dials in each second; {title}</text>");
        for (row, (name, course)) in courses.iter().enumerate() {
            panel(&mut svg, (left, TOP + row as u64 * ROW), (name, course), row == 0);
        }
    }
    svg += "</svg>\n";
    svg
}

fn panel(svg: &mut String, (left, top): (u64, u64), (name, course): (&str, &Course), is_ours: bool) {
    let (base, right) = (top + HEIGHT, left + PER_SECOND * SECONDS);
    let _ = write!(svg, "<text x=\"{left}\" y=\"{}\">{name}</text>", top - 4);
    for (value, label) in [(1, "1"), (100, "100"), (10_000, "10k")] {
        let y = base - bar(value);
        let _ = write!(svg, "<line class=\"g\" x1=\"{left}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>");
        let _ = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text>", left - 4, y + 4);
    }
    for second in (0..=SECONDS).step_by(60) {
        let (x, y) = (left + second * PER_SECOND, base + 12);
        let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{second}</text>");
    }
    let back = left + 60 * PER_SECOND;
    let _ = write!(svg, "<line class=\"b\" x1=\"{back}\" x2=\"{back}\" y1=\"{top}\" y2=\"{base}\"/><path");
    if is_ours {
        *svg += " class=\"o\"";
    }
    *svg += " d=\"";
    for second in (0..SECONDS).filter(|&second| course.in_second(second) > 0) {
        let _ = write!(svg, "M{} {base}v-{}", left + second * PER_SECOND + PER_SECOND / 2, bar(course.in_second(second)));
    }
    *svg += "\"/>";
}

/// The height of a bar: 1 pixel is one, all of it is 20 000.
fn bar(value: u64) -> u64 {
    1 + ((value as f64).log10() / 20_000_f64.log10() * (HEIGHT - 1) as f64).round() as u64
}

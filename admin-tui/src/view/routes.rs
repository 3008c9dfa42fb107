//! The busiest routes: their figures, and a heat map of their latency.

use yibi_common::admin::MinuteFigures;

use super::Page;
use super::overview::{BARS, heat, millis};
use crate::model::trends::Trends;
use crate::text;
use crate::theme::Tone;

/// Columns of the figures at the right.
const FIGURES: u16 = 31;
/// The least and the most columns of the map.
const MAP: (u16, u16) = (10, 60);

/// Draws as many routes as fit.
pub fn draw(trends: &Trends, y: u16, page: &mut Page<'_>) {
    let routes = trends.busiest();
    let room = page.height().saturating_sub(y + 1);
    if room == 0 || routes.is_empty() {
        return;
    }
    let map = if page.width() < 100 { MAP.0 } else { (page.width() / 3).min(MAP.1) };
    let name = page.width().saturating_sub(FIGURES + map + 5);
    let x = 2 + name + 1;
    page.text(2, y, page.width(), "BUSIEST ROUTES", Tone::Heading);
    axis(x, y, map, page);
    page.right(y, "REQ/MIN   5XX     P50     P99 ", Tone::Heading);
    for (y, (route, readings)) in (y + 1..).zip(routes.iter().take(usize::from(room))) {
        page.text(2, y, name, route, Tone::Text);
        strip(readings, x, y, map, page);
        let Some(now) = readings.last() else { continue };
        let x = page.width().saturating_sub(FIGURES);
        page.text(x, y, 8, &text::fit(&text::count(now.requests), 8, true), Tone::Text);
        let tone = if now.failures > 0 { Tone::Bad } else { Tone::Dim };
        page.text(x + 8, y, 6, &text::fit(&text::count(now.failures), 6, true), tone);
        for (x, ms) in [(x + 14, now.p50_ms), (x + 22, now.p99_ms)] {
            let (words, tone) =
                if now.requests > 0 { (millis(ms), heat(ms)) } else { ("—".into(), Tone::Dim) };
            page.text(x, y, 8, &text::fit(&words, 8, true), tone);
        }
    }
}

/// The heading of the map: the span of time, where it fits.
fn axis(x: u16, y: u16, map: u16, page: &mut Page<'_>) {
    let minutes = map - 1;
    if map < 20 {
        page.text(x, y, map, &format!("P99 {minutes} MIN"), Tone::Heading);
        return;
    }
    page.text(x, y, map, &format!("{minutes} MIN AGO"), Tone::Heading);
    page.text(x + map / 2 - 1, y, 3, "P99", Tone::Heading);
    page.text(x + map - 3, y, 3, "NOW", Tone::Heading);
}

/// A cell for each minute, the present one at the right. Its height shows the requests, its colour the p99.
fn strip(readings: &[MinuteFigures], x: u16, y: u16, width: u16, page: &mut Page<'_>) {
    let most = readings.iter().map(|reading| reading.requests).max().unwrap_or(0).max(1);
    let shown = readings.iter().rev().take(usize::from(width));
    for (x, reading) in (x..x + width).rev().zip(shown) {
        if reading.requests == 0 {
            page.text(x, y, 1, "·", Tone::Faint);
            continue;
        }
        // The highest bar leaves a line free, which separates the routes.
        let height = usize::try_from((reading.requests * 6).div_ceil(most)).unwrap_or(0);
        let bar = BARS.get(height).copied().unwrap_or(" ");
        let style = page.theme.heat(reading.p99_ms);
        page.styled(x, y, 1, bar, style);
    }
}

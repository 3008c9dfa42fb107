//! The overview of all servers.

use yibi_common::admin::{Overview, ServerState, ServerView};

use super::list::about;
use super::{Page, placeholder, routes};
use crate::model::Model;
use crate::text;
use crate::theme::Tone;
use crate::time;

/// The bars of a sparkline, the lowest first.
pub const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

pub fn draw(model: &Model, page: &mut Page<'_>) {
    let Some(overview) = &model.overview else {
        page.text(2, 1, page.width(), placeholder(model), Tone::Dim);
        return;
    };
    let lines = figures(overview, page);
    let mut y = lines;
    let missing: Vec<&str> = overview
        .servers
        .iter()
        .filter(|server| server.state == ServerState::Missing)
        .map(|server| server.name.as_str())
        .collect();
    if !missing.is_empty() {
        let text = format!("missing: {}; its figures are not included", missing.join(", "));
        page.text(2, y, page.width(), &text, Tone::Bad);
        y += 2;
    }
    let skipped = model.overview_top.min(overview.servers.len().saturating_sub(1));
    for server in overview.servers.iter().skip(skipped) {
        if y >= page.height() {
            break;
        }
        y = draw_server(model, server, y, page);
    }
    y = caller(model, y, page);
    routes::draw(&model.trends, y, page);
}

/// The caller as the server knows it.
fn caller(model: &Model, y: u16, page: &mut Page<'_>) -> u16 {
    let Some(identity) = &model.identity else { return y };
    let role = identity.role.to_string();
    let zone = format!("  times in {}", model.clock().zone_name());
    page.line(
        2,
        y,
        &[
            ("you are ", Tone::Dim),
            (&identity.name, Tone::Text),
            (", role ", Tone::Dim),
            (&role, Tone::Text),
            (&zone, Tone::Dim),
        ],
    );
    y + 2
}

/// The figures of all servers together, in two lines of four.
fn figures(overview: &Overview, page: &mut Page<'_>) -> u16 {
    let counted = |count: Option<_>| count.map_or_else(|| "?".into(), about);
    let up = || {
        overview
            .servers
            .iter()
            .filter(|server| server.state != ServerState::Missing)
            .map(|server| &server.figures)
    };
    let failures: u64 = up().map(|figures| figures.failures).sum();
    let slowest = up()
        .filter_map(|figures| figures.p99_ms)
        .fold(None, |most: Option<f64>, ms| Some(most.map_or(ms, |most| most.max(ms))));
    let cells = [
        ("online", counted(overview.online), Tone::Good),
        ("sessions", counted(overview.sessions), Tone::Text),
        ("users", counted(overview.users), Tone::Text),
        ("drawings", counted(overview.drawings), Tone::Text),
        ("requests/min", text::count(up().map(|figures| figures.requests).sum()), Tone::Text),
        ("5xx/min", text::count(failures), if failures > 0 { Tone::Bad } else { Tone::Text }),
        (
            "sign-ins · saves",
            format!(
                "{} · {}",
                text::count(up().map(|figures| figures.sign_ins).sum()),
                text::count(up().map(|figures| figures.saves).sum())
            ),
            Tone::Text,
        ),
        ("slowest p99", slowest.map_or_else(|| "—".into(), millis), slowest.map_or(Tone::Dim, heat)),
    ];
    let step = page.width().saturating_sub(2) / 4;
    for (index, (label, value, tone)) in (0_u16..).zip(&cells) {
        let (x, y) = (2 + index % 4 * step, 1 + index / 4 * 3);
        page.text(x, y, step.saturating_sub(2), label, Tone::Dim);
        let style = page.theme.style(*tone).add_modifier(ratatui::style::Modifier::BOLD);
        page.styled(x, y + 1, step.saturating_sub(2), value, style);
    }
    7
}

fn draw_server(model: &Model, server: &ServerView, mut y: u16, page: &mut Page<'_>) -> u16 {
    let (mark, words, tone) = match server.state {
        ServerState::Up => ("●", "up", Tone::Good),
        ServerState::Draining => ("◐", "draining", Tone::Warn),
        ServerState::Missing => ("✗", "missing", Tone::Bad),
    };
    let now = model.server_now();
    let since = time::parse(&server.started_at).map(|at| time::span(now - at)).unwrap_or_default();
    let mut pieces = vec![(mark.to_owned(), tone), (format!(" {}", server.name), Tone::Accent)];
    pieces.push((format!("  {} · {words} for {since}", server.version), Tone::Dim));
    if server.state == ServerState::Missing {
        let heard = time::parse(&server.heard_at).map(|at| time::ago(at, now)).unwrap_or_default();
        pieces.push((format!(" · last heard {heard}"), Tone::Bad));
    }
    let pieces: Vec<(&str, Tone)> = pieces.iter().map(|(text, tone)| (text.as_str(), *tone)).collect();
    page.line(2, y, &pieces);
    y += 1;
    let figures = &server.figures;
    let room = usize::from(page.width().saturating_sub(40)).min(60);
    let mut at = 4;
    at += page.text(at, y, 60, &sparkline(&figures.per_second, room), Tone::Good);
    let latency =
        |label: &str, ms: Option<f64>| format!("  {label} {}", ms.map_or_else(|| "—".into(), millis));
    at += page.text(at, y, 30, &format!("  {}/min", text::count(figures.requests)), Tone::Text);
    at += page.text(at, y, 20, &latency("p50", figures.p50_ms), figures.p50_ms.map_or(Tone::Dim, heat));
    page.text(at, y, 20, &latency("p99", figures.p99_ms), figures.p99_ms.map_or(Tone::Dim, heat));
    y += 1;
    let mut at = 4;
    for dependency in &figures.dependencies {
        let tone = match dependency.state.as_str() {
            "ok" => Tone::Good,
            "slow" => Tone::Warn,
            _ => Tone::Bad,
        };
        let ping = dependency.ping_ms.map_or_else(String::new, |ms| format!(" {}", millis(ms)));
        let head = format!("{} on {} ", dependency.name, dependency.backend);
        at = page.line(
            at,
            y,
            &[(&head, Tone::Dim), (&dependency.state, tone), (&ping, Tone::Dim), ("   ", Tone::Dim)],
        );
    }
    y + 2
}

/// A latency in the unit that keeps it short.
pub fn millis(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1_000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.1} s", ms / 1_000.0)
    }
}

/// The tone of a latency.
pub fn heat(ms: f64) -> Tone {
    if ms < 100.0 {
        Tone::Good
    } else if ms < 500.0 {
        Tone::Warn
    } else {
        Tone::Bad
    }
}

/// The latest figures as bars, as many as fit.
fn sparkline(figures: &[u32], room: usize) -> String {
    let shown = figures.get(figures.len().saturating_sub(room)..).unwrap_or_default();
    let most = u64::from(shown.iter().copied().max().unwrap_or(0).max(1));
    shown
        .iter()
        .map(|figure| {
            let height = usize::try_from((u64::from(*figure) * 7).div_ceil(most)).unwrap_or(0);
            BARS.get(height).copied().unwrap_or(" ")
        })
        .collect()
}

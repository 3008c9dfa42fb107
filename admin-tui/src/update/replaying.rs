//! The keys of a replay.

use super::reviewing;
use crate::keys::Replay;
use crate::model::Model;
use crate::model::detail::Detail;
use crate::replay::Player;

const MOST_ZOOM: u16 = 8;

pub fn run(model: &mut Model, command: Replay) {
    match command {
        Replay::Play if reviewing::uncover(model) => {}
        Replay::Play => play(model, Player::toggle),
        Replay::StepBack => play(model, |player| player.step(-1)),
        Replay::StepForward => play(model, |player| player.step(1)),
        Replay::JumpBack => play(model, |player| player.step(-10)),
        Replay::JumpForward => play(model, |player| player.step(10)),
        Replay::TenthBack => play(model, |player| player.jump(-1)),
        Replay::TenthForward => play(model, |player| player.jump(1)),
        Replay::Start => play(model, |player| player.scrub(0)),
        Replay::End => play(model, |player| player.scrub(1000)),
        Replay::Slower => play(model, |player| player.accelerate(-1)),
        Replay::Faster => play(model, |player| player.accelerate(1)),
        Replay::OriginalSpeed => play(model, Player::original_speed),
        Replay::Summary => play(model, Player::summarize),
        Replay::SkipIdle => play(model, Player::toggle_idle),
        Replay::Repeat => play(model, |player| player.repeats = !player.repeats),
        Replay::ZoomIn => zoom(model, |zoom| zoom * 2),
        Replay::ZoomOut => zoom(model, |zoom| zoom / 2),
        Replay::PanLeft => pan(model, -1, 0),
        Replay::PanRight => pan(model, 1, 0),
        Replay::PanUp => pan(model, 0, -1),
        Replay::PanDown => pan(model, 0, 1),
        Replay::Marker => {
            if let Some(drawing) = model.details.last_mut().and_then(Detail::drawing_mut) {
                drawing.braille = !drawing.braille;
                super::fit(model);
            }
        }
    }
}

/// Changes the replay, from now on.
fn play(model: &mut Model, change: impl FnOnce(&mut Player)) {
    let now = model.now;
    if let Some(drawing) = model.details.last_mut().and_then(Detail::drawing_mut)
        && let Some(player) = drawing.player.as_mut()
    {
        drawing.passed = now;
        change(player);
    }
}

/// Changes the magnification; the middle of the screen stays where it is.
fn zoom(model: &mut Model, change: impl FnOnce(u16) -> u16) {
    if let Some(drawing) = model.details.last_mut().and_then(Detail::drawing_mut) {
        let (before, after) = (drawing.zoom, change(drawing.zoom).clamp(1, MOST_ZOOM));
        let half = |zoom: u16| 500 / i32::from(zoom);
        let shift = half(before) - half(after);
        drawing.zoom = after;
        drawing.offset = (drawing.offset.0 + shift, drawing.offset.1 + shift);
    }
    pan(model, 0, 0);
    super::fit(model);
}

/// Pans by a quarter of the screen.
fn pan(model: &mut Model, right: i32, down: i32) {
    if let Some(drawing) = model.details.last_mut().and_then(Detail::drawing_mut) {
        let part = 1000 / i32::from(drawing.zoom);
        let moved = |from: i32, by: i32| (from + by * part / 4).clamp(0, 1000 - part);
        drawing.offset = (moved(drawing.offset.0, right), moved(drawing.offset.1, down));
    }
}

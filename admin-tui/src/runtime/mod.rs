//! The event loop: messages in, the model updated, effects out, the screen drawn when something has changed.

mod ascii;
mod background;
mod clipboard;
mod effects;
mod hang_up;
mod jobs;
mod pager;
mod size;
mod terminal;

use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::client::Client;
use crate::model::{LIVE_FRAME, Model, UNFOCUSED_FRAME};
use crate::msg::{Effect, Msg};
use crate::time::Millis;
use crate::update::update;
use crate::views::View;
use background::{Filter, Filtered};
use effects::Runner;
pub use hang_up::watch as watch_terminal;
pub use size::size;
use terminal::Screen;

/// Messages that may wait.
const QUEUE: usize = 256;
/// Messages taken before the screen is drawn.
const BATCH: usize = 64;

/// How the console ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Quit,
    /// The operator asked for the server of another profile.
    Switch(String),
    Signal(i32),
}

pub fn now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

/// The signals that end or stop the console.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
    stop: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
        })
    }
}

/// Runs the console until it ends.
///
/// # Errors
/// The terminal can't be used.
pub async fn run(client: Client, model: &mut Model) -> io::Result<End> {
    let mut screen = Screen::take()?;
    // The first frame comes before any request.
    screen.draw(model)?;
    model.dirty = false;
    screen.mouse(model.mouse)?;
    if model.theme.follows_background {
        screen.write(background::QUERY)?;
    }
    let (sender, mut receiver) = mpsc::channel(QUEUE);
    let mut runner = Runner::new(client, sender);
    let (mut events, mut filter) = (EventStream::new(), Filter::default());
    let mut signals = Signals::new()?;
    let (mut drawn_at, mut urgent) = (now(), false);
    let mut next = vec![Msg::Start];
    loop {
        next.extend(resized(model));
        for msg in next.drain(..) {
            urgent |= is_urgent(&msg);
            for effect in update(model, now(), msg) {
                if let Some(end) = carry_out(effect, model, &mut screen, &mut runner)? {
                    return Ok(end);
                }
            }
        }
        let frame_at = drawn_at + frame_pause(model);
        if model.dirty && (urgent || now() >= frame_at) {
            screen.draw(model)?;
            (model.dirty, urgent, drawn_at) = (false, false, now());
        }
        let wake = model.wake().into_iter().chain(model.dirty.then_some(frame_at)).min();
        let wake = wake.map(|at| Duration::from_millis(u64::try_from(at - now()).unwrap_or(0)));
        tokio::select! {
            biased;
            event = events.next() => {
                let Some(event) = event.transpose()? else { return Ok(End::Quit) };
                next.extend(message(event, &mut filter));
                // Keys that were typed ahead are drawn as one frame. They are not taken from the stream, which would
                // keep the waker of a poll that has ended, and never wake this task again.
                while next.len() < BATCH && crossterm::event::poll(Duration::ZERO)? {
                    next.extend(message(crossterm::event::read()?, &mut filter));
                }
            }
            Some(()) = signals.terminate.recv() => return Ok(End::Signal(rustix::process::Signal::TERM.as_raw())),
            Some(()) = signals.hang_up.recv() => return Ok(End::Signal(rustix::process::Signal::HUP.as_raw())),
            Some(()) = signals.stop.recv() => suspend(&mut screen, model)?,
            Some(msg) = receiver.recv() => {
                next.push(msg);
                while next.len() < BATCH && let Ok(msg) = receiver.try_recv() {
                    next.push(msg);
                }
            }
            () = sleep(wake) => next.push(Msg::Tick),
        }
    }
}

/// A change of the terminal's size that raised no event, because it came before the event stream.
fn resized(model: &Model) -> Option<Msg> {
    let (width, height) = size();
    ((width, height) != model.size).then_some(Msg::Resize(width, height))
}

/// Whether the operator waits for the effect on the screen.
fn is_urgent(msg: &Msg) -> bool {
    match msg {
        Msg::Start
        | Msg::Key(_)
        | Msg::Mouse(_)
        | Msg::Paste(_)
        | Msg::Resize(..)
        | Msg::Focus(_)
        | Msg::Background(_)
        | Msg::Answer { .. } => true,
        Msg::Tick | Msg::StreamOpen | Msg::Event(_) | Msg::StreamClosed(_) => false,
    }
}

/// The least time between two frames that nobody waits for. The live view changes with every event.
fn frame_pause(model: &Model) -> Millis {
    match (model.view, model.details.is_empty(), model.focused) {
        (View::Live, true, true) => LIVE_FRAME,
        (View::Live, true, false) => UNFOCUSED_FRAME,
        _ => 0,
    }
}

/// Carries an effect out; returns how the console ends, if it does.
fn carry_out(
    effect: Effect,
    model: &mut Model,
    screen: &mut Screen,
    runner: &mut Runner,
) -> io::Result<Option<End>> {
    match effect {
        Effect::Quit => return Ok(Some(End::Quit)),
        Effect::Switch(profile) => return Ok(Some(End::Switch(profile))),
        Effect::Redraw => screen.forget()?,
        Effect::Mouse(captured) => screen.mouse(captured)?,
        Effect::Copy(text) => {
            if clipboard::copy(&text)? {
                model.copied_to_tmux();
            }
        }
        Effect::Page(text) => {
            // The thread behind the event stream rests between a key and the next poll of the stream, so that
            // the pager alone reads the keys.
            if let Err(error) = screen.lend(text, model.mouse) {
                model.flash_error(error.to_string());
            }
            model.dirty = true;
        }
        Effect::Suspend => suspend(screen, model)?,
        Effect::Send(..) | Effect::Cancel(_) | Effect::Listen | Effect::StopListening => runner.run(effect),
    }
    Ok(None)
}

fn suspend(screen: &mut Screen, model: &mut Model) -> io::Result<()> {
    if !screen.suspend(model.mouse)? {
        model.flash_error("no shell to go back to: this console can't be suspended".to_owned());
    }
    model.dirty = true;
    Ok(())
}

/// Waits for so long, or for ever.
async fn sleep(wake: Option<Duration>) {
    match wake {
        Some(wake) => tokio::time::sleep(wake).await,
        None => std::future::pending().await,
    }
}

fn message(event: Event, filter: &mut Filter) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => None,
        Event::Key(key) => match filter.take(key) {
            Filtered::Key(key) => Some(Msg::Key(key)),
            Filtered::Swallowed => None,
            Filtered::Color(rgb) => Some(Msg::Background(rgb)),
        },
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(..) => {
            let (width, height) = size();
            Some(Msg::Resize(width, height))
        }
        Event::FocusGained => Some(Msg::Focus(true)),
        Event::FocusLost => Some(Msg::Focus(false)),
    }
}

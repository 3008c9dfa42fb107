//! The loop: events in, the model changed, effects out, the screen drawn when something is different.

mod clipboard;
mod effects;
mod terminal;

use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::client::Client;
use crate::model::Model;
use crate::moment::Millis;
use crate::msg::{Effect, Msg};
use crate::update::update;
use effects::Runner;
use terminal::Screen;

/// Messages that may wait to be taken.
const QUEUE: usize = 256;
/// Messages taken before the screen is drawn.
const BATCH: usize = 64;

/// How the console came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The operator left.
    Quit,
    /// A signal asked for it.
    Signal(i32),
}

/// The time, as the model takes it.
pub fn now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

/// Runs the console until its end.
///
/// # Errors
/// The terminal can't be used.
pub async fn run(client: Client, mut model: Model) -> io::Result<End> {
    let mut screen = Screen::take()?;
    // The first frame comes before anything is asked.
    screen.draw(&model)?;
    model.dirty = false;
    let (sender, mut receiver) = mpsc::channel(QUEUE);
    let mut runner = Runner::new(client, sender);
    let mut events = EventStream::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut stop = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
    let mut next = vec![Msg::Start];
    loop {
        for msg in next.drain(..) {
            for effect in update(&mut model, now(), msg) {
                match effect {
                    Effect::Quit => return Ok(End::Quit),
                    Effect::Redraw => screen.forget()?,
                    Effect::Mouse(taken) => screen.mouse(taken)?,
                    Effect::Copy(text) => {
                        screen.say(&clipboard::sequence(&text, std::env::var_os("TMUX").is_some()))?;
                    }
                    Effect::Page(text) => {
                        // The thread behind the stream rests between a key and the next time that the stream is
                        // asked: whoever reads keys now is the pager alone.
                        if let Err(error) = screen.lend(&text, model.mouse) {
                            model.complain(format!("the pager: {error}"));
                        }
                        model.dirty = true;
                    }
                    Effect::Suspend => suspend(&mut screen, &mut model)?,
                    Effect::Send(..) | Effect::Cancel(_) | Effect::Listen | Effect::StopListening => {
                        runner.run(effect);
                    }
                }
            }
        }
        if std::mem::take(&mut model.dirty) {
            screen.draw(&model)?;
        }
        let wake = model.wake().map(|at| Duration::from_millis(u64::try_from(at - now()).unwrap_or(0)));
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(Ok(event)) => next.extend(message(event)),
                Some(Err(error)) => return Err(error),
                None => return Ok(End::Quit),
            },
            Some(()) = terminate.recv() => return Ok(End::Signal(rustix::process::Signal::TERM.as_raw())),
            Some(()) = hang_up.recv() => return Ok(End::Signal(rustix::process::Signal::HUP.as_raw())),
            Some(()) = stop.recv() => suspend(&mut screen, &mut model)?,
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

fn suspend(screen: &mut Screen, model: &mut Model) -> io::Result<()> {
    screen.suspend(model.mouse)?;
    model.dirty = true;
    Ok(())
}

/// Waits, or for ever where nothing is to come.
async fn sleep(wake: Option<Duration>) {
    match wake {
        Some(wake) => tokio::time::sleep(wake).await,
        None => std::future::pending().await,
    }
}

fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => None,
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        Event::FocusGained => Some(Msg::Focus(true)),
        Event::FocusLost => Some(Msg::Focus(false)),
    }
}

//! Requests carried out beside the loop, each of which can be dropped at any time.

use std::collections::HashMap;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use crate::client::{Client, parse_event};
use crate::msg::{Effect, Msg, Slot};

/// Carries requests out.
pub struct Runner {
    client: Client,
    sender: Sender<Msg>,
    running: HashMap<Slot, JoinHandle<()>>,
    stream: Option<JoinHandle<()>>,
}

impl Runner {
    /// Answers go to `sender`.
    pub fn new(client: Client, sender: Sender<Msg>) -> Self {
        Self { client, sender, running: HashMap::new(), stream: None }
    }

    /// Starts what an effect asks for, in place of what ran for the same purpose. A change that is on its way
    /// is never dropped: whether it was made would not be known.
    pub fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Send(ticket, request) => {
                let (client, sender, slot) = (self.client.clone(), self.sender.clone(), ticket.slot);
                let task = tokio::spawn(async move {
                    let (result, server_now) = match client.ask(&request).await {
                        Ok((reply, now)) => (Ok(reply), now),
                        Err(trouble) => (Err(trouble), None),
                    };
                    // The loop has ended where nobody takes it.
                    let _ = sender.send(Msg::Answer { ticket, result, server_now }).await;
                });
                if let Some(before) = self.running.insert(slot, task)
                    && slot != Slot::Act
                {
                    before.abort();
                }
            }
            Effect::Cancel(slot) => {
                if let Some(task) = self.running.remove(&slot) {
                    task.abort();
                }
            }
            Effect::Listen => {
                self.hush();
                let (client, sender) = (self.client.clone(), self.sender.clone());
                self.stream = Some(tokio::spawn(async move {
                    let trouble = match client.events().await {
                        Err(trouble) => trouble,
                        Ok(mut events) => {
                            let _ = sender.send(Msg::StreamOpen).await;
                            loop {
                                match events.next().await {
                                    Ok(data) => {
                                        if let Some(event) = parse_event(&data) {
                                            let _ = sender.send(Msg::Event(Box::new(event))).await;
                                        }
                                    }
                                    Err(trouble) => break trouble,
                                }
                            }
                        }
                    };
                    let _ = sender.send(Msg::StreamClosed(trouble)).await;
                }));
            }
            Effect::StopListening => self.hush(),
            Effect::Copy(_)
            | Effect::Page(_)
            | Effect::Mouse(_)
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }

    fn hush(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.abort();
        }
    }
}

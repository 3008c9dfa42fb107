//! Requests, carried out beside the loop. Each can be dropped at any time.

use std::collections::HashMap;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use crate::client::{Client, parse_event};
use crate::msg::{Effect, Msg, Slot};

pub struct Runner {
    client: Client,
    sender: Sender<Msg>,
    running: HashMap<Slot, JoinHandle<()>>,
    stream: Option<JoinHandle<()>>,
}

impl Runner {
    /// A runner that sends answers to `sender`.
    pub fn new(client: Client, sender: Sender<Msg>) -> Self {
        Self { client, sender, running: HashMap::new(), stream: None }
    }

    /// Starts a request in place of the one of the same slot. A change in progress is never dropped, because its
    /// outcome would remain unknown.
    pub fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Send(ticket, request) => {
                let (client, sender, slot) = (self.client.clone(), self.sender.clone(), ticket.slot);
                let task = tokio::spawn(async move {
                    let (result, server_now) = match client.ask(&request).await {
                        Ok((reply, now)) => (Ok(reply), now),
                        Err(error) => (Err(error), None),
                    };
                    // After the end of the loop, nobody takes the answer.
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
                self.stop_listening();
                let (client, sender) = (self.client.clone(), self.sender.clone());
                self.stream = Some(tokio::spawn(async move {
                    let error = match client.events().await {
                        Err(error) => error,
                        Ok(mut events) => {
                            let _ = sender.send(Msg::StreamOpen).await;
                            loop {
                                match events.next().await {
                                    Ok(data) => {
                                        if let Some(event) = parse_event(&data) {
                                            let _ = sender.send(Msg::Event(Box::new(event))).await;
                                        }
                                    }
                                    Err(error) => break error,
                                }
                            }
                        }
                    };
                    let _ = sender.send(Msg::StreamClosed(error)).await;
                }));
            }
            Effect::StopListening => self.stop_listening(),
            Effect::Copy(_)
            | Effect::Page(_)
            | Effect::Mouse(_)
            | Effect::Redraw
            | Effect::Switch(_)
            | Effect::Suspend
            | Effect::Quit => {}
        }
    }

    fn stop_listening(&mut self) {
        if let Some(stream) = self.stream.take() {
            stream.abort();
        }
    }
}

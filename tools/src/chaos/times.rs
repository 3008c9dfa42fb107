//! The times during which clients had no success.

use std::collections::BTreeMap;
use std::time::Duration;

use super::history::Event;

fn by_client(events: &[Event]) -> BTreeMap<usize, Vec<&Event>> {
    let mut clients: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
    for event in events {
        clients.entry(event.client).or_default().push(event);
    }
    clients
}

/// The longest time of all clients from a request to the next success, whether failures or one late reply are in
/// between.
#[must_use]
pub fn longest_refusal(events: &[Event]) -> Duration {
    let mut longest = Duration::ZERO;
    for events in by_client(events).values() {
        let mut since = None;
        for event in events {
            longest = longest.max(event.replied - *since.get_or_insert(event.invoked));
            if !event.failed() {
                since = None;
            }
        }
    }
    longest
}

/// The longest time of all clients from the end of the fault to the next success. For a client without a success it is
/// the time to its last failure.
#[must_use]
pub fn recovery(events: &[Event], healed: &[Duration]) -> Duration {
    let clients = by_client(events);
    let of = |healed: &Duration, events: &Vec<&Event>| {
        let mut behind = events.iter().filter(|event| event.replied >= *healed);
        let last = events.last().filter(|event| event.failed());
        behind.find(|event| !event.failed()).or(last).map(|event| event.replied.saturating_sub(*healed))
    };
    let all = healed.iter().flat_map(|healed| clients.values().filter_map(move |events| of(healed, events)));
    all.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::history::{Call, Drawing, Outcome};

    fn read(client: usize, invoked: u64, replied: u64, well: bool) -> Event {
        let (invoked, replied) = (Duration::from_secs(invoked), Duration::from_secs(replied));
        let outcome = if well { Outcome::Read { since: 0, marks: Vec::new() } } else { Outcome::Unavailable };
        Event { client, drawing: Drawing { user: 0, number: 0 }, invoked, replied, call: Call::Read, outcome }
    }

    #[test]
    fn a_refusal_lasts_to_the_next_success() {
        let events = [
            read(0, 0, 1, true),
            read(0, 2, 3, false),
            read(1, 3, 4, true),
            read(0, 4, 6, false),
            read(0, 6, 7, true),
            read(1, 7, 9, false),
        ];
        assert_eq!(longest_refusal(&events), Duration::from_secs(5));
        assert_eq!(longest_refusal(&events[..1]), Duration::from_secs(1));
    }

    #[test]
    fn all_clients_have_to_recover() {
        let events = [
            read(0, 0, 4, false),
            read(0, 4, 6, true),
            read(1, 0, 5, true),
            read(0, 10, 11, true),
            read(1, 9, 18, false),
        ];
        assert_eq!(recovery(&events, &[Duration::from_secs(4)]), Duration::from_secs(2));
        assert_eq!(recovery(&events, &[]), Duration::ZERO);
        assert_eq!(
            recovery(&events, &[Duration::from_secs(4), Duration::from_secs(8)]),
            Duration::from_secs(10)
        );
    }
}

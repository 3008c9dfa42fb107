use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const DRAWING: Drawing = Drawing { user: 0, number: 0 };

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn append(times: (u64, u64), from: usize, marks: &[Mark], outcome: Outcome) -> Event {
    let call = Call::Append { from, marks: marks.to_vec() };
    Event { client: 0, drawing: DRAWING, invoked: at(times.0), replied: at(times.1), call, outcome }
}

fn read(times: (u64, u64), since: usize, marks: &[Mark]) -> Event {
    let outcome = Outcome::Read { since, marks: marks.to_vec() };
    let (invoked, replied) = (at(times.0), at(times.1));
    Event { client: 1, drawing: DRAWING, invoked, replied, call: Call::Read, outcome }
}

fn finals(list: &[Mark]) -> Finals {
    Finals::from([(DRAWING, list.to_vec())])
}

fn verdict(events: &[Event], list: &[Mark]) -> Verdict {
    check(events, &finals(list))
}

/// Two batches one after the other, and a read of both.
fn plain() -> Vec<Event> {
    vec![
        append((0, 1), 0, &[1, 2], Outcome::Appended),
        append((2, 3), 2, &[3], Outcome::Appended),
        read((4, 5), 0, &[1, 2, 3]),
    ]
}

#[test]
fn a_correct_history_has_no_failures() {
    let clean = Verdict { acknowledged: 2, ..Verdict::default() };
    assert_eq!(verdict(&plain(), &[1, 2, 3]), clean);
    assert!(clean.is_clean());
    assert_eq!(verdict(&[], &[]), Verdict::default());
}

#[test]
fn a_batch_without_a_reply_may_be_stored_or_not() {
    let mut events = plain();
    events.push(append((6, 7), 3, &[4, 5], Outcome::Unavailable));
    assert!(verdict(&events, &[1, 2, 3]).is_clean());
    assert!(verdict(&events, &[1, 2, 3, 4, 5]).is_clean());
    // A part of the batch is a failure.
    assert_eq!(verdict(&events, &[1, 2, 3, 4]).out_of_order, 1);
}

#[test]
fn attempts_at_one_batch_are_one() {
    let events = [
        append((0, 1), 0, &[1], Outcome::Unavailable),
        append((0, 2), 0, &[2], Outcome::Conflict),
        append((1, 3), 0, &[1], Outcome::Appended),
        append((3, 4), 1, &[2], Outcome::Appended),
    ];
    assert_eq!(verdict(&events, &[1, 2]), Verdict { acknowledged: 2, ..Verdict::default() });
}

#[test]
fn an_acknowledged_batch_that_is_not_there_is_lost() {
    let events = &plain()[..2];
    assert_eq!(verdict(events, &[1, 2]), Verdict { acknowledged: 2, lost: 1, ..Verdict::default() });
    // The loss of half a batch is found too, and the batch counts as torn.
    assert_eq!(verdict(events, &[1, 3]).lost, 1);
    // The loss of the whole drawing is found too.
    assert_eq!(check(events, &Finals::new()).lost, 2);
}

#[test]
fn repeated_marks_are_duplicated() {
    let verdict = verdict(&plain(), &[1, 2, 3, 3]);
    assert_eq!(verdict, Verdict { acknowledged: 2, duplicated: 1, ..Verdict::default() });
}

#[test]
fn a_batch_that_overtakes_an_earlier_one_is_out_of_order() {
    let events = &plain()[..2];
    assert_eq!(
        verdict(events, &[3, 1, 2]),
        Verdict { acknowledged: 2, out_of_order: 1, ..Verdict::default() }
    );
    // Two concurrent batches may have either order.
    let together = [append((0, 9), 1, &[1], Outcome::Appended), append((0, 9), 0, &[2], Outcome::Appended)];
    assert!(verdict(&together, &[2, 1]).is_clean());
    // The order must match the acknowledged places.
    assert_eq!(verdict(&together, &[1, 2]).out_of_order, 1);
}

#[test]
fn refused_or_foreign_marks_are_wrongly_visible() {
    let mut events = plain();
    events.push(append((6, 7), 3, &[4], Outcome::Refused));
    assert_eq!(verdict(&events, &[1, 2, 3, 4]).wrongly_visible, 1);
    assert_eq!(verdict(&events, &[1, 2, 3, 99]).wrongly_visible, 1);
    let mut other = append((0, 1), 0, &[7], Outcome::Appended);
    other.drawing = Drawing { user: 1, number: 0 };
    events.push(other);
    let mut lists = finals(&[1, 2, 3, 7]);
    lists.insert(Drawing { user: 1, number: 0 }, vec![7]);
    assert_eq!(check(&events, &lists).wrongly_visible, 1);
    // A drawing that no client created.
    let mut lists = finals(&[1, 2, 3]);
    lists.insert(Drawing { user: 2, number: 0 }, vec![1]);
    assert_eq!(check(&plain(), &lists).wrongly_visible, 1);
}

#[test]
fn reads_never_go_back() {
    let stale = |event: Event| {
        let mut events = plain();
        events.push(event);
        verdict(&events, &[1, 2, 3]).stale_reads
    };
    assert_eq!(stale(read((6, 7), 0, &[1, 2, 3])), 0);
    assert_eq!(stale(read((6, 7), 2, &[3])), 0);
    assert_eq!(stale(read((6, 7), 3, &[])), 0);
    // A read that lacks batches acknowledged or read before.
    assert_eq!(stale(read((4, 5), 0, &[1, 2])), 1);
    // A batch in flight may be absent or present.
    assert_eq!(stale(read((2, 3), 0, &[1, 2])), 0);
    // A read with another order.
    assert_eq!(stale(read((6, 7), 0, &[1, 3, 2])), 1);
    assert_eq!(stale(read((6, 7), 0, &[1, 2, 3, 3])), 1);
}

#[test]
fn marks_that_were_read_and_vanished_are_reported() {
    let events = [append((0, 1), 0, &[1], Outcome::Unavailable), read((2, 3), 0, &[1])];
    assert_eq!(verdict(&events, &[]), Verdict { stale_reads: 1, ..Verdict::default() });
}

/// A valid history: several clients with one request at a time each, whose effects lie between invocation and reply.
#[derive(Debug, Clone)]
struct Valid {
    events: Vec<Event>,
    list: Vec<Mark>,
}

fn valid() -> impl Strategy<Value = Valid> {
    // For each step: client, kind, number of strokes, kind of reply, and the time before and after the effect.
    let step = (0..4_usize, 0..4_u8, 1..4_usize, 0..4_u8, 0..6_u64, 0..6_u64);
    proptest::collection::vec(step, 4..60).prop_map(|steps| {
        let (mut events, mut list, mut idle) = (Vec::new(), Vec::new(), [0; 4]);
        for (number, (client, what, count, reply, before, behind)) in (1..).zip(steps) {
            // Effects are in the order of the steps, ten apart.
            let effect = number * 10;
            let invoked: u64 = (effect - before).max(idle[client] + 1).min(effect);
            let replied = effect + behind;
            idle[client] = replied;
            let event = match what {
                0 => read((invoked, replied), 0, &list),
                1 => read((invoked, replied), list.len() / 2, &list[list.len() / 2..]),
                _ => {
                    let marks: Vec<Mark> = (0..count as u64).map(|more| number * 10 + more).collect();
                    let from = list.len();
                    let (from, outcome, there) = match reply {
                        0 => (from, Outcome::Unavailable, number % 2 == 0),
                        1 => (from / 2, Outcome::Conflict, false),
                        _ => (from, Outcome::Appended, true),
                    };
                    if there {
                        list.extend(&marks);
                    }
                    append((invoked, replied), from, &marks, outcome)
                }
            };
            events.push(Event { client, ..event });
        }
        Valid { events, list }
    })
}

fn acknowledged(events: &[Event]) -> Vec<usize> {
    let all = events.iter().enumerate().filter(|(_, event)| event.outcome == Outcome::Appended);
    all.map(|(place, _)| place).collect()
}

fn marks(event: &Event) -> Vec<Mark> {
    match &event.call {
        Call::Append { marks, .. } => marks.clone(),
        Call::Read => Vec::new(),
    }
}

proptest! {
    #[test]
    fn a_valid_history_passes(valid in valid()) {
        let verdict = verdict(&valid.events, &valid.list);
        prop_assert!(verdict.is_clean(), "{verdict:?}");
    }

    #[test]
    fn a_lost_write_is_found(valid in valid(), which: Index) {
        let all = acknowledged(&valid.events);
        prop_assume!(!all.is_empty());
        let gone = marks(&valid.events[all[which.index(all.len())]]);
        let list: Vec<Mark> = valid.list.iter().copied().filter(|mark| !gone.contains(mark)).collect();
        prop_assert_eq!(verdict(&valid.events, &list).lost, 1);
    }

    #[test]
    fn a_duplicated_write_is_found(valid in valid(), which: Index, place: Index) {
        prop_assume!(!valid.list.is_empty());
        let mut list = valid.list.clone();
        list.insert(place.index(list.len() + 1), valid.list[which.index(valid.list.len())]);
        prop_assert!(verdict(&valid.events, &list).duplicated == 1);
    }

    #[test]
    fn reordered_writes_are_found(valid in valid(), which: Index) {
        let all = acknowledged(&valid.events);
        prop_assume!(all.len() > 1);
        // Two adjacent acknowledged marks change places.
        let first = which.index(all.len() - 1);
        let (one, other) = (marks(&valid.events[all[first]]), marks(&valid.events[all[first + 1]]));
        let mut list: Vec<Mark> = valid.list.iter().copied().filter(|mark| !other.contains(mark)).collect();
        let place = list.iter().position(|mark| *mark == one[0]).unwrap();
        list.splice(place..place, other);
        prop_assert!(verdict(&valid.events, &list).out_of_order > 0);
    }

    #[test]
    fn a_stale_read_is_found(valid in valid(), which: Index) {
        let all = acknowledged(&valid.events);
        prop_assume!(!all.is_empty());
        let Event { replied, call, .. } = &valid.events[all[which.index(all.len())]];
        let Call::Append { from, .. } = call else { unreachable!() };
        let mut stale = read((0, 0), 0, &valid.list[..*from]);
        (stale.invoked, stale.replied) = (*replied + at(1), *replied + at(2));
        let mut events = valid.events.clone();
        events.push(stale);
        prop_assert_eq!(verdict(&events, &valid.list).stale_reads, 1);
    }

    #[test]
    fn an_unrequested_write_is_found(valid in valid(), place: Index) {
        let mut list = valid.list.clone();
        list.insert(place.index(list.len() + 1), Mark::MAX);
        prop_assert_eq!(verdict(&valid.events, &list).wrongly_visible, 1);
    }
}

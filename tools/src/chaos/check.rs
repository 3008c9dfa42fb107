//! Checks that a history is one of lists to which each batch was appended once, whole and in one order: the check that
//! Jepsen's Elle makes of list-append histories, for drawings with unique marks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use super::history::{Call, Drawing, Event, Mark, Outcome};

/// The final content of the drawings.
pub type Finals = BTreeMap<Drawing, Vec<Mark>>;

/// The result of the check. All counts except the first must be 0.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub acknowledged: usize,
    /// Acknowledged batches of which a part is missing.
    pub lost: usize,
    /// Marks that occur more than once.
    pub duplicated: usize,
    /// Batches that are torn apart, at another place than acknowledged, or before a batch that was acknowledged
    /// before they were sent.
    pub out_of_order: usize,
    /// Marks in a foreign drawing, or of a batch that was certainly rejected.
    pub wrongly_visible: usize,
    /// Reads that are no prefix of the final list, or lack something that was acknowledged or shown before they
    /// began.
    pub stale_reads: usize,
}

impl Verdict {
    /// Whether all counts that must be 0 are.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        *self == Self { acknowledged: self.acknowledged, ..Self::default() }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            acknowledged: self.acknowledged + other.acknowledged,
            lost: self.lost + other.lost,
            duplicated: self.duplicated + other.duplicated,
            out_of_order: self.out_of_order + other.out_of_order,
            wrongly_visible: self.wrongly_visible + other.wrongly_visible,
            stale_reads: self.stale_reads + other.stale_reads,
        }
    }
}

/// Checks the history of all drawings against their final content.
#[must_use]
pub fn check(events: &[Event], finals: &Finals) -> Verdict {
    let mut drawings: BTreeMap<Drawing, Vec<&Event>> = BTreeMap::new();
    for event in events {
        drawings.entry(event.drawing).or_default().push(event);
    }
    for drawing in finals.keys() {
        drawings.entry(*drawing).or_default();
    }
    let none = Vec::new();
    let verdicts = drawings.iter().map(|(drawing, events)| one(events, finals.get(drawing).unwrap_or(&none)));
    verdicts.fold(Verdict::default(), Verdict::plus)
}

/// All attempts to append one batch.
struct Batch<'a> {
    marks: &'a [Mark],
    /// The start of the first attempt that may have had an effect.
    sent: Option<Duration>,
    /// The time of the first acknowledgement, and the acknowledged place.
    acknowledged: Option<(Duration, usize)>,
}

/// Attempts by the first mark of the batch.
fn batches<'a>(events: &[&'a Event]) -> HashMap<Mark, Batch<'a>> {
    let mut batches = HashMap::new();
    for event in events {
        let Call::Append { from, marks } = &event.call else { continue };
        let Some(first) = marks.first() else { continue };
        let batch = batches.entry(*first).or_insert(Batch { marks, sent: None, acknowledged: None });
        if matches!(event.outcome, Outcome::Appended | Outcome::Unavailable) {
            batch.sent = Some(batch.sent.map_or(event.invoked, |sent| sent.min(event.invoked)));
        }
        if event.outcome == Outcome::Appended {
            let this = (event.replied, *from);
            batch.acknowledged = Some(batch.acknowledged.map_or(this, |earlier| earlier.min(this)));
        }
    }
    batches
}

fn one(events: &[&Event], list: &[Mark]) -> Verdict {
    let batches = batches(events);
    let mut places: HashMap<Mark, Vec<usize>> = HashMap::new();
    for (place, mark) in list.iter().enumerate() {
        places.entry(*mark).or_default().push(place);
    }
    let acknowledged = batches.values().filter(|batch| batch.acknowledged.is_some());
    let lost = |batch: &&Batch<'_>| batch.marks.iter().any(|mark| !places.contains_key(mark));
    Verdict {
        acknowledged: acknowledged.clone().count(),
        lost: acknowledged.filter(lost).count(),
        duplicated: places.values().filter(|places| places.len() > 1).count(),
        out_of_order: out_of_order(&batches, &places, list),
        wrongly_visible: wrongly_visible(events, &batches, list),
        stale_reads: stale_reads(events, list),
    }
}

fn out_of_order(
    batches: &HashMap<Mark, Batch<'_>>,
    places: &HashMap<Mark, Vec<usize>>,
    list: &[Mark],
) -> usize {
    let placed =
        batches.values().filter_map(|batch| Some((*places.get(batch.marks.first()?)?.first()?, batch)));
    let mut placed: Vec<_> = placed.collect();
    placed.sort_unstable_by_key(|(place, _)| *place);
    let (mut sent, mut from, mut count) = (Duration::ZERO, None, 0);
    for (place, batch) in placed {
        let torn = list.get(place..place + batch.marks.len()) != Some(batch.marks);
        // Batches are compared with each other and not with their places, because one loss would otherwise count all
        // that follow.
        let elsewhere = batch.acknowledged.is_some_and(|(_, told)| from >= Some(told));
        let overtaken = batch.acknowledged.is_some_and(|(replied, _)| replied < sent);
        count += usize::from(torn || elsewhere || overtaken);
        sent = sent.max(batch.sent.unwrap_or_default());
        from = from.max(batch.acknowledged.map(|(_, told)| told));
    }
    count
}

fn wrongly_visible(events: &[&Event], batches: &HashMap<Mark, Batch<'_>>, list: &[Mark]) -> usize {
    let sent = batches.values().filter(|batch| batch.sent.is_some());
    let may: HashSet<Mark> = sent.flat_map(|batch| batch.marks.iter().copied()).collect();
    let read = events.iter().filter_map(|event| match &event.outcome {
        Outcome::Read { marks, .. } => Some(marks),
        Outcome::Appended | Outcome::Conflict | Outcome::Refused | Outcome::Unavailable => None,
    });
    let seen: HashSet<Mark> = read.flatten().chain(list).copied().collect();
    seen.difference(&may).count()
}

fn stale_reads(events: &[&Event], list: &[Mark]) -> usize {
    // The known length of the list at each reply.
    let mut known: Vec<(Duration, usize)> = events
        .iter()
        .filter_map(|event| match (&event.call, &event.outcome) {
            (Call::Append { from, marks }, Outcome::Appended) => Some((event.replied, from + marks.len())),
            (_, Outcome::Read { since, marks }) => Some((event.replied, since + marks.len())),
            _ => None,
        })
        .collect();
    known.sort_unstable();
    let mut farthest = 0;
    for (_, end) in &mut known {
        farthest = farthest.max(*end);
        *end = farthest;
    }
    let stale = |event: &&&Event| {
        let Outcome::Read { since, marks } = &event.outcome else { return false };
        let end = since + marks.len();
        let before = known.partition_point(|(replied, _)| *replied < event.invoked);
        let least = before.checked_sub(1).map_or(0, |last| known[last].1);
        end < least || list.get(*since..end) != Some(marks)
    };
    events.iter().filter(stale).count()
}

#[cfg(test)]
mod tests;

//! The entries of a drawing that are in effect.

use std::collections::BTreeMap;

use crate::drawing::{Action, OWNER};

/// The part of an action that decides which entries are in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A stroke of that author.
    Stroke(u16),
    /// A new colour of the paper.
    Background,
    /// A clear or a 2016 picture, which hides all strokes before it.
    Cover,
    /// The undo of that author.
    Undo(u16),
    /// The redo of that author.
    Redo(u16),
    /// The removal of the stroke with that number.
    Remove(u32),
}

impl From<&Action> for Step {
    fn from(action: &Action) -> Self {
        match action {
            Action::Stroke { by, .. } => Self::Stroke(*by),
            Action::Background { .. } => Self::Background,
            Action::Clear { .. } | Action::Weapp { .. } => Self::Cover,
            Action::Undo { by, .. } => Self::Undo(*by),
            Action::Redo { by, .. } => Self::Redo(*by),
            Action::Remove { seq, .. } => Self::Remove(*seq),
        }
    }
}

/// The entries in effect after some steps, as positions in the list of steps.
///
/// - Undo takes back its author's last entry in effect: a stroke, or an entry that only the owner makes. A stroke that a
///   clear or a 2016 picture hides is not in effect, and comes back when the owner takes that back.
/// - Redo puts the entry that its author took back last in effect again, at its former place. Only a new entry of the
///   same author ends that.
/// - A removal takes a stroke in effect out for good. It is no entry: no undo takes it back, and it ends no redo.
///
/// A step without an entry to take has no effect.
#[derive(Debug, Clone, Default)]
pub struct History {
    first: u32,
    steps: Vec<Step>,
    done: Vec<usize>,
    undone: BTreeMap<u16, Vec<usize>>,
}

impl History {
    /// The history of a list whose first action that is kept has that number.
    #[must_use]
    pub fn new(first: u32) -> Self {
        Self { first, ..Self::default() }
    }

    /// The positions of the entries in effect, in ascending order. The hidden ones are among them.
    #[must_use]
    pub fn done(&self) -> &[usize] {
        &self.done
    }

    /// The author's last entry in effect, the one that an undo takes: its position.
    #[must_use]
    pub fn last_of(&self, author: u16) -> Option<usize> {
        self.done.get(self.last_index_of(author)?).copied()
    }

    /// Whether the action of that number is a stroke in effect that is not hidden, so that it can be removed.
    #[must_use]
    pub fn shows(&self, seq: u32) -> bool {
        self.index_of_stroke(seq).is_some()
    }

    /// Takes the next step.
    pub fn push(&mut self, step: Step) {
        match step {
            Step::Stroke(by) => self.enter(by),
            Step::Background | Step::Cover => self.enter(OWNER),
            Step::Undo(by) => {
                if let Some(index) = self.last_index_of(by) {
                    let position = self.done.remove(index);
                    self.undone.entry(by).or_default().push(position);
                }
            }
            Step::Redo(by) => {
                if let Some(position) = self.undone.get_mut(&by).and_then(Vec::pop) {
                    let index = self.done.partition_point(|done| *done < position);
                    self.done.insert(index, position);
                }
            }
            Step::Remove(seq) => {
                if let Some(index) = self.index_of_stroke(seq) {
                    self.done.remove(index);
                }
            }
        }
        self.steps.push(step);
    }

    fn enter(&mut self, by: u16) {
        if let Some(undone) = self.undone.get_mut(&by) {
            undone.clear();
        }
        self.done.push(self.steps.len());
    }

    /// The entries in effect from the last one on, with their indices in `done`.
    fn backwards(&self) -> impl Iterator<Item = (usize, Step)> {
        let step = |position: &usize| self.steps.get(*position).copied();
        self.done.iter().enumerate().rev().filter_map(move |(index, position)| Some((index, step(position)?)))
    }

    fn last_index_of(&self, author: u16) -> Option<usize> {
        for (index, step) in self.backwards() {
            match step {
                Step::Stroke(by) if by == author => return Some(index),
                Step::Background | Step::Cover if author == OWNER => return Some(index),
                // All other authors have strokes alone, and those before are hidden.
                Step::Cover => return None,
                Step::Stroke(_) | Step::Background | Step::Undo(_) | Step::Redo(_) | Step::Remove(_) => {}
            }
        }
        None
    }

    fn index_of_stroke(&self, seq: u32) -> Option<usize> {
        let position = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        let visible = self.backwards().take_while(|(_, step)| *step != Step::Cover);
        let mut strokes = visible.filter(|(_, step)| matches!(step, Step::Stroke(_)));
        strokes.find(|(index, _)| self.done.get(*index) == Some(&position)).map(|(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn history(first: u32, steps: &[Step]) -> History {
        let mut history = History::new(first);
        steps.iter().for_each(|step| history.push(*step));
        history
    }

    #[test]
    fn the_last_entry_of_an_author_is_the_one_that_an_undo_takes() {
        let steps = [Step::Stroke(0), Step::Stroke(1), Step::Cover, Step::Stroke(2)];
        let last = |author| history(0, &steps).last_of(author);
        assert_eq!([last(0), last(1), last(2), last(3)], [Some(2), None, Some(3), None]);
    }

    #[test]
    fn numbers_count_from_the_first_action_that_is_kept() {
        let steps = [Step::Cover, Step::Stroke(0), Step::Stroke(1)];
        let kept = history(7, &steps);
        assert_eq!([6, 7, 8, 9, 10].map(|seq| kept.shows(seq)), [false, false, true, true, false]);
        let mut removed = kept.clone();
        for step in [Step::Remove(1), Step::Remove(7), Step::Remove(8)] {
            removed.push(step);
        }
        assert_eq!(removed.done(), [0, 2]);
    }

    fn step() -> impl Strategy<Value = Step> {
        let by = || 0..3_u16;
        prop_oneof![
            4 => by().prop_map(Step::Stroke),
            1 => Just(Step::Background),
            1 => Just(Step::Cover),
            3 => by().prop_map(Step::Undo),
            2 => by().prop_map(Step::Redo),
            1 => (0..40_u32).prop_map(Step::Remove),
        ]
    }

    /// The fold of a single author, as it is without any others.
    fn alone(steps: &[Step]) -> Vec<usize> {
        let (mut done, mut undone) = (Vec::new(), Vec::new());
        for (position, step) in steps.iter().enumerate() {
            match step {
                Step::Undo(_) => undone.extend(done.pop()),
                Step::Redo(_) => done.extend(undone.pop()),
                Step::Stroke(_) | Step::Background | Step::Cover | Step::Remove(_) => {
                    undone.clear();
                    done.push(position);
                }
            }
        }
        done
    }

    proptest! {
        #[test]
        fn the_owner_alone_has_one_stack(steps in vec(step(), 0..40)) {
            let steps: Vec<Step> = steps
                .into_iter()
                .map(|step| match step {
                    Step::Stroke(_) | Step::Remove(_) => Step::Stroke(OWNER),
                    Step::Undo(_) => Step::Undo(OWNER),
                    Step::Redo(_) => Step::Redo(OWNER),
                    Step::Background | Step::Cover => step,
                })
                .collect();
            let together = history(0, &steps);
            let alone = alone(&steps);
            prop_assert_eq!(together.done(), &alone[..]);
        }

        #[test]
        fn a_step_touches_entries_of_its_author_alone(steps in vec(step(), 0..40)) {
            let mut history = History::new(0);
            for step in steps {
                let before = history.done().to_vec();
                history.push(step);
                let after = history.done();
                prop_assert!(after.is_sorted());
                let changed: Vec<usize> = before
                    .iter()
                    .chain(after)
                    .copied()
                    .filter(|position| before.contains(position) != after.contains(position))
                    .collect();
                prop_assert!(changed.len() <= 1, "{:?}", changed);
                for position in changed {
                    match (step, history.steps[position]) {
                        (Step::Remove(seq), Step::Stroke(_)) => prop_assert_eq!(seq as usize, position),
                        (Step::Undo(by) | Step::Redo(by), Step::Stroke(author)) => prop_assert_eq!(by, author),
                        (Step::Undo(by) | Step::Redo(by), Step::Background | Step::Cover) => {
                            prop_assert_eq!(by, OWNER);
                        }
                        (step, of) => prop_assert_eq!(step, of),
                    }
                }
            }
        }

        #[test]
        fn a_removed_stroke_never_comes_back(
            steps in vec(step(), 1..40),
            which: prop::sample::Index,
            then in vec(step(), 0..20),
        ) {
            let mut history = history(0, &steps);
            let shown: Vec<u32> = (0..40).filter(|seq| history.shows(*seq)).collect();
            if shown.is_empty() {
                return Ok(());
            }
            let seq = shown[which.index(shown.len())];
            history.push(Step::Remove(seq));
            let once = history.done().to_vec();
            history.push(Step::Remove(seq));
            prop_assert_eq!(history.done(), &once[..]);
            for step in then {
                history.push(step);
                prop_assert!(!history.done().contains(&(seq as usize)));
            }
        }
    }
}

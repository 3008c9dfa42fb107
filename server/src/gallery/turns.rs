//! Costly things that a user does one at a time, and all users only so many at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::{GalleryError, GalleryResult};
use crate::user::UserKey;

/// Who is at it. A clone is the same one.
#[derive(Clone)]
pub(super) struct Turns {
    at_once: usize,
    users: Arc<Mutex<HashSet<UserKey>>>,
}

/// A user's turn, until it is dropped.
pub struct Turn {
    turns: Turns,
    user: UserKey,
}

impl Turns {
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, users: Arc::default() }
    }

    /// That user's turn; [`GalleryError::Busy`] when this user or too many others are at it.
    pub(super) fn take(&self, user: &UserKey) -> GalleryResult<Turn> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= self.at_once || !users.insert(user.clone()) {
            return Err(GalleryError::Busy);
        }
        Ok(Turn { turns: self.clone(), user: user.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.users.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_one_turn_and_all_have_so_many() {
        let turns = Turns::new(2);
        let (a, b, c) = (UserKey::new("wx", "a"), UserKey::new("wx", "b"), UserKey::new("wx", "c"));
        let first = turns.take(&a).unwrap();
        assert!(matches!(turns.take(&a), Err(GalleryError::Busy)));
        let _second = turns.take(&b).unwrap();
        assert!(matches!(turns.take(&c), Err(GalleryError::Busy)));
        drop(first);
        turns.take(&c).unwrap();
    }
}

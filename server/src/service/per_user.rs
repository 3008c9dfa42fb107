//! Limits expensive operations: one at a time per user, and a total for all users.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::user::UserKey;
use crate::service::drawings::{DrawingError, DrawingResult};

/// Users with an operation in progress. Clones share the set.
#[derive(Clone)]
pub(crate) struct PerUserSemaphore {
    at_once: usize,
    users: Arc<Mutex<HashSet<UserKey>>>,
}

/// A user's permit, released when it is dropped.
pub struct Permit {
    semaphore: PerUserSemaphore,
    user: UserKey,
}

impl PerUserSemaphore {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { at_once, users: Arc::default() }
    }

    /// Takes the user's permit. [`DrawingError::Busy`] while this user or too many others hold one.
    pub(crate) fn take(&self, user: &UserKey) -> DrawingResult<Permit> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= self.at_once || !users.insert(user.clone()) {
            return Err(DrawingError::Busy);
        }
        Ok(Permit { semaphore: self.clone(), user: user.clone() })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.semaphore.users.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_one_turn_and_all_have_so_many() {
        let semaphore = PerUserSemaphore::new(2);
        let (a, b, c) = (UserKey::new("wx", "a"), UserKey::new("wx", "b"), UserKey::new("wx", "c"));
        let first = semaphore.take(&a).unwrap();
        assert!(matches!(semaphore.take(&a), Err(DrawingError::Busy)));
        let _second = semaphore.take(&b).unwrap();
        assert!(matches!(semaphore.take(&c), Err(DrawingError::Busy)));
        drop(first);
        semaphore.take(&c).unwrap();
    }
}

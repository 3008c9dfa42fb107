//! Reading everything from both sides, and comparing it.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{MigrateError, Progress, Result, SOURCE, TARGET, TURN, Tally, Whole, at};
use crate::store::gallery::{Stored, UserRecord};

/// The SHA-256 of all users and drawings, whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum([u8; 32]);

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl Sum {
    fn add(&mut self, one: &[u8]) {
        for (byte, other) in self.0.iter_mut().zip(Sha256::digest(one)) {
            *byte ^= other;
        }
    }

    fn add_user(&mut self, user: &UserRecord) {
        self.add(format!("{user:?}").as_bytes());
    }

    fn add_drawing(&mut self, user: &str, stored: &Stored) {
        let actions = stored.actions.iter().fold(Sha256::new(), |hash, blob| {
            hash.chain_update((blob.len() as u64).to_be_bytes()).chain_update(blob)
        });
        let actions = HEXLOWER.encode(&actions.finalize());
        self.add(format!("{user} {:?} {actions}", stored.header).as_bytes());
    }
}

/// Everything of the source is in the target, just so, and nothing else.
pub(super) async fn compare<G, H>(from: &G, to: &H, progress: &mut dyn Progress) -> Result<Sum>
where
    G: Whole,
    H: Whole,
{
    let differs = |what: String| Err(MigrateError::Differs(what));
    let (ours, theirs) =
        (Tally::of(from).await.map_err(at(SOURCE))?, Tally::of(to).await.map_err(at(TARGET))?);
    if ours != theirs {
        return differs(format!("{ours:?} and {theirs:?}"));
    }
    let (mut left, mut right) = (Sum::default(), Sum::default());
    let mut place = None;
    loop {
        let turn = from.users_behind(place.as_deref(), TURN).await.map_err(at(SOURCE))?;
        for user in &turn.items {
            left.add_user(user);
            match to.user(&user.key).await.map_err(at(TARGET))? {
                Some(there) if there == *user => right.add_user(&there),
                Some(_) | None => return differs(format!("user {}", user.key)),
            }
            if let Some(id) = &user.avatar {
                let here = from.avatar(&user.key, id).await.map_err(at(SOURCE))?;
                if here != to.avatar(&user.key, id).await.map_err(at(TARGET))? {
                    return differs(format!("the avatar of {}", user.key));
                }
            }
        }
        progress.done(turn.items.len() as u64);
        place = turn.next;
        if place.is_none() {
            break;
        }
    }
    loop {
        let turn = from.drawings_behind(place.as_deref(), TURN).await.map_err(at(SOURCE))?;
        for (user, id) in &turn.items {
            let here = from.read(user, id, 0).await.map_err(at(SOURCE))?;
            let there = to.read(user, id, 0).await.map_err(at(TARGET))?;
            match (here, there) {
                (Some(here), Some(there)) if here == there => {
                    left.add_drawing(user.as_str(), &here);
                    right.add_drawing(user.as_str(), &there);
                }
                (None, None) => {}
                _ => return differs(format!("drawing {id} of {user}")),
            }
        }
        progress.done(turn.items.len() as u64);
        place = turn.next;
        if place.is_none() {
            break;
        }
    }
    if left == right { Ok(left) } else { differs(format!("checksums {left} and {right}")) }
}

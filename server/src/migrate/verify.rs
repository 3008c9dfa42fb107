//! Reads all records of both sides and compares them.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{
    MigrateError, Progress, Result, SOURCE, TARGET, TURN, Tally, Whole, at, for_each, miniprogram_codes,
    orders, room_members, shares,
};
use crate::domain::drawing::Stored;
use crate::domain::moderation::{ModerationCheck, Subject};
use crate::domain::share::ShareCopy;
use crate::domain::user::{UserKey, UserRecord};
use crate::store::transfer::AuditRow;
use crate::store::{StoreResult, Transfer};

/// SHA-256 of all records except avatars, independent of their order.
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

    fn add_check(&mut self, check: &ModerationCheck) {
        self.add(format!("{check:?}").as_bytes());
    }

    /// The number is left out: it only says the entry's position in its store.
    fn add_audit(&mut self, AuditRow { at, number: _, entry }: &AuditRow) {
        self.add(format!("{at:?} {entry:?}").as_bytes());
    }

    pub(super) fn add_debug(&mut self, record: &impl fmt::Debug) {
        self.add(format!("{record:?}").as_bytes());
    }

    pub(super) fn add_copy(&mut self, copy: &ShareCopy) {
        let actions = hash_of(&copy.actions);
        let rest = ShareCopy { actions: Vec::new(), ..copy.clone() };
        self.add(format!("{rest:?} {actions}").as_bytes());
    }

    fn add_drawing(&mut self, user: &str, stored: &Stored) {
        let actions = hash_of(&stored.actions);
        self.add(format!("{user} {:?} {actions}", stored.header).as_bytes());
    }
}

fn hash_of(actions: &[Vec<u8>]) -> String {
    let hash = actions.iter().fold(Sha256::new(), |hash, blob| {
        hash.chain_update((blob.len() as u64).to_be_bytes()).chain_update(blob)
    });
    HEXLOWER.encode(&hash.finalize())
}

/// Checks that every record of the source is in the target unchanged, and that the target has no others.
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
            for subject in [Subject::Nickname, Subject::Avatar] {
                same_check(from, to, &user.key, &subject, [&mut left, &mut right]).await?;
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
            for subject in [Subject::Title(id.clone()), Subject::RoomPicture(id.clone())] {
                same_check(from, to, user, &subject, [&mut left, &mut right]).await?;
            }
        }
        progress.done(turn.items.len() as u64);
        place = turn.next;
        if place.is_none() {
            break;
        }
    }
    shares::compare(from, to, [&mut left, &mut right]).await?;
    miniprogram_codes::compare(from, to, [&mut left, &mut right]).await?;
    room_members::compare(from, to, [&mut left, &mut right]).await?;
    orders::compare(from, to, [&mut left, &mut right]).await?;
    add_all_audit(&mut left, from).await.map_err(at(SOURCE))?;
    add_all_audit(&mut right, to).await.map_err(at(TARGET))?;
    if left == right { Ok(left) } else { differs(format!("checksums {left} and {right}")) }
}

/// Checks that the subject's check is the same on both sides, and adds it to both sums.
pub(super) async fn same_check<G: Whole, H: Whole>(
    from: &G,
    to: &H,
    user: &UserKey,
    subject: &Subject,
    sums: [&mut Sum; 2],
) -> Result<()> {
    let here = from.check(user, subject).await.map_err(at(SOURCE))?;
    if here != to.check(user, subject).await.map_err(at(TARGET))? {
        return Err(MigrateError::Differs(format!("the check of {subject} of {user}")));
    }
    if let Some(check) = here {
        sums.into_iter().for_each(|sum| sum.add_check(&check));
    }
    Ok(())
}

async fn add_all_audit<G: Transfer>(sum: &mut Sum, store: &G) -> StoreResult<()> {
    for_each(async |place| store.audit_behind(place, TURN).await, |row| sum.add_audit(row)).await
}

#[cfg(test)]
mod tests {
    use yibi_common::admin::{AuditEntry, Change};

    use super::super::{Progress, move_check};
    use super::*;
    use crate::domain::clock::Micros;
    use crate::domain::miniprogram_code::{MiniprogramCode, MiniprogramCodeKey};
    use crate::domain::moderation::ModerationStatus;
    use crate::domain::user::NewUser;
    use crate::random;
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Checks, MiniprogramCodes, Users};

    struct Unheard;

    impl Progress for Unheard {
        fn begins(&mut self, _: &'static str, _: u64, _: u64) {}
        fn done(&mut self, _: u64) {}
    }

    #[tokio::test]
    async fn what_differs_is_found() {
        let directory = std::env::temp_dir().join(format!("yibi-verify-{}", random::short_id()));
        let open = |name: &str| SqliteStore::open(&directory.join(name)).unwrap();
        let (from, to) = (open("from"), open("to"));
        let ann = UserKey::new("wx1", "ann");
        let now = Micros::now();
        let new = NewUser { public_id: random::public_id(), origin: None, unionid: None, reopen: false };
        for store in [&from, &to] {
            store.sign_in(&ann, &new, now).await.unwrap();
        }
        let same = compare(&from, &to, &mut Unheard).await.unwrap();

        let check = ModerationCheck {
            user: ann.clone(),
            subject: Subject::Nickname,
            content: "Ann".to_owned(),
            standing: ModerationStatus::Rejected,
            label: Some(20_001),
            created_at: now,
            version: 0,
            due_at: None,
            asked_at: Some(now),
            tries: 1,
            trace_id: None,
            passed: None,
        };
        from.put_check(&check).await.unwrap();
        let told = compare(&from, &to, &mut Unheard).await.unwrap_err().to_string();
        assert!(told.contains("the check of nickname"), "{told}");
        move_check(&from, &to, &ann, &Subject::Nickname).await.unwrap();
        assert_ne!(compare(&from, &to, &mut Unheard).await.unwrap(), same);

        let key = MiniprogramCodeKey {
            app_id: "wx1".to_owned(),
            page: "pages/share/share".to_owned(),
            scene: "0123456789ab".to_owned(),
            env: "release".to_owned(),
            width: 430,
        };
        for (store, image) in [(&from, b"one"), (&to, b"two")] {
            let code = MiniprogramCode { key: key.clone(), image: image.to_vec() };
            store.add_miniprogram_code(&code).await.unwrap();
        }
        let told = compare(&from, &to, &mut Unheard).await.unwrap_err().to_string();
        assert!(told.contains("mini-program code 0123456789ab"), "{told}");
        to.remove_miniprogram_codes("wx1", "0123456789ab").await.unwrap();
        let told = compare(&from, &to, &mut Unheard).await.unwrap_err().to_string();
        assert!(told.contains("miniprogram_codes: 1"), "{told}");
        from.remove_miniprogram_codes("wx1", "0123456789ab").await.unwrap();

        for (store, who) in [(&from, "token:ann"), (&to, "token:ben")] {
            let entry = AuditEntry {
                at: "2026-11-20T00:00:00.000Z".to_owned(),
                who: who.to_owned(),
                from: "socket".to_owned(),
                change: Change::BlockUser,
                user: new.public_id.clone(),
                target: None,
                reason: None,
                request_id: "r".to_owned(),
            };
            store.put_audit(&AuditRow { at: now, number: 0, entry }).await.unwrap();
        }
        let told = compare(&from, &to, &mut Unheard).await.unwrap_err().to_string();
        assert!(told.contains("checksums"), "{told}");
        std::fs::remove_dir_all(&directory).unwrap();
    }
}

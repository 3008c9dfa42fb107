//! Cases of the [`Sessions`](yibi_server::store::Sessions).

use std::time::Duration;

use futures_util::future::join_all;
use yibi_server::domain::clock::Micros;
use yibi_server::domain::session::{
    CodeOutcome, CodeState, Dialect, SecretHash, SessionId, StoredSession, StoredToken,
};
use yibi_server::domain::user::UserKey;

use crate::given::{SessionsUnderTest, eventually, user};

const SHORT: Duration = Duration::from_millis(150);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const CODE: SecretHash = SecretHash([7; 32]);

/// A session that lives for a day.
pub fn session(number: u8, user: &UserKey) -> StoredSession {
    let now = Micros::now();
    StoredSession {
        id: SessionId([number; 16]),
        user: user.clone(),
        public_id: "public".to_owned(),
        dialect: Dialect::Yibi,
        device: "手机 \"$x\"\n'{}".to_owned(),
        address: "2001:db8::7".to_owned(),
        created_at: now,
        last_seen: now,
        ends_at: now.plus(24 * HOUR),
        epoch: 0,
        tokens: vec![
            StoredToken { hash: SecretHash([number; 32]), until: Some(now.plus(MINUTE)) },
            StoredToken { hash: SecretHash([255 - number; 32]), until: None },
        ],
        sealed_key: "k1:c2VhbGVk".to_owned(),
    }
}

pub async fn ping_answers<S: SessionsUnderTest>(sessions: &S) {
    sessions.ping().await.unwrap();
}

pub async fn a_code_is_claimed_once<S: SessionsUnderTest>(sessions: &S) {
    assert_eq!(sessions.claim_code(CODE, "one", MINUTE).await.unwrap(), CodeState::Claimed);
    assert_eq!(sessions.claim_code(CODE, "two", MINUTE).await.unwrap(), CodeState::Pending);
    assert_eq!(sessions.claim_code(CODE, "one", MINUTE).await.unwrap(), CodeState::Pending);
    let other = SecretHash([8; 32]);
    assert_eq!(sessions.claim_code(other, "two", MINUTE).await.unwrap(), CodeState::Claimed);
}

pub async fn concurrent_claims_grant_one<S: SessionsUnderTest>(sessions: &S) {
    let tasks = (0..16).map(|task| {
        let sessions = sessions.clone();
        tokio::spawn(
            async move { sessions.claim_code(CODE, &format!("server{task}"), MINUTE).await.unwrap() },
        )
    });
    let states: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(states.iter().filter(|state| **state == CodeState::Claimed).count(), 1);
    assert_eq!(states.iter().filter(|state| **state == CodeState::Pending).count(), 15);
}

pub async fn a_claim_ends_with_its_lease<S: SessionsUnderTest>(sessions: &S) {
    assert_eq!(sessions.claim_code(CODE, "one", SHORT).await.unwrap(), CodeState::Claimed);
    eventually("claimed by another", || async {
        sessions.claim_code(CODE, "two", MINUTE).await.unwrap() == CodeState::Claimed
    })
    .await;
    sessions.release_code(CODE, "one").await.unwrap();
    assert_eq!(sessions.claim_code(CODE, "one", MINUTE).await.unwrap(), CodeState::Pending);
}

pub async fn a_settled_code_stays_settled<S: SessionsUnderTest>(sessions: &S) {
    let (kept, refused) = (SecretHash([1; 32]), SecretHash([2; 32]));
    let id = SessionId([9; 16]);
    let reason = "40029: \"invalid\" 无效\n".to_owned();
    for (code, outcome, expected) in [
        (kept, CodeOutcome::Session(id), CodeState::Session(id)),
        (refused, CodeOutcome::Refused(reason.clone()), CodeState::Refused(reason)),
    ] {
        sessions.claim_code(code, "one", SHORT).await.unwrap();
        sessions.settle_code(code, &outcome, HOUR).await.unwrap();
        sessions.release_code(code, "one").await.unwrap();
        for holder in ["one", "two"] {
            assert_eq!(sessions.claim_code(code, holder, MINUTE).await.unwrap(), expected);
        }
    }
    // The outcome outlives the claim: a later claim of the same length expires meanwhile.
    let witness = SecretHash([3; 32]);
    sessions.claim_code(witness, "one", SHORT).await.unwrap();
    eventually("the witness is free", || async {
        sessions.claim_code(witness, "two", MINUTE).await.unwrap() == CodeState::Claimed
    })
    .await;
    assert_eq!(sessions.claim_code(kept, "two", MINUTE).await.unwrap(), CodeState::Session(id));
}

pub async fn a_settled_code_is_forgotten_in_time<S: SessionsUnderTest>(sessions: &S) {
    sessions.claim_code(CODE, "one", HOUR).await.unwrap();
    sessions.settle_code(CODE, &CodeOutcome::Refused("no".to_owned()), SHORT).await.unwrap();
    eventually("forgotten", || async {
        sessions.claim_code(CODE, "two", MINUTE).await.unwrap() == CodeState::Claimed
    })
    .await;
}

pub async fn only_the_holder_releases<S: SessionsUnderTest>(sessions: &S) {
    sessions.release_code(CODE, "one").await.unwrap();
    sessions.claim_code(CODE, "one", MINUTE).await.unwrap();
    sessions.release_code(CODE, "two").await.unwrap();
    assert_eq!(sessions.claim_code(CODE, "two", MINUTE).await.unwrap(), CodeState::Pending);
    sessions.release_code(CODE, "one").await.unwrap();
    assert_eq!(sessions.claim_code(CODE, "two", MINUTE).await.unwrap(), CodeState::Claimed);
}

pub async fn a_session_is_read_as_it_was_made<S: SessionsUnderTest>(sessions: &S) {
    let (ann, ben) = (user("ann"), user("ben"));
    let made = session(1, &ann);
    assert_eq!(sessions.create(made.clone(), HOUR).await.unwrap(), made);
    let other = StoredSession { dialect: Dialect::Weapp, tokens: Vec::new(), ..session(2, &ben) };
    assert_eq!(sessions.create(other.clone(), HOUR).await.unwrap(), other);
    for guess in [None, Some(&ann)] {
        for slide in [None, Some(HOUR)] {
            assert_eq!(sessions.read(made.id, guess, slide).await.unwrap(), Some(made.clone()));
        }
    }
    assert_eq!(sessions.read(other.id, Some(&ben), None).await.unwrap(), Some(other));
    assert_eq!(sessions.read(SessionId([3; 16]), None, Some(HOUR)).await.unwrap(), None);
    assert_eq!(sessions.read(SessionId([3; 16]), Some(&ann), None).await.unwrap(), None);
}

pub async fn a_session_ends_when_it_is_idle<S: SessionsUnderTest>(sessions: &S) {
    let ann = user("ann");
    let (brief, lasting) = (session(1, &ann), session(2, &ann));
    sessions.create(brief.clone(), SHORT).await.unwrap();
    sessions.create(lasting.clone(), HOUR).await.unwrap();
    eventually("over", || async { sessions.read(brief.id, None, None).await.unwrap().is_none() }).await;
    assert_eq!(
        sessions.read(brief.id, Some(&ann), Some(HOUR)).await.unwrap(),
        None,
        "a slide revives nothing"
    );
    assert!(!sessions.replace(&brief, &brief, HOUR).await.unwrap());
    let all = sessions.of_user(&ann).await.unwrap();
    assert_eq!(all.into_iter().map(|(session, _)| session).collect::<Vec<_>>(), [lasting]);
}

pub async fn a_session_ends_however_much_it_is_used<S: SessionsUnderTest>(sessions: &S) {
    let ann = user("ann");
    let made = StoredSession { ends_at: Micros::now().plus(2 * SHORT), ..session(1, &ann) };
    sessions.create(made.clone(), HOUR).await.unwrap();
    eventually("over", || async { sessions.read(made.id, Some(&ann), Some(HOUR)).await.unwrap().is_none() })
        .await;
    assert!(Micros::now() >= made.ends_at);
    assert_eq!(sessions.of_user(&ann).await.unwrap(), []);
}

async fn end_of<S: SessionsUnderTest>(sessions: &S, session: &StoredSession) -> Micros {
    let all = sessions.of_user(&session.user).await.unwrap();
    all.into_iter().find(|(other, _)| other.id == session.id).expect("a living session").1
}

fn about(moment: Micros, from_now: Duration) -> bool {
    let expected = Micros::now().plus(from_now);
    moment > expected.minus(MINUTE) && moment <= expected.plus(Duration::from_secs(2))
}

pub async fn a_read_slides<S: SessionsUnderTest>(sessions: &S) {
    let made = session(1, &user("ann"));
    sessions.create(made.clone(), Duration::from_secs(120)).await.unwrap();
    assert!(about(end_of(sessions, &made).await, Duration::from_secs(120)));
    sessions.read(made.id, None, None).await.unwrap();
    assert!(about(end_of(sessions, &made).await, Duration::from_secs(120)));
    assert_eq!(sessions.read(made.id, None, Some(2 * HOUR)).await.unwrap(), Some(made.clone()));
    assert!(about(end_of(sessions, &made).await, 2 * HOUR));
    assert_eq!(sessions.read(made.id, Some(&made.user), Some(5 * HOUR)).await.unwrap(), Some(made.clone()));
    assert!(about(end_of(sessions, &made).await, 5 * HOUR));
    let short = session(2, &user("ann"));
    sessions.create(short.clone(), Duration::from_secs(10)).await.unwrap();
    sessions.read(short.id, None, Some(Duration::from_secs(20))).await.unwrap();
    assert!(end_of(sessions, &short).await > Micros::now().plus(Duration::from_secs(15)));
}

pub async fn nothing_slides_beyond_the_end<S: SessionsUnderTest>(sessions: &S) {
    let made = StoredSession { ends_at: Micros::now().plus(2 * HOUR), ..session(1, &user("ann")) };
    sessions.create(made.clone(), HOUR).await.unwrap();
    sessions.read(made.id, None, Some(9 * HOUR)).await.unwrap();
    let end = end_of(sessions, &made).await;
    assert!(end <= made.ends_at && about(end, 2 * HOUR));
}

pub async fn a_wrong_guess_of_the_user_changes_nothing<S: SessionsUnderTest>(sessions: &S) {
    let (ann, ben) = (user("ann"), user("ben"));
    let first = sessions.create(session(1, &ann), HOUR).await.unwrap();
    sessions.remove_all(&ben).await.unwrap();
    assert_eq!(sessions.read(first.id, Some(&ben), None).await.unwrap(), Some(first.clone()));
    let guarded = sessions.create(session(2, &ben), HOUR).await.unwrap();
    assert_eq!(sessions.read(guarded.id, Some(&ann), None).await.unwrap(), Some(guarded));
    sessions.remove_all(&ann).await.unwrap();
    assert_eq!(sessions.read(first.id, Some(&ben), None).await.unwrap(), None);
}

pub async fn a_session_is_replaced_as_it_was_known_only<S: SessionsUnderTest>(sessions: &S) {
    let ann = user("ann");
    let old = session(1, &ann);
    let mut new = StoredSession { last_seen: old.last_seen.plus(MINUTE), ..old.clone() };
    new.tokens.push(StoredToken { hash: SecretHash([77; 32]), until: None });
    assert!(!sessions.replace(&old, &new, HOUR).await.unwrap(), "there is none yet");
    assert_eq!(sessions.read(old.id, None, None).await.unwrap(), None);
    sessions.create(old.clone(), HOUR).await.unwrap();
    assert!(sessions.replace(&old, &new, 3 * HOUR).await.unwrap());
    assert_eq!(sessions.read(old.id, None, None).await.unwrap(), Some(new.clone()));
    assert!(about(end_of(sessions, &new).await, 3 * HOUR));
    assert!(!sessions.replace(&old, &new, HOUR).await.unwrap(), "it has changed");
    let stray = StoredSession { device: "another".to_owned(), ..new.clone() };
    assert!(!sessions.replace(&stray, &old, HOUR).await.unwrap());
    assert_eq!(sessions.read(old.id, None, None).await.unwrap(), Some(new.clone()));
    sessions.remove(&ann, new.id).await.unwrap();
    assert!(!sessions.replace(&new, &old, HOUR).await.unwrap(), "it has gone");
    assert_eq!(sessions.read(old.id, None, None).await.unwrap(), None);
}

pub async fn of_concurrent_replacements_one_wins<S: SessionsUnderTest>(sessions: &S) {
    let made = sessions.create(session(1, &user("ann")), HOUR).await.unwrap();
    let tasks = (0..16_u8).map(|task| {
        let (sessions, old) = (sessions.clone(), made.clone());
        tokio::spawn(async move {
            let new = StoredSession { address: format!("10.0.0.{task}"), ..old.clone() };
            sessions.replace(&old, &new, HOUR).await.unwrap().then_some(new)
        })
    });
    let won: Vec<_> = join_all(tasks).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(sessions.read(made.id, None, None).await.unwrap().as_ref(), Some(&won[0]));
}

pub async fn a_session_is_removed_by_its_user_only<S: SessionsUnderTest>(sessions: &S) {
    let (ann, ben) = (user("ann"), user("ben"));
    let (first, second) = (session(1, &ann), session(2, &ann));
    sessions.create(first.clone(), HOUR).await.unwrap();
    sessions.create(second.clone(), HOUR).await.unwrap();
    assert!(!sessions.remove(&ben, first.id).await.unwrap());
    assert!(!sessions.remove(&ann, SessionId([3; 16])).await.unwrap());
    assert_eq!(sessions.of_user(&ann).await.unwrap().len(), 2);
    assert!(sessions.remove(&ann, first.id).await.unwrap());
    assert!(!sessions.remove(&ann, first.id).await.unwrap());
    assert_eq!(sessions.read(first.id, Some(&ann), Some(HOUR)).await.unwrap(), None);
    assert_eq!(sessions.read(second.id, Some(&ann), None).await.unwrap(), Some(second.clone()));
    let all = sessions.of_user(&ann).await.unwrap();
    assert_eq!(all.into_iter().map(|(session, _)| session).collect::<Vec<_>>(), [second]);
}

pub async fn sessions_of_a_user_come_newest_use_first<S: SessionsUnderTest>(sessions: &S) {
    let ann = user("ann");
    let now = Micros::now();
    for (number, minutes) in [(1, 20), (2, 40), (3, 10), (4, 30)] {
        let used = StoredSession { last_seen: now.minus(minutes * MINUTE), ..session(number, &ann) };
        sessions.create(used, HOUR).await.unwrap();
    }
    sessions.create(session(5, &user("ben")), HOUR).await.unwrap();
    let order = async || -> Vec<u8> {
        let all = sessions.of_user(&ann).await.unwrap();
        assert!(all.iter().all(|(_, end)| about(*end, HOUR)));
        all.into_iter().map(|(session, _)| session.id.0[0]).collect()
    };
    assert_eq!(order().await, [3, 1, 4, 2]);
    let old = sessions.read(SessionId([2; 16]), None, None).await.unwrap().unwrap();
    let used = StoredSession { last_seen: now, ..old.clone() };
    assert!(sessions.replace(&old, &used, HOUR).await.unwrap());
    assert_eq!(order().await, [2, 3, 1, 4]);
}

pub async fn removing_all_ends_every_session_of_that_user<S: SessionsUnderTest>(sessions: &S) {
    let (ann, ben) = (user("ann"), user("ben"));
    for number in 1..=3 {
        sessions.create(session(number, &ann), HOUR).await.unwrap();
    }
    sessions.create(session(4, &ben), HOUR).await.unwrap();
    sessions.remove_all(&ann).await.unwrap();
    for number in 1..=3 {
        for guess in [None, Some(&ann)] {
            assert_eq!(sessions.read(SessionId([number; 16]), guess, Some(HOUR)).await.unwrap(), None);
        }
    }
    assert_eq!(sessions.of_user(&ann).await.unwrap(), []);
    assert_eq!(sessions.of_user(&ben).await.unwrap().len(), 1);

    let later = sessions.create(session(5, &ann), HOUR).await.unwrap();
    assert_eq!(sessions.read(later.id, None, None).await.unwrap(), Some(later.clone()));
    assert_eq!(sessions.of_user(&ann).await.unwrap().len(), 1);
    sessions.remove_all(&ann).await.unwrap();
    sessions.remove_all(&ann).await.unwrap();
    assert_eq!(sessions.read(later.id, Some(&ann), None).await.unwrap(), None);
    // The store ignores the epoch that the caller sets.
    let stale = sessions.create(StoredSession { epoch: 0, ..session(6, &ann) }, HOUR).await.unwrap();
    assert_eq!(sessions.read(stale.id, Some(&ann), None).await.unwrap(), Some(stale));
    let bold = sessions.create(StoredSession { epoch: 900, ..session(7, &ben) }, HOUR).await.unwrap();
    sessions.remove_all(&ben).await.unwrap();
    assert_eq!(sessions.read(bold.id, Some(&ben), None).await.unwrap(), None);
}

pub async fn a_replacement_does_not_outlive_remove_all<S: SessionsUnderTest>(sessions: &S) {
    let ann = user("ann");
    let made = sessions.create(session(1, &ann), HOUR).await.unwrap();
    sessions.remove_all(&ann).await.unwrap();
    let new = StoredSession { device: "renewed".to_owned(), ..made.clone() };
    sessions.replace(&made, &new, HOUR).await.unwrap();
    for guess in [None, Some(&ann)] {
        assert_eq!(sessions.read(made.id, guess, Some(HOUR)).await.unwrap(), None);
    }
    assert_eq!(sessions.of_user(&ann).await.unwrap(), []);
}

pub async fn a_lease_has_one_holder<S: SessionsUnderTest>(sessions: &S) {
    assert!(sessions.take_lease("purge", "one", MINUTE).await.unwrap());
    assert!(!sessions.take_lease("purge", "two", MINUTE).await.unwrap());
    assert!(sessions.take_lease("purge", "one", MINUTE).await.unwrap());
    assert!(sessions.take_lease("token", "two", MINUTE).await.unwrap());
    sessions.drop_lease("purge", "two").await.unwrap();
    assert!(!sessions.take_lease("purge", "two", MINUTE).await.unwrap());
    sessions.drop_lease("purge", "one").await.unwrap();
    sessions.drop_lease("purge", "one").await.unwrap();
    assert!(sessions.take_lease("purge", "two", MINUTE).await.unwrap());
}

pub async fn a_lease_ends_by_itself<S: SessionsUnderTest>(sessions: &S) {
    assert!(sessions.take_lease("purge", "one", SHORT).await.unwrap());
    eventually("free", || async { sessions.take_lease("purge", "two", SHORT).await.unwrap() }).await;
    assert!(sessions.take_lease("purge", "two", HOUR).await.unwrap(), "prolonged");
    assert!(sessions.take_lease("witness", "two", SHORT).await.unwrap());
    eventually("the witness is free", || async {
        sessions.take_lease("witness", "one", SHORT).await.unwrap()
    })
    .await;
    assert!(!sessions.take_lease("purge", "one", SHORT).await.unwrap());
}

pub async fn concurrent_takers_share_no_lease<S: SessionsUnderTest>(sessions: &S) {
    let tasks = (0..16).map(|task| {
        let sessions = sessions.clone();
        tokio::spawn(
            async move { sessions.take_lease("purge", &format!("server{task}"), MINUTE).await.unwrap() },
        )
    });
    let holders = join_all(tasks).await.into_iter().filter(|taken| *taken.as_ref().unwrap()).count();
    assert_eq!(holders, 1);
}

pub async fn a_note_is_kept_for_its_time<S: SessionsUnderTest>(sessions: &S) {
    assert_eq!(sessions.note("a").await.unwrap(), None);
    for text in ["one \"$x\"\n'{}", "", "漢字"] {
        sessions.put_note("a", text, HOUR).await.unwrap();
        assert_eq!(sessions.note("a").await.unwrap().as_deref(), Some(text));
    }
    assert_eq!(sessions.note("b").await.unwrap(), None);
    sessions.put_note("a", "short", SHORT).await.unwrap();
    eventually("forgotten", || async { sessions.note("a").await.unwrap().is_none() }).await;
    assert!(!sessions.drop_note("a", "short").await.unwrap());
}

pub async fn a_note_is_dropped_as_it_was_known_only<S: SessionsUnderTest>(sessions: &S) {
    sessions.put_note("a", "old", HOUR).await.unwrap();
    sessions.put_note("a", "new", HOUR).await.unwrap();
    assert!(!sessions.drop_note("a", "old").await.unwrap());
    assert_eq!(sessions.note("a").await.unwrap().as_deref(), Some("new"));
    assert!(sessions.drop_note("a", "new").await.unwrap());
    assert!(!sessions.drop_note("a", "new").await.unwrap());
    assert_eq!(sessions.note("a").await.unwrap(), None);
    // A lease with the same name is independent.
    sessions.put_note("a", "note", HOUR).await.unwrap();
    assert!(sessions.take_lease("a", "one", HOUR).await.unwrap());
    assert_eq!(sessions.note("a").await.unwrap().as_deref(), Some("note"));
}

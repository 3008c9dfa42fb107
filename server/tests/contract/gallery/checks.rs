//! Cases of the [`Checks`](yibi_server::store::Checks).

use futures_util::future::join_all;
use yibi_server::domain::moderation::{ModerationCheck, ModerationStatus, Subject};

use crate::given::{GalleryUnderTest, at, draw, new_user, user};

pub fn check(
    openid: &str,
    subject: Subject,
    content: &str,
    created: i64,
    due: Option<i64>,
) -> ModerationCheck {
    ModerationCheck {
        user: user(openid),
        subject,
        content: content.to_owned(),
        standing: ModerationStatus::Pending,
        label: None,
        created_at: at(created),
        version: 0,
        due_at: due.map(at),
        asked_at: None,
        tries: 0,
        trace_id: None,
        passed: None,
    }
}

pub async fn a_subject_has_one_check<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert_eq!(gallery.check(&ann, &Subject::Nickname).await.unwrap(), None);
    let title = Subject::Title("a/b d\"$".to_owned());
    let first = check("ann", Subject::Nickname, "Ann", 1, Some(5));
    let others = [
        check("ann", Subject::Avatar, "a1", 2, None),
        check("ann", title.clone(), "树 $set", 3, Some(9)),
        check("anna", Subject::Nickname, "Anna", 4, None),
    ];
    for check in others.iter().chain([&first]) {
        gallery.put_check(check).await.unwrap();
    }
    assert_eq!(gallery.check(&ann, &Subject::Nickname).await.unwrap(), Some(first.clone()));
    let second = check("ann", Subject::Nickname, "Annie", 6, None);
    gallery.put_check(&second).await.unwrap();
    assert_eq!(gallery.check(&ann, &Subject::Nickname).await.unwrap(), Some(second));
    for other in others {
        assert_eq!(gallery.check(&other.user, &other.subject).await.unwrap(), Some(other));
    }
    gallery.remove_check(&ann, &title).await.unwrap();
    gallery.remove_check(&ann, &title).await.unwrap();
    assert_eq!(gallery.check(&ann, &title).await.unwrap(), None);
    assert!(gallery.check(&ann, &Subject::Avatar).await.unwrap().is_some());
}

pub async fn due_checks_are_listed_longest_first<G: GalleryUnderTest>(gallery: &G) {
    let due = async |now, limit| {
        let due = gallery.checks_due(at(now), limit).await.unwrap();
        due.into_iter().map(|check| check.content).collect::<Vec<_>>()
    };
    for (openid, content, moment) in
        [("a", "third", Some(30)), ("b", "first", Some(10)), ("c", "never", None), ("d", "second", Some(20))]
    {
        gallery.put_check(&check(openid, Subject::Nickname, content, 1, moment)).await.unwrap();
    }
    assert_eq!(due(9, 9).await, [""; 0]);
    assert_eq!(due(20, 9).await, ["first", "second"]);
    assert_eq!(due(99, 9).await, ["first", "second", "third"]);
    assert_eq!(due(99, 1).await, ["first"]);
}

pub async fn a_check_is_changed_as_it_was_read_only<G: GalleryUnderTest>(gallery: &G) {
    let read = check("ann", Subject::Avatar, "a1", 1, Some(5));
    assert!(!gallery.change_check(&read).await.unwrap(), "there is none");
    gallery.put_check(&read).await.unwrap();
    let changed = ModerationCheck {
        standing: ModerationStatus::Rejected,
        label: Some(20_002),
        due_at: None,
        asked_at: Some(at(7)),
        tries: 3,
        trace_id: Some("t1".to_owned()),
        passed: Some("a0".to_owned()),
        ..read.clone()
    };
    assert!(gallery.change_check(&changed).await.unwrap());
    let expected = ModerationCheck { version: 1, ..changed.clone() };
    assert_eq!(gallery.check(&read.user, &Subject::Avatar).await.unwrap(), Some(expected.clone()));
    assert_eq!(gallery.checks_due(at(99), 9).await.unwrap(), []);
    assert!(!gallery.change_check(&changed).await.unwrap(), "it is another version now");
    let back = ModerationCheck {
        standing: ModerationStatus::Pending,
        label: None,
        trace_id: None,
        asked_at: None,
        ..expected
    };
    assert!(gallery.change_check(&back).await.unwrap());
    assert_eq!(gallery.check_of_trace("t1").await.unwrap(), None);
    // The check of the next content also begins at version 0.
    let next = check("ann", Subject::Avatar, "a2", 2, None);
    gallery.put_check(&next).await.unwrap();
    assert!(!gallery.change_check(&read).await.unwrap());
    assert_eq!(gallery.check(&read.user, &Subject::Avatar).await.unwrap(), Some(next));
}

pub async fn of_concurrent_changes_one_wins<G: GalleryUnderTest>(gallery: &G) {
    let read = check("ann", Subject::Avatar, "a1", 1, Some(5));
    gallery.put_check(&read).await.unwrap();
    let tasks = (1..=8).map(|tries| {
        let (gallery, change) = (gallery.clone(), ModerationCheck { tries, ..read.clone() });
        tokio::spawn(async move { gallery.change_check(&change).await.unwrap() })
    });
    let won = join_all(tasks).await.into_iter().map(Result::unwrap).filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(gallery.check(&read.user, &Subject::Avatar).await.unwrap().unwrap().version, 1);
}

pub async fn an_answer_finds_its_check<G: GalleryUnderTest>(gallery: &G) {
    let waiting =
        ModerationCheck { trace_id: Some("t-1".to_owned()), ..check("ann", Subject::Avatar, "a1", 1, None) };
    gallery.put_check(&waiting).await.unwrap();
    gallery.put_check(&check("ben", Subject::Avatar, "a1", 1, None)).await.unwrap();
    assert_eq!(gallery.check_of_trace("t-1").await.unwrap(), Some(waiting));
    for unknown in ["", "t-2", "T-1"] {
        assert_eq!(gallery.check_of_trace(unknown).await.unwrap(), None);
    }
}

pub async fn checks_go_with_their_user<G: GalleryUnderTest>(gallery: &G) {
    for (openid, public_id) in [("ann", "p1"), ("anna", "p2")] {
        gallery.sign_in(&user(openid), &new_user(public_id), at(0)).await.unwrap();
        gallery.put_check(&check(openid, Subject::Nickname, "A", 1, Some(1))).await.unwrap();
        gallery.put_check(&check(openid, Subject::Title("d".to_owned()), "T", 1, None)).await.unwrap();
    }
    gallery.schedule_erasure(&user("ann"), at(100)).await.unwrap();
    gallery.erase(&user("ann"), at(100)).await.unwrap();
    for subject in [Subject::Nickname, Subject::Title("d".to_owned())] {
        assert_eq!(gallery.check(&user("ann"), &subject).await.unwrap(), None);
        assert!(gallery.check(&user("anna"), &subject).await.unwrap().is_some());
    }
    assert_eq!(gallery.checks_due(at(200), 9).await.unwrap().len(), 1);
}

pub async fn a_nickname_is_cleared_if_it_is_still_that<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    assert!(!gallery.clear_nickname(&ann, "").await.unwrap());
    gallery.sign_in(&ann, &new_user("p1"), at(0)).await.unwrap();
    gallery.set_nickname(&ann, "Ann").await.unwrap();
    assert!(!gallery.clear_nickname(&ann, "ann").await.unwrap());
    assert_eq!(gallery.user(&ann).await.unwrap().unwrap().nickname, "Ann");
    assert!(gallery.clear_nickname(&ann, "Ann").await.unwrap());
    assert!(!gallery.clear_nickname(&ann, "Ann").await.unwrap());
    assert_eq!(gallery.user(&ann).await.unwrap().unwrap().nickname, "");
}

pub async fn the_check_of_a_title_goes_with_its_drawing<G: GalleryUnderTest>(gallery: &G) {
    let ann = user("ann");
    for (openid, id) in [("ann", "a"), ("ann", "b"), ("ben", "a")] {
        draw(gallery, &user(openid), id, 1, at(0)).await;
        let title = Subject::Title(id.to_owned());
        gallery.put_check(&check(openid, title, "tree", 1, Some(5))).await.unwrap();
    }
    let kept = async |openid, id: &str| {
        let check = gallery.check(&user(openid), &Subject::Title(id.to_owned())).await.unwrap();
        check.is_some()
    };
    gallery.set_deleted(&ann, "a", true, at(2)).await.unwrap();
    assert!(!gallery.purge(&ann, "a", at(1)).await.unwrap());
    assert!(kept("ann", "a").await, "a drawing in the bin may come back");
    assert!(gallery.purge(&ann, "a", at(3)).await.unwrap());
    assert!(!kept("ann", "a").await);
    assert!(kept("ann", "b").await && kept("ben", "a").await);
}

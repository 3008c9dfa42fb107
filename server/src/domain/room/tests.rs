use yibi_common::rooms::{FrozenBy, RoomKind, RoomRole, RoomState};

use super::rules::{BANNED, Changed, IDLE, REMEMBERED};
use super::*;

const OWNER: Person<'_> = Person { id: "owner", is_owner: true };
const ANN: Person<'_> = Person { id: "ann", is_owner: false };
const BEN: Person<'_> = Person { id: "ben", is_owner: false };
const CROWD: Crowd = Crowd { drawing: 8, authors: 200 };

fn at(seconds: i64) -> Micros {
    Micros(seconds * 1_000_000)
}

fn relay(goal: u32) -> Room {
    Room::fresh(Code::from_random([7; 8]), RoomKind::Relay, Some(goal), "owner", at(0))
}

fn together() -> Room {
    Room::fresh(Code::from_random([7; 8]), RoomKind::Together, None, "owner", at(0))
}

fn draw(room: &mut Room, who: Person<'_>, by: u16, id: &str, now: i64) -> Changed {
    let from = u32::try_from(room.recent.len()).unwrap() + 1;
    let stroke = NewStroke { stroke_id: id, by, from, seq: from + 1 };
    room.draw(who, stroke, CROWD, at(now))
}

fn turn(room: &Room, now: i64) -> Option<(&str, i64, bool)> {
    room.hold_at(at(now)).map(|hold| (hold.user.as_str(), hold.until.seconds(), hold.extended))
}

fn held(user: &str, until: i64, extended: bool) -> RoomRefusal {
    RoomRefusal::NotYourTurn(Some(Hold { user: user.to_owned(), until: at(until), extended }))
}

#[test]
fn a_turn_lasts_90_seconds_and_is_extended_once() {
    let mut room = relay(9);
    assert_eq!(room.take(ANN, at(10)), Ok(true));
    assert_eq!(turn(&room, 99), Some(("ann", 100, false)));
    assert_eq!(room.take(BEN, at(20)), Err(held("ann", 100, false)));
    assert_eq!(room.take(ANN, at(50)), Ok(true));
    assert_eq!(turn(&room, 169), Some(("ann", 170, true)));
    assert_eq!(room.take(ANN, at(60)), Ok(false), "once");
    assert_eq!(turn(&room, 170), None);
    assert_eq!(room.take(BEN, at(170)), Ok(true), "a turn that ran out is free");
}

#[test]
fn the_author_of_the_last_stroke_waits_a_day() {
    let mut room = relay(9);
    assert_eq!(room.take(OWNER, at(10)), Err(held("owner", 86_400, false)));
    assert_eq!(room.take(OWNER, at(86_400)), Ok(true));
    let mut room = relay(9);
    room.take(ANN, at(10)).unwrap();
    draw(&mut room, ANN, 1, "s", 20).unwrap();
    assert_eq!(room.take(ANN, at(30)), Err(held("ann", 20 + 86_400, false)));
    assert_eq!(room.take(OWNER, at(30)), Ok(true), "the owner is one of the others");
}

#[test]
fn a_stroke_needs_the_turn_and_ends_it() {
    let mut room = relay(9);
    assert_eq!(draw(&mut room, ANN, 1, "s", 5), Err(RoomRefusal::NotYourTurn(None)));
    room.take(ANN, at(10)).unwrap();
    assert_eq!(draw(&mut room, BEN, 1, "s", 11), Err(held("ann", 100, false)));
    assert_eq!(draw(&mut room, ANN, 1, "s", 12), Ok(true));
    assert_eq!((room.strokes, room.hold.clone(), room.last_author.as_deref()), (2, None, Some("ann")));
    assert_eq!(draw(&mut room, ANN, 1, "t", 13), Err(RoomRefusal::NotYourTurn(None)), "one stroke a turn");
    assert_eq!(room.ends_at, at(12).plus(IDLE));
}

#[test]
fn a_late_stroke_counts_while_nobody_else_has_the_turn() {
    let mut room = relay(9);
    room.take(ANN, at(10)).unwrap();
    let mut taken = room.clone();
    assert_eq!(draw(&mut room, ANN, 1, "s", 5_000), Ok(true));
    taken.take(BEN, at(101)).unwrap();
    assert_eq!(draw(&mut taken, ANN, 1, "s", 102), Err(held("ben", 191, false)));
    assert_eq!(draw(&mut taken, ANN, 1, "s", 300), Err(RoomRefusal::NotYourTurn(None)), "ben had it last");
    draw(&mut taken, BEN, 2, "b", 301).unwrap();
    assert_eq!(draw(&mut taken, ANN, 1, "s", 302), Err(RoomRefusal::NotYourTurn(None)));
}

#[test]
fn a_turn_is_given_back_by_its_holder_alone() {
    let mut room = relay(9);
    assert_eq!(room.release(ANN, at(5)), Ok(false));
    room.take(ANN, at(10)).unwrap();
    assert_eq!(room.release(BEN, at(11)), Ok(false));
    assert_eq!(room.release(ANN, at(12)), Ok(true));
    assert_eq!(room.release(ANN, at(12)), Ok(false), "sent twice");
    assert_eq!(draw(&mut room, ANN, 1, "s", 13), Err(RoomRefusal::NotYourTurn(None)));
    assert_eq!(room.take(BEN, at(14)), Ok(true));
}

#[test]
fn the_goal_finishes_a_relay() {
    let mut room = relay(3);
    for (who, by, id, now) in [(ANN, 1, "a", 10), (BEN, 2, "b", 20)] {
        room.take(who, at(now)).unwrap();
        draw(&mut room, who, by, id, now).unwrap();
    }
    assert_eq!((room.state, room.done_at), (RoomState::Done, Some(at(20))));
    assert_eq!(room.take(ANN, at(21)), Err(RoomRefusal::Ended));
    assert_eq!(draw(&mut room, ANN, 1, "c", 21), Err(RoomRefusal::Ended));
    assert_eq!(room.set_locked(OWNER, true, at(21)), Err(RoomRefusal::Ended));
    assert_eq!(room.end(OWNER, at(22)), Ok(false));
    assert_eq!(room.role(ANN, at(22)), RoomRole::Watcher);
}

#[test]
fn the_owner_finishes_a_relay_of_two_strokes() {
    let mut room = relay(9);
    let too_early = RoomRefusal::Rule("a relay is finished with two strokes or more");
    assert_eq!(room.end(OWNER, at(5)), Err(too_early));
    room.take(ANN, at(10)).unwrap();
    draw(&mut room, ANN, 1, "s", 12).unwrap();
    assert_eq!(room.end(ANN, at(13)), Err(RoomRefusal::OwnerOnly));
    room.take(BEN, at(14)).unwrap();
    assert_eq!(room.end(OWNER, at(15)), Ok(true));
    assert_eq!((room.state, room.hold.clone()), (RoomState::Done, None));
    assert!(matches!(together().end(OWNER, at(1)), Err(RoomRefusal::Rule(_))));
}

#[test]
fn seven_days_without_a_stroke_end_a_room() {
    let week = 7 * 86_400;
    let mut alone = relay(9);
    assert_eq!(
        (alone.state_at(at(week - 1)), alone.state_at(at(week))),
        (RoomState::Open, RoomState::Closed)
    );
    assert_eq!(alone.take(ANN, at(week)), Err(RoomRefusal::Ended));
    assert!(alone.settle(at(week)) && alone.state == RoomState::Closed && !alone.settle(at(week)));
    let mut two = relay(9);
    two.take(ANN, at(10)).unwrap();
    draw(&mut two, ANN, 1, "s", 12).unwrap();
    two.take(BEN, at(13)).unwrap();
    assert_eq!(two.state_at(at(week + 11)), RoomState::Open);
    assert_eq!(two.state_at(at(week + 12)), RoomState::Done);
    assert_eq!(draw(&mut two, BEN, 2, "t", week + 12), Err(RoomRefusal::Ended), "nothing comes late");
    assert_eq!(two.end(OWNER, at(week + 13)), Ok(true));
    assert_eq!((two.state, two.done_at), (RoomState::Done, Some(at(week + 12))));
    assert_eq!(together().state_at(at(week)), RoomState::Closed);
}

#[test]
fn a_locked_room_is_drawn_in_by_its_owner_alone() {
    let mut room = together();
    assert_eq!(room.role(ANN, at(1)), RoomRole::Drawer);
    assert_eq!(room.set_locked(ANN, true, at(1)), Err(RoomRefusal::OwnerOnly));
    assert_eq!(room.set_locked(OWNER, true, at(1)), Ok(true));
    assert_eq!(room.set_locked(OWNER, true, at(1)), Ok(false));
    assert_eq!((room.role(ANN, at(1)), room.role(OWNER, at(1))), (RoomRole::Watcher, RoomRole::Owner));
    assert_eq!(draw(&mut room, ANN, 1, "s", 2), Err(RoomRefusal::OwnerOnly));
    assert_eq!(draw(&mut room, OWNER, 0, "s", 2), Ok(true));
    assert_eq!(room.set_locked(OWNER, false, at(3)), Ok(true));
    assert_eq!(draw(&mut room, ANN, 1, "s", 4), Ok(true));
    let mut relay = relay(9);
    relay.take(ANN, at(1)).unwrap();
    relay.set_locked(OWNER, true, at(2)).unwrap();
    assert_eq!((relay.hold.clone(), relay.take(BEN, at(3))), (None, Err(RoomRefusal::OwnerOnly)));
}

#[test]
fn a_banned_person_does_nothing_more() {
    let mut room = relay(9);
    room.take(ANN, at(1)).unwrap();
    assert_eq!(room.ban(BEN, "ann", at(2)), Err(RoomRefusal::OwnerOnly));
    assert_eq!(room.ban(OWNER, "ann", at(2)), Ok(true));
    assert_eq!(room.ban(OWNER, "ann", at(2)), Ok(false));
    assert_eq!((room.hold.clone(), room.admits(ANN)), (None, Err(RoomRefusal::Banned)));
    for refused in [room.take(ANN, at(3)), room.release(ANN, at(3)), draw(&mut room, ANN, 1, "s", 3)] {
        assert_eq!(refused, Err(RoomRefusal::Banned));
    }
    assert_eq!(room.close(ANN), Err(RoomRefusal::Banned));
    assert!(matches!(room.ban(OWNER, "owner", at(3)), Err(RoomRefusal::Rule(_))));
    for number in 1..BANNED {
        assert_eq!(room.ban(OWNER, &format!("p{number}"), at(4)), Ok(true));
    }
    assert!(matches!(room.ban(OWNER, "one more", at(4)), Err(RoomRefusal::Rule(_))));
}

#[test]
fn a_frozen_room_refuses_every_change_until_it_thaws() {
    let mut room = relay(9);
    room.take(ANN, at(1)).unwrap();
    assert!(room.freeze(FrozenBy::Reports, 4, at(2)) && !room.freeze(FrozenBy::Operator, 4, at(2)));
    assert_eq!(
        (room.state, room.hold.clone(), room.frozen_by),
        (RoomState::Frozen, None, Some(FrozenBy::Reports))
    );
    let changes = [
        room.clone().take(BEN, at(3)),
        room.clone().release(ANN, at(3)),
        draw(&mut room.clone(), ANN, 1, "s", 3),
        room.clone().set_locked(OWNER, true, at(3)),
        room.clone().ban(OWNER, "ben", at(3)),
        room.clone().end(OWNER, at(3)),
        room.clone().close(OWNER),
    ];
    assert!(changes.iter().all(|change| *change == Err(RoomRefusal::Frozen)), "{changes:?}");
    assert_eq!(room.state_at(at(30 * 86_400)), RoomState::Frozen, "no time ends it");
    let thawed_at = 20 * 86_400;
    assert!(room.thaw(4, at(thawed_at)) && !room.thaw(4, at(thawed_at)));
    assert_eq!((room.state, room.cleared_seq), (RoomState::Open, Some(4)));
    assert_eq!(room.state_at(at(thawed_at + 86_400)), RoomState::Open);
    let mut done = relay(2);
    done.take(ANN, at(1)).unwrap();
    draw(&mut done, ANN, 1, "s", 2).unwrap();
    assert!(done.freeze(FrozenBy::Wechat, 4, at(3)) && done.thaw(2, at(4)) && done.state == RoomState::Done);
    assert!(
        done.freeze(FrozenBy::Operator, 4, at(5))
            && done.shut()
            && !done.freeze(FrozenBy::Operator, 4, at(6))
    );
}

#[test]
fn an_operator_freezes_a_relay_that_time_has_finished() {
    let mut room = relay(9);
    room.take(ANN, at(1)).unwrap();
    draw(&mut room, ANN, 1, "s", 2).unwrap();
    assert!(room.freeze(FrozenBy::Operator, 4, at(30 * 86_400)) && room.thaw(2, at(31 * 86_400)));
    assert_eq!(room.state, RoomState::Done);
}

#[test]
fn the_owner_closes_the_room() {
    let mut room = relay(9);
    room.take(ANN, at(1)).unwrap();
    assert_eq!(room.close(BEN), Err(RoomRefusal::OwnerOnly));
    assert_eq!((room.close(OWNER), room.close(OWNER)), (Ok(true), Ok(false)));
    assert_eq!((room.state, room.hold.clone()), (RoomState::Closed, None));
    assert_eq!(room.take(BEN, at(3)), Err(RoomRefusal::Ended));
    assert!(!room.refuses_owner());
}

#[test]
fn the_last_stroke_is_taken_out_and_the_first_one_stays() {
    let mut room = relay(3);
    assert!(matches!(room.take_out_last(None), Err(RoomRefusal::Rule(_))));
    room.take(ANN, at(1)).unwrap();
    draw(&mut room, ANN, 1, "s", 2).unwrap();
    assert_eq!(room.take_out_last(Some("owner")), Ok(true));
    assert_eq!((room.strokes, room.last_author.as_deref()), (1, Some("owner")));
    assert_eq!(room.take(ANN, at(3)), Ok(true), "ann no longer drew last");
    assert_eq!(together().take_out_last(None), Ok(true));
}

#[test]
fn nobody_draws_twice_in_a_row_after_a_removal() {
    let mut room = relay(9);
    room.take(ANN, at(1)).unwrap();
    draw(&mut room, ANN, 1, "s", 2).unwrap();
    room.take(OWNER, at(3)).unwrap();
    room.take_out_last(Some("owner")).unwrap();
    assert_eq!(turn(&room, 4), None);
    room.take(ANN, at(5)).unwrap();
    draw(&mut room, ANN, 1, "t", 6).unwrap();
    room.take(BEN, at(7)).unwrap();
    room.take_out_last(Some("owner")).unwrap();
    assert_eq!(turn(&room, 8), Some(("ben", 97, false)), "another person's turn goes on");
}

#[test]
fn a_room_that_an_operator_closed_stays_so_until_it_is_taken_back() {
    let mut room = together();
    assert!(room.freeze(FrozenBy::Reports, 4, at(1)));
    assert!(!room.shows_drawing(OWNER, at(2)) && !room.shows_drawing(ANN, at(2)));
    assert!(room.remove(4));
    assert!(!room.remove(4), "once");
    assert!(room.shows_drawing(OWNER, at(3)) && !room.shows_drawing(ANN, at(3)));
    assert!(room.is_removed_at(4) && !room.is_removed_at(5));
    room.reopen();
    assert_eq!((room.state, room.is_removed_at(4)), (RoomState::Open, false));
    room.close(OWNER).unwrap();
    room.reopen();
    assert_eq!(room.state, RoomState::Closed, "the owner's closing is not an operator's to take back");
}

#[test]
fn a_room_remembers_the_last_64_strokes() {
    let mut room = together();
    for number in 0..100 {
        draw(&mut room, ANN, 1, &format!("s{number}"), number).unwrap();
    }
    assert_eq!(room.recent.len(), REMEMBERED);
    assert!(room.remembered("s35", 1).is_none() && room.remembered("s36", 1).is_some());
    assert!(room.remembered("s99", 2).is_none(), "the id of another person's stroke");
}

#[test]
fn eight_people_draw_within_a_minute() {
    let mut room = together();
    for by in 0..8 {
        let id = format!("p{by}");
        draw(&mut room, Person { id: &id, is_owner: by == 0 }, by, &id, i64::from(by)).unwrap();
    }
    assert_eq!(draw(&mut room, BEN, 8, "b", 9), Err(RoomRefusal::Full));
    let again = Person { id: "p7", is_owner: false };
    assert_eq!(draw(&mut room, again, 7, "again", 9), Ok(true), "one of the eight");
    assert_eq!(draw(&mut room, BEN, 8, "b", 60), Ok(true), "p0 drew more than a minute ago");
    assert_eq!(draw(&mut together(), BEN, 200, "b", 0), Err(RoomRefusal::Full));
}

#[test]
fn goals_belong_to_relays_and_are_bounded() {
    for (kind, goal, fits) in [
        (RoomKind::Relay, None, true),
        (RoomKind::Relay, Some(2), true),
        (RoomKind::Relay, Some(30), true),
        (RoomKind::Relay, Some(1), false),
        (RoomKind::Relay, Some(31), false),
        (RoomKind::Together, None, true),
        (RoomKind::Together, Some(9), false),
    ] {
        assert_eq!(Room::check_goal(kind, goal).is_ok(), fits, "{kind:?} {goal:?}");
    }
    assert_eq!((relay(4).goal, together().goal), (Some(4), None));
    assert!(matches!(together().take(ANN, at(1)), Err(RoomRefusal::Rule(_))));
}

#[test]
fn a_relay_takes_nothing_from_its_owner_outside_a_turn() {
    assert!(relay(9).refuses_owner() && !together().refuses_owner());
    let mut frozen = together();
    frozen.freeze(FrozenBy::Operator, 4, at(1));
    assert!(frozen.refuses_owner());
}

#[test]
fn a_stored_room_without_later_fields_is_read() {
    let mut stored = serde_json::to_value(relay(9)).unwrap();
    for optional in ["locked", "strokes", "recent", "banned"] {
        stored.as_object_mut().unwrap().remove(optional);
    }
    let read: Room = serde_json::from_value(stored).unwrap();
    assert_eq!((read.kind, read.strokes, read.recent.len()), (RoomKind::Relay, 0, 0));
}

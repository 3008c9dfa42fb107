//! Fixtures of the cases.

use std::time::{Duration, Instant};

use yibi_common::drawing::{Mode, Paper};
use yibi_server::domain::batch::{Appended, Batch};
use yibi_server::domain::clock::Micros;
use yibi_server::domain::drawing::{Header, NewDrawing};
use yibi_server::domain::user::NewUser;
use yibi_server::domain::user::UserKey;
use yibi_server::domain::weapp::WeappSave;
use yibi_server::store::{
    Avatars, Checks, Drawings, Leases, MiniprogramCodes, Orders, Reviews, Rooms, Sessions, Shares, Transfer,
    Users,
};

/// The users and drawings of a backend; each task of a test has its own handle.
pub trait GalleryUnderTest:
    Users
    + Drawings
    + Avatars
    + Checks
    + Shares
    + Reviews
    + Rooms
    + MiniprogramCodes
    + Orders
    + Transfer
    + Clone
    + Send
    + Sync
    + 'static
{
}
impl<G> GalleryUnderTest for G where
    G: Users
        + Drawings
        + Avatars
        + Checks
        + Shares
        + Reviews
        + Rooms
        + MiniprogramCodes
        + Orders
        + Transfer
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// The sessions of a backend; each task of a test has its own handle.
pub trait SessionsUnderTest: Sessions + Leases + Clone + Send + Sync + 'static {}
impl<S: Sessions + Leases + Clone + Send + Sync + 'static> SessionsUnderTest for S {}

/// A store and the values that must outlive it, such as a directory. Fields drop in their order.
pub struct Opened<S, K = ()> {
    pub store: S,
    pub _keep: K,
}

/// A time, this many microseconds after a fixed one.
pub fn at(micros: i64) -> Micros {
    Micros(1_800_000_000_000_000 + micros)
}

/// A user of the first app.
pub fn user(openid: &str) -> UserKey {
    UserKey::new("wx0123456789abcdef", openid)
}

/// The record that the first sign-in of this user writes.
pub fn new_user(public_id: &str) -> NewUser {
    NewUser { public_id: public_id.to_owned(), origin: None, unionid: None, reopen: false }
}

/// A drawing without properties from the client.
pub fn blank() -> NewDrawing {
    NewDrawing { title: String::new(), paper: Paper::default(), mode: Mode::Free, explicit: false }
}

/// A stored form of this length that is unique in its drawing.
pub fn blob(number: u32, len: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut bytes: Vec<u8> = number.to_le_bytes().into_iter().take(len).collect();
    bytes.resize_with(len, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    bytes
}

/// The stored forms of actions of uneven sizes, tens to hundreds of bytes, numbered from `from` on.
pub fn blobs(from: u32, count: u32) -> Vec<Vec<u8>> {
    (from..from + count).map(|number| blob(number, 40 + (number as usize * 37) % 300)).collect()
}

/// A batch of strokes of 20 points that fits into any drawing in mode `free`.
pub fn batch(from_seq: u32, blobs: Vec<Vec<u8>>) -> Batch {
    let stroke_count = u32::try_from(blobs.len()).unwrap();
    Batch {
        from_seq,
        stroke_count,
        point_count: 20 * stroke_count,
        blobs: blobs.into_iter().map(Into::into).collect(),
        min_paper: Paper { width: 100, height: 100 },
        one_stroke_width: None,
        max_actions: 5_000,
        max_bytes: 1 << 20,
        max_points: 1_000_000,
        in_room: false,
    }
}

/// A 2016 save of 3 strokes and 30 points.
pub fn save<'a>(id: &'a str, blob: &'a [u8]) -> WeappSave<'a> {
    WeappSave {
        id,
        weapp_id: None,
        paper: Paper { width: 2048, height: 2957 },
        blob,
        stroke_count: 3,
        point_count: 30,
        max_actions: 5_000,
        max_bytes: 1 << 20,
        max_points: 1_000_000,
    }
}

/// Creates a drawing of `count` actions.
pub async fn draw<G: GalleryUnderTest>(gallery: &G, user: &UserKey, id: &str, count: u32, now: Micros) {
    let batch = batch(0, blobs(0, count));
    let appended = gallery.append(user, id, &batch, Some(&blank()), now).await.unwrap();
    assert_eq!(appended, Appended::Done { seq: count, created: true });
}

/// The header of an existing drawing.
pub async fn header<G: GalleryUnderTest>(gallery: &G, user: &UserKey, id: &str) -> Header {
    gallery.header(user, id).await.unwrap().expect("a drawing")
}

/// The drawing's actions from its base on.
pub async fn actions<G: GalleryUnderTest>(gallery: &G, user: &UserKey, id: &str) -> Vec<Vec<u8>> {
    gallery.read(user, id, 0).await.unwrap().expect("a drawing").actions
}

/// The ids of drawings in their order.
pub fn ids(headers: &[Header]) -> Vec<&str> {
    headers.iter().map(|header| header.id.as_str()).collect()
}

/// Repeats a check until it succeeds, for at most a minute.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let begun = Instant::now();
    while !ask().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "still not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

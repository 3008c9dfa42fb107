//! The JSON of stored drawings: written action by action and with a length limit, since a stored 2016 action
//! can be a thousand times as long in JSON.

use std::cell::Cell;
use std::io::{self, Write};

use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use yibi_common::admin::{DrawingRow, UserRef};
use yibi_common::api::{AuthorView, Summary};
use yibi_common::codec::{self, Malformed};
use yibi_common::drawing::{Action, Color, OWNER};
use yibi_common::limits::Limits;
use yibi_common::picture;

use super::{DrawingError, DrawingResult, damaged, decoded};
use crate::domain::drawing::Stored;
use crate::domain::share::ShareCopy;

/// Maximum length of a valid stroke's point in bytes: three numbers with their signs and commas.
const POINT_LEN: u64 = 26;
/// Maximum length of an action without its points, in bytes.
const ACTION_LEN: u64 = 128;
/// Maximum length of a drawing without its actions, in bytes.
const HEAD_LEN: u64 = 64 << 10;

/// Maximum length of a drawing's JSON: enough for every drawing of strokes within the limits.
fn max_len(limits: &Limits) -> usize {
    let points = u64::from(limits.points_per_drawing) * POINT_LEN;
    let actions = u64::from(limits.actions_per_drawing) * ACTION_LEN;
    usize::try_from(HEAD_LEN + points + actions).unwrap_or(usize::MAX)
}

/// Cost of the actions' JSON, as an equivalent number of stored bytes.
pub(super) fn weight(stored: &Stored) -> usize {
    let bytes = stored.actions.iter().map(Vec::len).sum();
    // A hand-drawn point takes a byte or more; a 2016 picture may expand to many points per byte.
    if stored.actions.iter().any(|blob| codec::is_weapp(blob)) {
        usize::max(bytes, stored.header.point_count as usize)
    } else {
        bytes
    }
}

/// A [`DrawingReply`](yibi_common::api::DrawingReply) whose actions are decoded while they are written.
#[derive(Serialize)]
struct ReplyBody<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    authors: &'a [AuthorView],
    actions: &'a StoredActions<'a>,
}

/// A [`DrawingReply`](yibi_common::api::DrawingReply) of the visible strokes.
#[derive(Serialize)]
struct VisibleBody<'a> {
    #[serde(flatten)]
    summary: &'a Summary,
    actions: &'a [Action],
}

/// A [`DrawingDetail`](yibi_common::admin::DrawingDetail) whose actions are decoded while they are written.
#[derive(Serialize)]
struct DetailBody<'a> {
    drawing: &'a DrawingRow,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    authors: &'a [UserRef],
    since: u32,
    actions: &'a StoredActions<'a>,
}

/// The JSON of a `DrawingReply`.
///
/// # Errors
/// [`DrawingError::DrawingTooLarge`], [`DrawingError::Store`] for damaged actions.
pub(super) fn write_reply(
    summary: &Summary,
    authors: &[AuthorView],
    stored: &Stored,
    limits: &Limits,
) -> DrawingResult<Vec<u8>> {
    let actions = StoredActions::new(&stored.actions);
    write(&ReplyBody { summary, authors, actions: &actions }, &actions, limits)
}

/// The JSON of a `DrawingReply` for clients that know neither authors nor removals: the visible strokes, as if the owner
/// had drawn them one after the other. `seq` stays, so that the owner can draw on.
///
/// # Errors
/// As [`write_reply`].
pub(super) fn write_visible(summary: Summary, stored: &Stored, limits: &Limits) -> DrawingResult<Vec<u8>> {
    let visible = picture::visible(stored.since, &decoded(stored)?);
    let white = Action::Background { color: Color::WHITE, at: None };
    let visible = visible.into_iter().filter(|action| *action != white);
    let actions = visible.map(|action| action.signed(OWNER)).collect::<Result<Vec<Action>, _>>();
    let actions = actions.map_err(|_| DrawingError::Internal("the owner draws every action"))?;
    let count = u32::try_from(actions.len()).unwrap_or(u32::MAX);
    let summary = Summary { read_only: true, base: summary.seq.saturating_sub(count), ..summary };
    write(&VisibleBody { summary: &summary, actions: &actions }, &StoredActions::new(&[]), limits)
}

/// A [`ReviewCopy`](yibi_common::admin::ReviewCopy) whose actions are decoded while they are written.
#[derive(Serialize)]
struct CopyBody<'a> {
    code: &'a str,
    seq: u32,
    title: &'a str,
    width: u32,
    height: u32,
    actions: &'a StoredActions<'a>,
}

/// The JSON of a `ReviewCopy`.
///
/// # Errors
/// As [`write_reply`].
pub(super) fn write_copy(copy: &ShareCopy, limits: &Limits) -> DrawingResult<Vec<u8>> {
    let actions = StoredActions::new(&copy.actions);
    let body = CopyBody {
        code: copy.code.as_str(),
        seq: copy.seq,
        title: &copy.title,
        width: copy.paper.width,
        height: copy.paper.height,
        actions: &actions,
    };
    write(&body, &actions, limits)
}

/// A [`RoomActionsReply`](yibi_common::api::RoomActionsReply) whose actions are decoded while they are written.
#[derive(Serialize)]
struct RoomBody<'a> {
    from: u32,
    actions: &'a StoredActions<'a>,
    authors: &'a [AuthorView],
    seq: u32,
}

/// The JSON of a `RoomActionsReply`.
///
/// # Errors
/// As [`write_reply`].
pub(super) fn write_room(stored: &Stored, authors: &[AuthorView], limits: &Limits) -> DrawingResult<Vec<u8>> {
    let actions = StoredActions::new(&stored.actions);
    let body = RoomBody { from: stored.since, actions: &actions, authors, seq: stored.header.seq };
    write(&body, &actions, limits)
}

/// The JSON of a `DrawingDetail`.
///
/// # Errors
/// As [`write_reply`].
pub(super) fn write_detail(
    row: &DrawingRow,
    authors: &[UserRef],
    stored: &Stored,
    limits: &Limits,
) -> DrawingResult<Vec<u8>> {
    let actions = StoredActions::new(&stored.actions);
    write(&DetailBody { drawing: row, authors, since: stored.since, actions: &actions }, &actions, limits)
}

fn write(body: &impl Serialize, actions: &StoredActions<'_>, limits: &Limits) -> DrawingResult<Vec<u8>> {
    let mut bounded = Bounded { bytes: Vec::new(), room: max_len(limits) };
    match serde_json::to_writer(&mut bounded, body) {
        Ok(()) => Ok(bounded.bytes),
        Err(error) if error.is_io() => Err(DrawingError::DrawingTooLarge),
        Err(_) => {
            let none = DrawingError::Internal("a drawing has no JSON form");
            Err(actions.damage.get().map_or(none, damaged))
        }
    }
}

/// The stored actions of a drawing, serialized one at a time.
struct StoredActions<'a> {
    blobs: &'a [Vec<u8>],
    /// The decoding error that ended the serialization.
    damage: Cell<Option<Malformed>>,
}

impl<'a> StoredActions<'a> {
    fn new(blobs: &'a [Vec<u8>]) -> Self {
        Self { blobs, damage: Cell::new(None) }
    }
}

impl Serialize for StoredActions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.blobs.len()))?;
        for blob in self.blobs {
            let action = codec::decode(blob).map_err(|malformed| {
                self.damage.set(Some(malformed));
                S::Error::custom(malformed)
            })?;
            seq.serialize_element(&action)?;
        }
        seq.end()
    }
}

/// A buffer of at most `room` bytes.
struct Bounded {
    bytes: Vec<u8>,
    room: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room = self.room.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use yibi_common::api::DrawingReply;
    use yibi_common::drawing::{Mode, Paper, Point, Stroke, Tool};

    use super::*;
    use crate::domain::clock::Micros;
    use crate::domain::drawing::{Header, NewDrawing};

    fn stored(actions: &[Action]) -> Stored {
        let new =
            NewDrawing { title: String::new(), paper: Paper::default(), mode: Mode::Free, explicit: false };
        let header = Header { seq: actions.len() as u32, ..Header::fresh("d", &new, Micros(0)) };
        Stored { header, since: 0, actions: actions.iter().map(codec::encode).collect() }
    }

    fn summary() -> Summary {
        serde_json::from_value(serde_json::json!({
            "id": "d", "title": "", "width": 1, "height": 1, "mode": "free", "base": 0, "seq": 2, "stroke_count": 1,
            "point_count": 2, "created_at": "", "updated_at": "", "image_url": null,
        }))
        .unwrap()
    }

    #[test]
    fn the_json_is_that_of_the_reply() {
        let points = vec![Point::default(), Point { x: 5, y: -7, dt: 16 }];
        let stroke = Stroke { tool: Tool::Ink, color: Color::BLACK, alpha: Stroke::OPAQUE, width: 3, points };
        let actions = vec![Action::Stroke { by: OWNER, at: 0, stroke }, Action::Undo { by: OWNER, at: None }];
        let json = write_reply(&summary(), &[], &stored(&actions), &Limits::default()).unwrap();
        let reply = DrawingReply { summary: summary(), authors: Vec::new(), actions };
        assert_eq!(json, serde_json::to_vec(&reply).unwrap());
    }

    #[test]
    fn the_longest_valid_stroke_fits_and_a_longer_list_does_not() {
        let limits = Limits { points_per_drawing: 10_000, actions_per_drawing: 1, ..Limits::default() };
        let far = |i: u32| if i.is_multiple_of(2) { 32_768 } else { -32_768 };
        let points =
            (0..10_000).map(|i| Point { x: far(i), y: far(i), dt: if i == 0 { 0 } else { u32::MAX } });
        let points = points.collect();
        let stroke =
            Stroke { tool: Tool::Eraser, color: Color::BLACK, alpha: Stroke::OPAQUE, width: 512, points };
        let action = Action::Stroke { by: OWNER, at: yibi_common::drawing::MAX_AT, stroke };
        let one = stored(std::slice::from_ref(&action));
        assert!(write_reply(&summary(), &[], &one, &limits).is_ok());
        let two = stored(&[action.clone(), action]);
        assert!(matches!(write_reply(&summary(), &[], &two, &limits), Err(DrawingError::DrawingTooLarge)));
    }

    #[test]
    fn a_damaged_action_is_an_error_of_the_store() {
        let mut damaged = stored(&[Action::Undo { by: OWNER, at: None }]);
        damaged.actions.push(vec![0]);
        let written = write_reply(&summary(), &[], &damaged, &Limits::default());
        assert!(matches!(written, Err(DrawingError::Store(_))));
    }
}

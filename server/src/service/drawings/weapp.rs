//! The gallery in the 2016 dialect: whole pictures as lists of canvas actions.

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use yibi_common::codec::{self, Malformed, StoredText};
use yibi_common::drawing::Action;
use yibi_common::gzip::{Gzip, Part};
use yibi_common::{picture, weapp};

use super::quota::Need;
use super::{DrawingError, DrawingResult, DrawingService, damaged, decoded};
use crate::domain::batch::Obstacle;
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::user::UserKey;
use crate::domain::weapp::{WeappHead, WeappSave, WeappSaved};
use crate::service::render_pool::LIGHT;
use crate::store::Drawings;

/// Maximum number of drawings in a list.
const LIST_DRAWINGS: u32 = 200;
/// Maximum size of a list in bytes, before JSON escapes.
const LIST_BYTES: usize = 16 << 20;
/// Maximum length in bytes of an id that a 2016 client chooses.
pub const MAX_ID: usize = 128;
/// Maximum ratio of a text's length to its stored form: it bounds the cost of reading a drawing.
const MAX_RATIO: usize = 32;
/// Size in bytes from which a piece of a list is sent.
const PIECE: usize = 256 << 10;
/// Compression level for texts that are not stored deflated: fast, since the client waits.
const LEVEL: u32 = 1;
/// Refusal of a save or a deletion that would take others' strokes away.
const SEVERAL: DrawingError = DrawingError::Value("drawing is drawn by several people");
const BEGIN: &[u8] = br#"{"code":0,"msg":"success","data":["#;
const END: &[u8] = b"]}";

/// Reason why a 2016 save was not stored, besides the gallery's own errors.
#[derive(Debug, thiserror::Error)]
pub enum Save {
    /// The text is no list of canvas actions.
    #[error("actions is not a canvas action list: {0}")]
    NotCanvasActions(String),
    /// The id is longer than `MAX_ID`.
    #[error("id is too long")]
    IdTooLong,
    #[error(transparent)]
    Gallery(#[from] DrawingError),
}

impl DrawingService {
    /// Saves a picture under a 2016 id, in place of the former picture of that id.
    ///
    /// # Errors
    /// [`Save`].
    pub async fn weapp_save(&self, user: &UserKey, id: &str, actions: String) -> Result<(), Save> {
        if id.len() > MAX_ID {
            return Err(Save::IdTooLong);
        }
        let Encoded { blob, stroke_count, point_count } = self.weapp_encoded(user, actions).await?;
        let limits = &self.0.limits;
        let v1_id = weapp::v1_id(id);
        let save = WeappSave {
            id: &v1_id,
            weapp_id: (*v1_id != *id).then_some(id),
            paper: weapp::PAPER,
            blob: &blob,
            stroke_count,
            point_count,
            max_actions: limits.actions_per_drawing,
            max_bytes: u64::from(limits.bytes_per_drawing),
            max_points: limits.points_per_drawing,
        };
        let need = Need { id: &v1_id, drawing: true, bytes: blob.len() as u64, empties_bin: true };
        let refused = |header: Option<&Header>| header.is_some_and(|header| save.obstacle(header).is_some());
        // In a drawing that consists of saves only, the new one replaces all of them.
        let free = |header: &Header| if header.all_weapp { header.bytes } else { 0 };
        let room = self.room_for(user, need, refused, free).await?;
        let saved = self.0.store.weapp_save(user, &save, Micros::now()).await;
        match saved.map_err(DrawingError::from)? {
            WeappSaved::Done { bytes, created } => {
                room.settle(i64::from(created), bytes);
                self.0.metrics.appended(1);
                self.tell_saved(user, &v1_id, None, created).await;
                Ok(())
            }
            WeappSaved::Refused(Obstacle::OneStroke) => {
                room.release();
                Err(DrawingError::Value("this drawing is a single stroke and takes no other").into())
            }
            WeappSaved::Refused(Obstacle::Several | Obstacle::InRelay | Obstacle::Frozen) => {
                room.release();
                Err(SEVERAL.into())
            }
            WeappSaved::Refused(
                Obstacle::Actions
                | Obstacle::Bytes
                | Obstacle::Points
                | Obstacle::Deleted
                | Obstacle::Moved
                | Obstacle::OffPaper,
            ) => {
                room.release();
                Err(DrawingError::DrawingFull.into())
            }
        }
    }

    /// Moves the drawing of a 2016 id into the bin, if it exists. A drawing of several people stays.
    ///
    /// # Errors
    /// [`DrawingError::Value`], [`DrawingError::Store`].
    pub async fn weapp_delete(&self, user: &UserKey, id: &str) -> DrawingResult<()> {
        if id.len() <= MAX_ID {
            let header = self.0.store.header(user, &weapp::v1_id(id)).await?;
            if header.is_some_and(|header| header.is_drawn_by_several()) {
                return Err(SEVERAL);
            }
            self.0.store.set_deleted(user, &weapp::v1_id(id), true, Micros::now()).await?;
        }
        Ok(())
    }

    /// The reply to a 2016 list, piece by piece: the newest drawings that fit, in order of first save. With
    /// `gzip`, the pieces form a gzip member, into which stored deflated texts are copied unchanged.
    ///
    /// # Errors
    /// [`DrawingError::Store`] before the first piece; a later failure ends the stream.
    pub async fn weapp_list(
        &self,
        user: &UserKey,
        gzip: bool,
    ) -> DrawingResult<impl Stream<Item = DrawingResult<Bytes>> + use<>> {
        let mut heads = self.0.store.weapp_heads(user, LIST_DRAWINGS, LIST_BYTES as u64).await?;
        let mut left = LIST_BYTES;
        heads.retain(|head| {
            let fits = text_bound(head) <= left;
            left -= if fits { text_bound(head) } else { 0 };
            fits
        });
        heads.reverse();
        let mut piece = Vec::new();
        let mut gzip = gzip.then(|| Gzip::begin(&mut piece));
        write(&mut gzip, &mut piece, BEGIN);
        let state = State {
            gallery: self.clone(),
            user: user.clone(),
            heads: heads.into_iter(),
            piece,
            gzip,
            sent: 0,
            left: LIST_BYTES,
        };
        // The first piece is read before the reply starts: most failures occur there.
        let first = next_piece(Some(state)).await?;
        let (first, rest) = first.unwrap_or((Bytes::new(), None));
        let rest = stream::try_unfold(rest, next_piece);
        Ok(stream::StreamExt::chain(stream::iter([Ok(first)]), rest))
    }

    /// The stored form of a 2016 text, with the figures that count towards the quotas.
    async fn weapp_encoded(&self, user: &UserKey, actions: String) -> Result<Encoded, Save> {
        if actions.len() <= LIGHT {
            return encoded(actions);
        }
        let place = self.0.readers.slot(user).await?;
        place.work(move || Ok(encoded(actions))).await?
    }

    /// The visible picture of a drawing, in the form of the 2016 list.
    async fn weapp_view(&self, user: &UserKey, head: WeappHead, gzip: bool) -> DrawingResult<Option<View>> {
        if let Some(blob) = head.last {
            let stored = stored(&blob)?;
            let len = stored.len;
            let text = match stored.part().filter(|_| gzip) {
                Some(part) => Text::Deflated(part.clone().into_owned()),
                None => self.lightly(user, blob.len(), move || stored_text(&blob, gzip)).await?,
            };
            return Ok(Some(View { header: head.header, len, text }));
        }
        let Some(stored) = self.0.store.read(user, &head.header.id, 0).await? else { return Ok(None) };
        let bytes = stored.actions.iter().map(Vec::len).sum();
        let view = move || {
            let actions = decoded(&stored)?;
            let picture = picture::fold(stored.since, &actions);
            let text = match picture.weapp {
                Some(text) => text.to_owned(),
                None => weapp::list(&picture, stored.header.paper),
            };
            let (len, text) = (text.len(), Text::of(codec::escape_json(&text), gzip));
            Ok(Some(View { header: stored.header, len, text }))
        };
        self.lightly(user, bytes, view).await
    }
}

/// A drawing in the form of the list.
struct View {
    header: Header,
    /// The length of its text.
    len: usize,
    text: Text,
}

/// A drawing's text as the content of a JSON string.
enum Text {
    Plain(Vec<u8>),
    Deflated(Part<'static>),
}

impl Text {
    fn of(escaped: Vec<u8>, gzip: bool) -> Self {
        let part = if gzip { Part::deflate(&escaped, LEVEL) } else { None };
        part.map_or(Self::Plain(escaped), Self::Deflated)
    }
}

/// A 2016 text, encoded for the store.
pub(crate) struct Encoded {
    pub(crate) blob: Vec<u8>,
    pub(crate) stroke_count: u32,
    pub(crate) point_count: u32,
}

pub(crate) fn encoded(actions: String) -> Result<Encoded, Save> {
    let strokes = weapp::read(&actions).map_err(|wrong| Save::NotCanvasActions(wrong.to_string()))?;
    let points = strokes.iter().map(|stroke| stroke.points.len()).sum::<usize>();
    let text_len = actions.len();
    let action = Action::Weapp { text: actions };
    let mut blob = codec::encode(&action);
    if text_len > blob.len() * MAX_RATIO {
        // The limits apply to stored bytes. A text that compresses this well is no real drawing, so it is
        // stored and counted uncompressed.
        blob = codec::encode_uncompressed(&action);
    }
    Ok(Encoded {
        blob,
        stroke_count: u32::try_from(strokes.len()).unwrap_or(u32::MAX),
        point_count: u32::try_from(points).unwrap_or(u32::MAX),
    })
}

struct State {
    gallery: DrawingService,
    user: UserKey,
    heads: std::vec::IntoIter<WeappHead>,
    /// Bytes that are not sent yet.
    piece: Vec<u8>,
    gzip: Option<Gzip>,
    sent: usize,
    left: usize,
}

/// The next piece of a list, with the state after it; `None` after the last.
async fn next_piece(state: Option<State>) -> DrawingResult<Option<(Bytes, Option<State>)>> {
    let Some(mut state) = state else { return Ok(None) };
    while state.piece.len() < PIECE {
        let Some(head) = state.heads.next() else {
            let State { mut piece, mut gzip, .. } = state;
            write(&mut gzip, &mut piece, END);
            if let Some(gzip) = gzip {
                gzip.end(&mut piece);
            }
            return Ok(Some((Bytes::from(piece), None)));
        };
        // A drawing that was deleted meanwhile is left out.
        let view = state.gallery.weapp_view(&state.user, head, state.gzip.is_some()).await?;
        if let Some(view) = view.filter(|view| view.len <= state.left) {
            state.left -= view.len;
            state.entry(&view)?;
        }
    }
    let piece = std::mem::take(&mut state.piece);
    Ok(Some((Bytes::from(piece), Some(state))))
}

impl State {
    fn entry(&mut self, View { header, text, .. }: &View) -> DrawingResult<()> {
        let Self { piece, gzip, sent, .. } = self;
        let id = header.weapp_id.as_deref().unwrap_or(&header.id);
        let mut head = Vec::with_capacity(id.len() + 32);
        head.extend_from_slice(if *sent > 0 { br#",{"id":"# } else { br#"{"id":"# });
        // Writing a string into a vector does not fail.
        let _ = serde_json::to_writer(&mut head, id);
        head.extend_from_slice(br#","actions":""#);
        write(gzip, piece, &head);
        match (text, &mut *gzip) {
            (Text::Plain(text), gzip) => write(gzip, piece, text),
            (Text::Deflated(part), Some(gzip)) => gzip.part(piece, part),
            (Text::Deflated(part), None) => part.inflate(piece).ok_or_else(|| damaged(Malformed::Deflate))?,
        }
        write(gzip, piece, br#""}"#);
        *sent += 1;
        Ok(())
    }
}

fn write(gzip: &mut Option<Gzip>, piece: &mut Vec<u8>, bytes: &[u8]) {
    match gzip {
        Some(gzip) => gzip.bytes(piece, bytes),
        None => piece.extend_from_slice(bytes),
    }
}

/// Upper bound of a drawing's text length, except for an earlier save that an undo has made visible again:
/// its length is checked when it is sent.
fn text_bound(head: &WeappHead) -> usize {
    match head.last.as_deref().and_then(codec::weapp_text) {
        Some(stored) => stored.len,
        None => weapp::list_len_bound(head.header.stroke_count as usize, head.header.point_count as usize),
    }
}

fn stored_text(blob: &[u8], gzip: bool) -> DrawingResult<Text> {
    let mut escaped = Vec::new();
    stored(blob)?.escape(&mut escaped).map_err(damaged)?;
    Ok(Text::of(escaped, gzip))
}

fn stored(blob: &[u8]) -> DrawingResult<StoredText<'_>> {
    codec::weapp_text(blob).ok_or_else(|| damaged(Malformed::Text))
}

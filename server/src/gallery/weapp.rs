//! The gallery as clients of 2016 see and change it: whole pictures as lists of canvas actions.

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use yibi_common::codec;
use yibi_common::drawing::Action;
use yibi_common::{picture, weapp};

use super::{GalleryError, GalleryResult, GalleryService, decode, decoded};
use crate::clock::Micros;
use crate::store::gallery::{Gallery, Header, Obstacle, WeappHead, WeappSave, WeappSaved};
use crate::user::UserKey;

/// The most drawings of one list.
const LIST_DRAWINGS: u32 = 200;
/// The most bytes of one list, before JSON escapes its texts.
const LIST_BYTES: usize = 16 << 20;
/// The longest id that a 2016 client may choose, in bytes.
pub const MAX_ID: usize = 128;
/// How much longer than its stored form a text may be: it bounds what reading a drawing can take.
const MAX_RATIO: usize = 32;
const BEGIN: &[u8] = br#"{"code":0,"msg":"success","data":["#;
const END: &[u8] = b"]}";

/// Why a 2016 save was not stored, besides what the gallery can't do.
#[derive(Debug, thiserror::Error)]
pub enum Save {
    /// The text is no list of canvas actions.
    #[error("actions is not a canvas action list: {0}")]
    NotCanvasActions(String),
    /// The id is longer than any that is kept.
    #[error("id is too long")]
    IdTooLong,
    /// Everything else.
    #[error(transparent)]
    Gallery(#[from] GalleryError),
}

impl GalleryService {
    /// Saves a picture under a 2016 id: the same id again replaces it.
    ///
    /// # Errors
    /// [`Save`].
    pub async fn weapp_save(&self, user: &UserKey, id: &str, actions: String) -> Result<(), Save> {
        if id.len() > MAX_ID {
            return Err(Save::IdTooLong);
        }
        weapp::check(&actions).map_err(|wrong| Save::NotCanvasActions(wrong.to_string()))?;
        let strokes = weapp::strokes(&actions);
        let points = strokes.iter().map(|stroke| stroke.points.len()).sum::<usize>();
        let text_len = actions.len();
        let action = Action::Weapp { text: actions };
        let mut blob = codec::encode(&action);
        if text_len > blob.len() * MAX_RATIO {
            // The limits count stored bytes. No drawing is as repetitive as this, so it counts in full.
            blob = codec::encode_uncompressed(&action);
        }
        let limits = &self.0.limits;
        let v1_id = weapp::v1_id(id);
        let save = WeappSave {
            id: &v1_id,
            weapp_id: (*v1_id != *id).then_some(id),
            paper: weapp::PAPER,
            blob: &blob,
            stroke_count: u32::try_from(strokes.len()).unwrap_or(u32::MAX),
            point_count: u32::try_from(points).unwrap_or(u32::MAX),
            max_actions: limits.actions_per_drawing,
            max_bytes: u64::from(limits.bytes_per_drawing),
        };
        match self.room_for(user, true, blob.len() as u64).await {
            Err(GalleryError::TooManyDrawings)
                if self.0.store.header(user, &v1_id).await.map_err(GalleryError::from)?.is_some() =>
            {
                self.room_for(user, false, blob.len() as u64).await?;
            }
            other => other?,
        }
        let saved = self.0.store.weapp_save(user, &save, Micros::now()).await;
        match saved.map_err(GalleryError::from)? {
            WeappSaved::Done { bytes, created } => {
                self.count(user, i64::from(created), bytes);
                self.0.metrics.appended(1);
                self.tell_saved(user, &v1_id, None, created).await;
                Ok(())
            }
            WeappSaved::Refused(Obstacle::OneStroke) => {
                Err(GalleryError::Value("this drawing is a single stroke and takes no other").into())
            }
            WeappSaved::Refused(
                Obstacle::Actions
                | Obstacle::Bytes
                | Obstacle::Deleted
                | Obstacle::Moved
                | Obstacle::OffPaper,
            ) => Err(GalleryError::DrawingFull.into()),
        }
    }

    /// Puts the drawing of a 2016 id in the bin. There need be none.
    ///
    /// # Errors
    /// [`GalleryError::Store`].
    pub async fn weapp_delete(&self, user: &UserKey, id: &str) -> GalleryResult<()> {
        if id.len() <= MAX_ID {
            self.0.store.set_deleted(user, &weapp::v1_id(id), true, Micros::now()).await?;
        }
        Ok(())
    }

    /// The reply to a 2016 list, piece by piece: the newest drawings that fit, in order of first save.
    ///
    /// # Errors
    /// [`GalleryError::Store`] as long as nothing has been sent; later the stream ends with it.
    pub async fn weapp_list(
        &self,
        user: &UserKey,
    ) -> GalleryResult<impl Stream<Item = GalleryResult<Bytes>> + use<>> {
        let mut heads = self.0.store.weapp_heads(user, LIST_DRAWINGS).await?;
        let mut left = LIST_BYTES;
        let fitting = heads.iter().take_while(|head| {
            let fits = text_bound(head) <= left;
            left = left.saturating_sub(text_bound(head));
            fits
        });
        let count = fitting.count();
        heads.truncate(count);
        heads.reverse();
        // What needs no further reading goes out in one piece.
        let mut first = BEGIN.to_vec();
        let ready = heads.iter().take_while(|head| head.last.is_some()).count();
        for (index, head) in heads.drain(..ready).enumerate() {
            let blob = head.last.unwrap_or_default();
            write_entry(&mut first, index == 0, &head.header, &weapp_text(&blob)?);
        }
        let left = LIST_BYTES.saturating_sub(first.len());
        let (gallery, user, comma) = (self.clone(), user.clone(), ready > 0);
        let state = State { gallery, user, heads: heads.into_iter(), comma, left };
        let rest = stream::try_unfold(Some(state), next_piece);
        Ok(stream::StreamExt::chain(stream::iter([Ok(Bytes::from(first))]), rest))
    }

    /// The visible picture of a drawing, as a 2016 client has it.
    async fn weapp_view(&self, user: &UserKey, head: WeappHead) -> GalleryResult<Option<(Header, String)>> {
        if let Some(blob) = head.last {
            let text = weapp_text(&blob)?;
            return Ok(Some((head.header, text)));
        }
        let Some(stored) = self.0.store.read(user, &head.header.id, 0).await? else { return Ok(None) };
        let actions = decoded(&stored)?;
        let picture = picture::fold(&actions);
        let text = match picture.weapp {
            Some(text) => text.to_owned(),
            None => weapp::list(&picture, stored.header.paper),
        };
        Ok(Some((stored.header, text)))
    }
}

struct State {
    gallery: GalleryService,
    user: UserKey,
    heads: std::vec::IntoIter<WeappHead>,
    comma: bool,
    left: usize,
}

async fn next_piece(state: Option<State>) -> GalleryResult<Option<(Bytes, Option<State>)>> {
    let Some(mut state) = state else { return Ok(None) };
    let Some(head) = state.heads.next() else { return Ok(Some((Bytes::from_static(END), None))) };
    let mut piece = Vec::new();
    // A drawing that went away meanwhile is left out.
    let view = state.gallery.weapp_view(&state.user, head).await?;
    if let Some((header, text)) = view.filter(|(_, text)| text.len() <= state.left) {
        write_entry(&mut piece, !state.comma, &header, &text);
        state.left -= text.len();
        state.comma = true;
    }
    Ok(Some((Bytes::from(piece), Some(state))))
}

/// How long a drawing's text can be at most, but for a saved one that an undo has made visible again: that is
/// looked at when it is sent.
fn text_bound(head: &WeappHead) -> usize {
    match head.last.as_deref().and_then(codec::weapp_text) {
        Some(stored) => stored.len,
        None => weapp::list_len_bound(head.header.stroke_count as usize, head.header.point_count as usize),
    }
}

fn weapp_text(blob: &[u8]) -> GalleryResult<String> {
    match decode(blob)? {
        Action::Weapp { text } => Ok(text),
        Action::Stroke { .. }
        | Action::Background { .. }
        | Action::Undo { .. }
        | Action::Redo { .. }
        | Action::Clear { .. } => Err(GalleryError::Internal("a list's last action is no 2016 picture")),
    }
}

fn write_entry(out: &mut Vec<u8>, first: bool, header: &Header, text: &str) {
    let id = header.weapp_id.as_deref().unwrap_or(&header.id);
    if !first {
        out.push(b',');
    }
    out.reserve(text.len() + text.len() / 8 + id.len() + 32);
    // Writing a string into a vector does not fail.
    out.extend_from_slice(br#"{"id":"#);
    let _ = serde_json::to_writer(&mut *out, id);
    out.extend_from_slice(br#","actions":"#);
    let _ = serde_json::to_writer(&mut *out, text);
    out.push(b'}');
}

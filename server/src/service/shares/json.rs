//! The public JSON of a share: enough to replay the drawing.

use bytes::Bytes;
use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use yibi_common::codec;
use yibi_common::drawing::{Action, Color};

use super::pictures::visitors_of;
use super::{PublicShare, ShareResult, ShareService};
use crate::service::drawings::DrawingError;

/// Author in the JSON.
#[derive(Clone, Serialize)]
struct Author {
    id: String,
    /// `null` until a nickname passed.
    nickname: Option<String>,
    avatar_url: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    title: &'a str,
    author: Author,
    width: u32,
    height: u32,
    background: Color,
    strokes: Strokes<'a>,
    authors: [Author; 1],
    allow_continue: bool,
    /// A share that this drawing continues; drawings can't be continued yet.
    origin: Option<()>,
    shown_seq: u32,
    created_at: String,
}

/// The strokes of a copy, decoded one at a time.
struct Strokes<'a>(&'a [Vec<u8>]);

impl Serialize for Strokes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for blob in self.0 {
            let action = codec::decode(blob).map_err(S::Error::custom)?;
            if let Action::Stroke { .. } = action {
                seq.serialize_element(&action)?;
            }
        }
        seq.end()
    }
}

impl ShareService {
    /// The JSON of a share that the public sees.
    ///
    /// # Errors
    /// [`ShareError::Drawing`](super::ShareError::Drawing) while too many users wait.
    pub async fn public_json(&self, public: &PublicShare) -> ShareResult<Bytes> {
        let author = Author {
            id: public.author.id.clone(),
            nickname: public.author.nickname.clone(),
            avatar_url: if public.author.avatar.is_some() {
                Some(format!("{}/avatar.jpg", self.url(&public.share.code)))
            } else {
                public.author.wechat_avatar.clone()
            },
        };
        let public = public.clone();
        let visitors = visitors_of(&public.share);
        let weight = public.copy.actions.iter().map(Vec::len).sum();
        let written = self.0.drawings.lightly(&visitors, weight, move || {
            let body = Body {
                code: public.share.code.as_str(),
                title: &public.title,
                authors: [author.clone()],
                author,
                width: public.copy.paper.width,
                height: public.copy.paper.height,
                background: background(&public.copy.actions),
                strokes: Strokes(&public.copy.actions),
                allow_continue: public.share.allow_continue,
                origin: None,
                shown_seq: public.seq,
                created_at: public.copy.drawn_at.to_string(),
            };
            let json = serde_json::to_vec(&body);
            json.map(Bytes::from).map_err(|_| DrawingError::Internal("a copy of a share has no JSON form"))
        });
        Ok(written.await?)
    }
}

/// Colour of a copy's paper.
pub(super) fn background(actions: &[Vec<u8>]) -> Color {
    match actions.first().map(|blob| codec::decode(blob)) {
        Some(Ok(Action::Background { color, .. })) => color,
        Some(_) | None => Color::WHITE,
    }
}

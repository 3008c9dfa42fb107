//! The public JSON of a share: enough to replay the drawing.

use bytes::Bytes;
use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use yibi_common::codec;
use yibi_common::drawing::{Action, Color, OWNER};

use super::pictures::{tag_of, visitors_of};
use super::{PublicShare, ShareResult, ShareService};
use crate::domain::share::copy_name;
use crate::service::drawings::DrawingError;

/// Author in the JSON.
#[derive(Clone, Serialize)]
struct Author {
    /// `null` for all but the author of the share: nobody else chose to be named in public.
    id: Option<String>,
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
    /// The people who drew, in the order of the strokes' `by`.
    authors: Vec<Author>,
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
    pub async fn public_json(&self, public: &PublicShare, origin: &str) -> ShareResult<Bytes> {
        let author = self.author(public, origin);
        let copy = self.copy_of(&public.shown).await?;
        let public = public.clone();
        let visitors = visitors_of(&public.shown.share);
        let weight = copy.actions.iter().map(Vec::len).sum();
        let written = self.0.drawings.lightly(&visitors, weight, move || {
            let body = Body {
                code: public.shown.share.code.as_str(),
                title: &public.title,
                authors: authors(&author, &copy.actions),
                author,
                width: copy.paper.width,
                height: copy.paper.height,
                background: background(&copy.actions),
                strokes: Strokes(&copy.actions),
                allow_continue: public.shown.share.allow_continue,
                origin: None,
                shown_seq: public.shown.seq,
                created_at: copy.drawn_at.to_string(),
            };
            let json = serde_json::to_vec(&body);
            json.map(Bytes::from).map_err(|_| DrawingError::Internal("a copy of a share has no JSON form"))
        });
        Ok(written.await?)
    }

    /// Tag of the JSON of a share, which follows from all that may change in it.
    #[must_use]
    pub fn json_tag(&self, public: &PublicShare, origin: &str) -> String {
        let PublicShare { shown, title, .. } = public;
        let Author { id, nickname, avatar_url } = self.author(public, origin);
        tag_of(&[
            &copy_name(&shown.share.code, shown.seq),
            title,
            &id.unwrap_or_default(),
            &format!("{nickname:?}"),
            &format!("{avatar_url:?}"),
            &shown.share.allow_continue.to_string(),
        ])
    }

    fn author(&self, public: &PublicShare, origin: &str) -> Author {
        Author {
            id: Some(public.author.id.clone()),
            nickname: public.author.nickname.clone(),
            avatar_url: if public.author.avatar.is_some() {
                Some(format!("{}/avatar.jpg", self.url(&public.shown.share.code, origin)))
            } else {
                public.author.wechat_avatar.clone()
            },
        }
    }
}

fn authors(owner: &Author, actions: &[Vec<u8>]) -> Vec<Author> {
    let others = actions.iter().map(|blob| codec::author(blob)).max().unwrap_or(OWNER);
    let unnamed = Author { id: None, nickname: None, avatar_url: None };
    std::iter::once(owner.clone()).chain(std::iter::repeat_n(unnamed, usize::from(others))).collect()
}

/// Colour of a copy's paper.
pub(super) fn background(actions: &[Vec<u8>]) -> Color {
    match actions.first().map(|blob| codec::decode(blob)) {
        Some(Ok(Action::Background { color, .. })) => color,
        Some(_) | None => Color::WHITE,
    }
}

//! Written form of what is kept as evidence: JSON, which the keyring seals.

use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use yibi_common::drawing::Paper;

use crate::domain::clock::Micros;
use crate::domain::share::{Code, PassedNames, ShareCopy};
use crate::domain::user::UserKey;
use crate::store::{StoreError, StoreResult};

/// A copy, with the names and the avatar that stood beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyEvidence {
    pub copy: ShareCopy,
    pub names: PassedNames,
    /// The author's uploaded avatar as JPEG.
    pub avatar: Option<Vec<u8>>,
}

/// A nickname, an avatar or a title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentEvidence {
    /// The text, or the id of the avatar.
    pub content: String,
    /// The avatar as JPEG.
    pub avatar: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct WrittenCopy {
    code: Code,
    seq: u32,
    owner: UserKey,
    title: String,
    width: u32,
    height: u32,
    drawn_at: Micros,
    /// The actions' stored forms in Base64.
    actions: Vec<String>,
    names: PassedNames,
    /// In Base64.
    #[serde(default)]
    avatar: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WrittenContent {
    content: String,
    /// In Base64.
    avatar: Option<String>,
}

pub(super) fn write_copy(CopyEvidence { copy, names, avatar }: &CopyEvidence) -> String {
    write(&WrittenCopy {
        code: copy.code.clone(),
        seq: copy.seq,
        owner: copy.owner.clone(),
        title: copy.title.clone(),
        width: copy.paper.width,
        height: copy.paper.height,
        drawn_at: copy.drawn_at,
        actions: copy.actions.iter().map(|blob| BASE64.encode(blob)).collect(),
        names: names.clone(),
        avatar: avatar.as_deref().map(|image| BASE64.encode(image)),
    })
}

pub(super) fn read_copy(text: &SecretString) -> StoreResult<CopyEvidence> {
    let written: WrittenCopy = read(text)?;
    let copy = ShareCopy {
        code: written.code,
        seq: written.seq,
        owner: written.owner,
        title: written.title,
        paper: Paper { width: written.width, height: written.height },
        drawn_at: written.drawn_at,
        actions: written.actions.iter().map(|text| bytes(text)).collect::<StoreResult<_>>()?,
    };
    let avatar = written.avatar.as_deref().map(bytes).transpose()?;
    Ok(CopyEvidence { copy, names: written.names, avatar })
}

pub(super) fn write_content(ContentEvidence { content, avatar }: &ContentEvidence) -> String {
    let avatar = avatar.as_deref().map(|image| BASE64.encode(image));
    write(&WrittenContent { content: content.clone(), avatar })
}

pub(super) fn read_content(text: &SecretString) -> StoreResult<ContentEvidence> {
    let written: WrittenContent = read(text)?;
    let avatar = written.avatar.as_deref().map(bytes).transpose()?;
    Ok(ContentEvidence { content: written.content, avatar })
}

fn write(written: &impl Serialize) -> String {
    serde_json::to_string(written).unwrap_or_default()
}

fn read<T: DeserializeOwned>(text: &SecretString) -> StoreResult<T> {
    serde_json::from_str(text.expose_secret()).map_err(|_| damaged())
}

fn bytes(text: &str) -> StoreResult<Vec<u8>> {
    BASE64.decode(text.as_bytes()).map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::Damaged("evidence has another form".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_read_as_it_was_written() {
        let copy = ShareCopy {
            code: Code::from_random([3; 8]),
            seq: 7,
            owner: UserKey::new("wx1", "ann"),
            title: "风筝 \"<b>".to_owned(),
            paper: Paper::default(),
            drawn_at: Micros(5),
            actions: vec![vec![0, 255], vec![]],
        };
        let (nickname, title) = ("小明".to_owned(), copy.title.clone());
        let names = PassedNames { nickname, title, avatar: Some("a".to_owned()) };
        let kept = CopyEvidence { copy, names, avatar: Some(vec![0, 255, 216]) };
        assert_eq!(read_copy(&write_copy(&kept).into()).unwrap(), kept);
        assert!(read_copy(&"{}".into()).is_err());
        for avatar in [None, Some(vec![255, 216])] {
            let kept = ContentEvidence { content: "安".to_owned(), avatar };
            assert_eq!(read_content(&write_content(&kept).into()).unwrap(), kept);
        }
    }
}

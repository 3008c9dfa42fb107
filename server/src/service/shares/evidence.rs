//! Written form of a copy that is kept as evidence, with the names beside it: JSON, which the keyring seals.

use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use yibi_common::drawing::Paper;

use crate::domain::clock::Micros;
use crate::domain::share::{Code, PassedNames, ShareCopy};
use crate::domain::user::UserKey;
use crate::store::{StoreError, StoreResult};

#[derive(Serialize, Deserialize)]
struct Written {
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
}

pub(super) fn write(copy: &ShareCopy, names: &PassedNames) -> String {
    let written = Written {
        code: copy.code.clone(),
        seq: copy.seq,
        owner: copy.owner.clone(),
        title: copy.title.clone(),
        width: copy.paper.width,
        height: copy.paper.height,
        drawn_at: copy.drawn_at,
        actions: copy.actions.iter().map(|blob| BASE64.encode(blob)).collect(),
        names: names.clone(),
    };
    serde_json::to_string(&written).unwrap_or_default()
}

pub(super) fn read(text: &SecretString) -> StoreResult<(ShareCopy, PassedNames)> {
    let damaged = || StoreError::Damaged("evidence is not a copy of a share".to_owned());
    let written: Written = serde_json::from_str(text.expose_secret()).map_err(|_| damaged())?;
    let actions = written.actions.iter().map(|blob| BASE64.decode(blob.as_bytes()));
    let copy = ShareCopy {
        code: written.code,
        seq: written.seq,
        owner: written.owner,
        title: written.title,
        paper: Paper { width: written.width, height: written.height },
        drawn_at: written.drawn_at,
        actions: actions.collect::<Result<_, _>>().map_err(|_| damaged())?,
    };
    Ok((copy, written.names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_read_as_it_was_written() {
        let copy = ShareCopy {
            code: Code::from_random([3; 8]),
            seq: 7,
            owner: UserKey::new("wx1", "ann"),
            title: "风筝 \"<b>".to_owned(),
            paper: Paper::default(),
            drawn_at: Micros(5),
            actions: vec![vec![0, 255], vec![]],
        };
        let names = PassedNames { nickname: "小明".to_owned(), title: copy.title.clone() };
        assert_eq!(read(&write(&copy, &names).into()).unwrap(), (copy, names));
        assert!(read(&"{}".into()).is_err());
    }
}

//! The entries of a replay: actions as replies carry them.
//!
//! Replies may hold pictures of 2016 (`{"type":"weapp","strokes":[…]}`). [`Action`] does not read them, because
//! no client may send them.

use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Value;
use yibi_common::admin::UserRef;
use yibi_common::drawing::{Action, OWNER, Stroke};
use yibi_common::picture::Step;

use crate::lists::Owner;

/// One entry of a drawing's list.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    Action(Action),
    /// A whole picture that a 2016 client saved.
    Picture(Vec<Stroke>),
}

impl Entry {
    /// Reads a reply's actions.
    ///
    /// # Errors
    /// An entry is not an action.
    pub fn all(actions: Vec<Value>) -> Result<Vec<Self>, serde_json::Error> {
        actions.into_iter().map(Self::read).collect()
    }

    fn read(mut action: Value) -> Result<Self, serde_json::Error> {
        if action.get("type").and_then(Value::as_str) != Some("weapp") {
            return Action::deserialize(action).map(Self::Action);
        }
        let strokes = action.get_mut("strokes").map(Value::take).unwrap_or_default();
        Vec::<Value>::deserialize(strokes)?
            .into_iter()
            .map(stroke)
            .collect::<Result<_, _>>()
            .map(Self::Picture)
    }

    /// The time since the drawing began in milliseconds, where it is known.
    pub fn at(&self) -> Option<u64> {
        match self {
            Self::Action(Action::Stroke { at, .. }) => Some(*at),
            Self::Action(
                Action::Background { at, .. }
                | Action::Undo { at, .. }
                | Action::Redo { at, .. }
                | Action::Clear { at }
                | Action::Remove { at, .. },
            ) => *at,
            Self::Action(Action::Weapp { .. }) | Self::Picture(_) => None,
        }
    }

    pub fn stroke(&self) -> Option<&Stroke> {
        match self {
            Self::Action(Action::Stroke { stroke, .. }) => Some(stroke),
            Self::Action(
                Action::Background { .. }
                | Action::Undo { .. }
                | Action::Redo { .. }
                | Action::Clear { .. }
                | Action::Remove { .. }
                | Action::Weapp { .. },
            )
            | Self::Picture(_) => None,
        }
    }

    /// The part of the entry that decides which entries are in effect.
    pub fn history_step(&self) -> Step {
        match self {
            Self::Action(action) => Step::from(action),
            Self::Picture(_) => Step::Cover,
        }
    }

    /// The entry in a few words. `authors` has the names of the people who drew, as far as they are known.
    pub fn words(&self, authors: &[UserRef]) -> String {
        let words = self.kind();
        let Self::Action(action) = self else { return words };
        match (action.by(), authors.get(usize::from(action.by()))) {
            (OWNER, _) => words,
            (_, Some(author)) => format!("{words}, by {}", Owner::of(author).name()),
            (by, None) => format!("{words}, author {by}"),
        }
    }

    fn kind(&self) -> String {
        match self {
            Self::Action(Action::Stroke { stroke, .. }) => {
                format!("stroke of {} points, {}", stroke.points.len(), stroke.color)
            }
            Self::Action(Action::Background { color, .. }) => format!("background {color}"),
            Self::Action(Action::Undo { .. }) => "undo".into(),
            Self::Action(Action::Redo { .. }) => "redo".into(),
            Self::Action(Action::Clear { .. }) => "clear".into(),
            Self::Action(Action::Remove { seq, .. }) => format!("removal of action {seq}"),
            Self::Action(Action::Weapp { .. }) => "picture of 2016".into(),
            Self::Picture(strokes) => format!("picture of 2016, {} strokes", strokes.len()),
        }
    }
}

/// Reads a stroke of a 2016 picture: written like an action's, without a time and possibly with an opacity.
fn stroke(mut value: Value) -> Result<Stroke, serde_json::Error> {
    let object = value.as_object_mut().ok_or_else(|| serde_json::Error::custom("a stroke is an object"))?;
    object.insert("type".into(), "stroke".into());
    object.insert("at".into(), 0.into());
    let alpha = object.remove("alpha").map_or(Ok(Stroke::OPAQUE), u8::deserialize)?;
    match Action::deserialize(value)? {
        Action::Stroke { stroke, .. } => Ok(Stroke { alpha, ..stroke }),
        Action::Background { .. }
        | Action::Undo { .. }
        | Action::Redo { .. }
        | Action::Clear { .. }
        | Action::Remove { .. }
        | Action::Weapp { .. } => Err(serde_json::Error::custom("no stroke")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_2016_pictures_are_read() {
        let text = r#"[{"method":"setGlobalAlpha","data":[0.4]},
            {"method":"strokePath","data":[{"method":"moveTo","data":[169,0]}]}]"#;
        let actions = [Action::Undo { by: OWNER, at: Some(7) }, Action::Weapp { text: text.into() }];
        let json: Vec<Value> = actions.iter().map(|action| serde_json::to_value(action).unwrap()).collect();
        let entries = Entry::all(json).unwrap();
        assert_eq!(entries[0], Entry::Action(Action::Undo { by: OWNER, at: Some(7) }));
        let Entry::Picture(strokes) = &entries[1] else { panic!("{entries:?}") };
        assert_eq!((strokes[0].points[0].x, strokes[0].alpha), (1024, 102));
    }

    #[test]
    fn the_author_is_named_unless_it_is_the_owner() {
        let person = |id: &str, nickname: &str| UserRef {
            id: id.into(),
            app_id: String::new(),
            openid: String::new(),
            nickname: nickname.into(),
        };
        let authors = [person("ua", "小明"), person("ub", "小红"), person("uc", "")];
        let undo = |by| Entry::Action(Action::Undo { by, at: None }).words(&authors);
        let words = ["undo", "undo, by 小红", "undo, by uc", "undo, author 3"];
        assert_eq!([undo(OWNER), undo(1), undo(2), undo(3)], words);
        let removal = Entry::Action(Action::Remove { seq: 5, at: None });
        assert_eq!(removal.words(&authors), "removal of action 5");
    }

    #[test]
    fn what_is_no_action_is_refused() {
        for wrong in [r#"{"type":"spray"}"#, r#"{"type":"weapp","strokes":[1]}"#, r#"{"type":"weapp"}"#, "3"]
        {
            assert!(Entry::all(vec![serde_json::from_str(wrong).unwrap()]).is_err(), "{wrong}");
        }
    }
}

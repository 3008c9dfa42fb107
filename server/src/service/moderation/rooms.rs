//! Checks of rooms: WeChat looks at the picture when a room opens, while people draw, and at the end. `risky` freezes the
//! room.
//!
//! A room has one check at a time, about the picture as it is when WeChat is asked. Strokes that come later are seen by
//! the next check, which follows at once or [`BETWEEN`] after the last one.

use std::time::Duration;

use super::Moderation;
use crate::domain::clock::Micros;
use crate::domain::drawing::Header;
use crate::domain::moderation::{ModerationCheck, ModerationStatus, Subject};
use crate::domain::share::Code;
use crate::domain::user::UserKey;
use crate::settings::ModerationMode;
use crate::store::{Checks, Drawings, StoreResult};

/// Time between two checks of a room.
const BETWEEN: Duration = Duration::from_secs(30);

impl Moderation {
    /// Has WeChat look at the picture of a room in which something was drawn.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn check_room(&self, owner: &UserKey, drawing: &str, code: &Code) -> StoreResult<()> {
        if self.0.settings.mode == ModerationMode::Off {
            return Ok(());
        }
        let subject = Subject::RoomPicture(drawing.to_owned());
        let known = self.0.store.check(owner, &subject).await?.filter(|known| known.content == code.as_str());
        let now = Micros::now();
        let due_at = match known {
            // Its end looks for strokes that came meanwhile.
            Some(known) if known.standing == ModerationStatus::Pending && known.due_at.is_some() => {
                return Ok(());
            }
            Some(known) => known.asked_at.unwrap_or(known.created_at).plus(BETWEEN).max(now),
            None => now,
        };
        let check = ModerationCheck {
            user: owner.clone(),
            subject,
            content: code.to_string(),
            standing: ModerationStatus::Pending,
            label: None,
            created_at: now,
            version: 0,
            due_at: Some(due_at),
            asked_at: None,
            tries: 0,
            trace_id: None,
            passed: None,
        };
        self.0.store.put_check(&check).await?;
        if due_at <= now {
            self.begin(Some(check));
        }
        Ok(())
    }

    /// Has WeChat look at a room's picture, unless it was asked since the drawing changed.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn check_room_as_read(&self, owner: &UserKey, header: &Header, code: &Code) -> StoreResult<()> {
        let subject = Subject::RoomPicture(header.id.clone());
        let known = self.0.store.check(owner, &subject).await?.filter(|known| known.content == code.as_str());
        let is_asked = known.is_some_and(|known| known.asked_at > Some(header.updated_at));
        if is_asked { Ok(()) } else { self.check_room(owner, &header.id, code).await }
    }

    /// Begins another check of a room when somebody drew since WeChat was asked.
    pub(super) async fn check_room_again(&self, settled: &ModerationCheck) -> StoreResult<()> {
        let (Subject::RoomPicture(drawing), Some(code)) = (&settled.subject, Code::parse(&settled.content))
        else {
            return Ok(());
        };
        let header = self.0.store.header(&settled.user, drawing).await?;
        let is_newer = header.is_some_and(|header| Some(header.updated_at) > settled.asked_at);
        if is_newer { self.check_room(&settled.user, drawing, &code).await } else { Ok(()) }
    }
}

//! Pictures of mini-program codes.

use super::measured::operations;
use crate::domain::miniprogram_code::{MiniprogramCode, MiniprogramCodeKey};

operations! {
/// Pictures of mini-program codes. Those of a share's code are deleted with it.
pub trait MiniprogramCodes {
    /// Finds a picture.
    async fn miniprogram_code(&self, key: &MiniprogramCodeKey) -> Option<Vec<u8>>;

    /// Stores a picture, unless there is one for its key.
    async fn add_miniprogram_code(&self, code: &MiniprogramCode) -> ();

    /// Removes all pictures for a scene of an app.
    async fn remove_miniprogram_codes(&self, app_id: &str, scene: &str) -> ();
}
}

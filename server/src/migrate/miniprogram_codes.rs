//! Pictures of mini-program codes: moved and compared.

use super::journal::{Journal, Part};
use super::verify::Sum;
use super::{MigrateError, Progress, Result, SOURCE, TARGET, Tally, Whole, at, move_records};
use crate::domain::miniprogram_code::MiniprogramCode;
use crate::store::{StoreResult, Transfer};

/// Pictures per turn; one has about 100 kB.
const TURN: u32 = 32;

/// Number of pictures.
pub(super) async fn count<G: Transfer>(store: &G) -> StoreResult<u64> {
    super::count(async |place| store.miniprogram_codes_behind(place, TURN).await).await
}

/// Copies the pictures that a move has not copied yet.
pub(super) async fn move_all<G: Whole, H: Whole>(
    from: &G,
    to: &H,
    all: &Tally,
    journal: &mut Journal,
    progress: &mut dyn Progress,
) -> Result<()> {
    if !journal.is_at(Part::MiniprogramCodes) {
        return Ok(());
    }
    progress.begins("mini-program codes", all.miniprogram_codes, journal.done());
    let read = async |place: Option<&str>| from.miniprogram_codes_behind(place, TURN).await;
    let write =
        async |code: &MiniprogramCode| to.add_miniprogram_code(code).await.map(drop).map_err(at(TARGET));
    move_records(journal, progress, read, write).await
}

/// Checks that every picture of the source is in the target unchanged, and adds it to both sums. The numbers of
/// pictures are equal.
pub(super) async fn compare<G: Whole, H: Whole>(from: &G, to: &H, sums: [&mut Sum; 2]) -> Result<()> {
    let [left, right] = sums;
    let mut place = None;
    loop {
        let turn = from.miniprogram_codes_behind(place.as_deref(), TURN).await.map_err(at(SOURCE))?;
        for code in &turn.items {
            let there = to.miniprogram_code(&code.key).await.map_err(at(TARGET))?;
            if there.as_ref() != Some(&code.image) {
                return Err(MigrateError::Differs(format!("the mini-program code {}", code.key.scene)));
            }
            left.add_debug(code);
            right.add_debug(code);
        }
        place = turn.next;
        if place.is_none() {
            return Ok(());
        }
    }
}

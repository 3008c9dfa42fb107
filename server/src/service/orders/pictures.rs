//! Pictures of orders: the one that is checked, and the files for the printer.

use bytes::Bytes;
use yibi_common::drawing::Action;
use yibi_common::shop::PrintCheck;
use yibi_common::{codec, picture};

use super::records::check_path;
use super::{OrderError, OrderResult, OrderService};
use crate::domain::clock::Micros;
use crate::domain::order::{Order, OrderCopy};
use crate::domain::user::UserKey;
use crate::render::{self, Budget, Page};
use crate::service::drawings::{DrawingError, DrawingResult, render_failure};
use crate::store::Orders;

/// Longer side of the picture that WeChat and operators check, in pixels.
const CHECKED_SIZE: u32 = 1080;

/// A picture of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrintFile {
    /// The picture to look at.
    Preview,
    /// The page for the printer, as vectors.
    Pdf,
    /// The page for the printer, as pixels.
    Png,
}

impl OrderService {
    /// Path and query of a signed link to a picture under check, without the signature.
    #[must_use]
    pub fn check_path(&self, id: &str, exp: i64) -> String {
        check_path(id, exp)
    }

    /// The picture that a signed link for WeChat names. The link ends with the check.
    ///
    /// # Errors
    /// [`DrawingError::LinkInvalid`] when the signature is wrong or the link has expired; [`OrderError::NotFound`]
    /// without a check.
    pub async fn picture_under_check(&self, id: &str, exp: i64, signature: &str) -> OrderResult<Bytes> {
        let signer = &self.0.records.keys.get().await?.signer;
        if Micros::now().seconds() >= exp || !signer.verify(&check_path(id, exp), signature) {
            return Err(DrawingError::LinkInvalid.into());
        }
        let order = self.0.records.store.order(id).await?.ok_or(OrderError::NotFound)?;
        if order.check != PrintCheck::Pending {
            return Err(OrderError::NotFound);
        }
        self.rendered(&order, PrintFile::Preview).await
    }

    /// A picture of an order, for operators. The files for the printer need the pass of the check.
    ///
    /// # Errors
    /// [`OrderError::NotFound`], also after the erasure of the user; [`OrderError::Unchecked`];
    /// [`OrderError::Drawing`], [`OrderError::Store`].
    pub async fn print_file(&self, id: &str, file: PrintFile) -> OrderResult<Bytes> {
        let order = self.0.records.store.order(id).await?.ok_or(OrderError::NotFound)?;
        if file != PrintFile::Preview && order.check != PrintCheck::Passed {
            return Err(OrderError::Unchecked);
        }
        self.rendered(&order, file).await
    }

    async fn rendered(&self, order: &Order, file: PrintFile) -> OrderResult<Bytes> {
        // Operators wait for one another, and no user for them.
        let place = self.0.drawings.render_slot(&UserKey::new("orders", &order.id)).await?;
        let copy = self.0.records.store.order_copy(&order.id).await?.ok_or(OrderError::NotFound)?;
        let paper = order.product.paper;
        let budget = Budget::start();
        let _guard = budget.guard();
        let inner = budget.clone();
        let bytes = place.work(move || draw(&copy, Page::print(copy.paper, paper), file, &inner)).await?;
        Ok(bytes.into())
    }
}

fn draw(copy: &OrderCopy, page: Page, file: PrintFile, budget: &Budget) -> DrawingResult<Vec<u8>> {
    let actions = copy.actions.iter().map(|blob| codec::decode(blob)).collect::<Result<Vec<Action>, _>>();
    let actions = actions.map_err(|_| DrawingError::Internal("the picture of an order is damaged"))?;
    let picture = picture::fold(0, &actions);
    let drawn = match file {
        PrintFile::Preview => render::png(&picture, copy.paper, CHECKED_SIZE, budget),
        PrintFile::Pdf => render::pdf(&picture, copy.paper, page, budget),
        PrintFile::Png => render::print_png(&picture, copy.paper, page, budget),
    };
    drawn.map_err(render_failure)
}

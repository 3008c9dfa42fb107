//! The records of orders: changes by comparison with the stored version, and the link to the picture under check.

use std::sync::Arc;

use yibi_common::shop::PrintCheck;

use crate::domain::clock::Micros;
use crate::domain::order::Order;
use crate::domain::user::UserKey;
use crate::keys::LazyKeyring;
use crate::store::{GalleryStore, Orders, StoreError, StoreResult};

/// Attempts at a change that concurrent changes overtake.
const ROUNDS: usize = 16;
const DAY: i64 = 86_400;

/// The records of all orders. Cheap to clone.
#[derive(Clone)]
pub struct OrderRecords {
    pub(super) store: GalleryStore,
    pub(super) keys: Arc<LazyKeyring>,
    /// Public URL of the server, without a slash at the end.
    public_url: String,
}

impl OrderRecords {
    #[must_use]
    pub fn new(store: GalleryStore, keys: Arc<LazyKeyring>, public_url: &str) -> Self {
        Self { store, keys, public_url: public_url.trim_end_matches('/').to_owned() }
    }

    /// Changes an order, unless the change does not apply to it. Returns the order as it is stored then, and whether
    /// this call changed it; `None` for an unknown order.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn change(
        &self,
        id: &str,
        mut apply: impl FnMut(&mut Order) -> bool,
    ) -> StoreResult<Option<(Order, bool)>> {
        for _ in 0..ROUNDS {
            let Some(mut order) = self.store.order(id).await? else { return Ok(None) };
            if !apply(&mut order) {
                return Ok(Some((order, false)));
            }
            if self.store.change_order(&order).await? {
                order.version = order.version.saturating_add(1);
                return Ok(Some((order, true)));
            }
        }
        Err(StoreError::Busy)
    }

    /// Applies a verdict on the picture of an order.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn judge(
        &self,
        id: &str,
        verdict: PrintCheck,
        by_person: bool,
    ) -> StoreResult<Option<(Order, bool)>> {
        self.change(id, |order| order.judge(verdict, by_person, Micros::now())).await
    }

    /// The content of the check of an order's picture, while WeChat checks it.
    ///
    /// # Errors
    /// The errors of the store.
    pub async fn under_check(&self, user: &UserKey, id: &str) -> StoreResult<Option<String>> {
        let order = self.store.order(id).await?;
        let is_checked = |order: &Order| order.user == *user && order.check == PrintCheck::Pending;
        Ok(order.filter(is_checked).map(|order| order.id))
    }

    /// Signed link to the picture of an order, for WeChat. The link expires at the end of tomorrow in UTC.
    ///
    /// # Errors
    /// The errors of the store when the keys can't be read.
    pub async fn check_url(&self, id: &str) -> StoreResult<String> {
        let exp = (Micros::now().seconds().div_euclid(DAY) + 2) * DAY;
        let path = check_path(id, exp);
        let signature = self.keys.get().await?.signer.sign(&path);
        Ok(format!("{}{path}&sig={signature}", self.public_url))
    }
}

/// The signed part of a link to a picture under check.
pub(super) fn check_path(id: &str, exp: i64) -> String {
    format!("/api/v1/images/orders/{id}/picture.png?exp={exp}")
}

//! Making an order.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use yibi_common::shop::{OrderState, PostalAddress, PrintCheck};

use super::{LOCKS, OrderError, OrderResult, OrderService, address};
use crate::domain::clock::Micros;
use crate::domain::moderation::Subject;
use crate::domain::order::{Order, OrderCopy, OrderedProduct, order_id};
use crate::domain::user::UserKey;
use crate::settings::{ModerationMode, Product};
use crate::store::{Orders, StoreError};

/// Orders of a user that are not paid, at most.
const UNPAID: u32 = 5;
const MINUTE: u64 = 60;

/// Order that a user asks for.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Id of the drawing.
    pub drawing: String,
    /// Id of the product.
    pub product: String,
    pub address: PostalAddress,
    pub idempotency_key: String,
}

impl OrderService {
    /// Makes an order with the drawing's visible picture, the present price and the address. The same order under the
    /// same key again answers the order that was made; the flag says whether the order is new.
    ///
    /// # Errors
    /// [`OrderError::KeyReused`], [`OrderError::Closed`], [`OrderError::TooMany`], [`OrderError::Value`],
    /// [`OrderError::RateLimited`], [`OrderError::Drawing`] for a missing, deleted or too large drawing,
    /// [`OrderError::Store`].
    pub async fn create(&self, user: &UserKey, new: &NewOrder) -> OrderResult<(Order, bool)> {
        check_key(&new.idempotency_key)?;
        address::check(&new.address)?;
        let id = order_id(user, &new.idempotency_key);
        let _lock = self.lock(user).await;
        let store = &self.0.records.store;
        if let Some(known) = store.order(&id).await? {
            return self.same(known, new).await.map(|known| (known, false));
        }
        if self.0.shop.paused {
            return Err(OrderError::Closed);
        }
        let product = self.0.shop.product(&new.product);
        let product = product.ok_or(OrderError::Value("product: there is no such product"))?;
        let unpaid = [OrderState::Created, OrderState::Paying];
        if store.count_orders_of(user, &unpaid, UNPAID).await? >= UNPAID {
            return Err(OrderError::TooMany);
        }
        self.0.limits.wechat_call(user)?;
        let (header, actions) = self.0.drawings.visible_copy(user, &new.drawing).await?;
        let actions = actions.ok_or(OrderError::Value("drawing: the drawing shows no stroke"))?;
        let copy = OrderCopy { seq: header.seq, paper: header.paper, actions };
        let sealed = address::seal(&new.address, &id, &self.0.records.keys.get().await?.sealer);
        let order = self.fresh(user, &id, new, product, sealed);
        let subject = Subject::OrderPicture(id.clone());
        let is_checked = order.check == PrintCheck::Pending;
        let check = if is_checked { self.0.moderation.before(user, subject, &id).await? } else { None };
        if !store.add_order(&order, &copy).await? {
            // Another server made the order meanwhile; both checks are of the same content.
            let known = store.order(&id).await?.ok_or(StoreError::Busy)?;
            return self.same(known, new).await.map(|known| (known, false));
        }
        self.0.moderation.begin(check);
        Ok((order, true))
    }

    fn fresh(&self, user: &UserKey, id: &str, new: &NewOrder, product: &Product, sealed: String) -> Order {
        let (now, shop) = (Micros::now(), &self.0.shop);
        let Product { id: product_id, name, paper, price } = product.clone();
        // WeChat's verdicts count in mode `enforce` alone.
        let enforced = self.0.mode == ModerationMode::Enforce;
        let mut order = Order {
            id: id.to_owned(),
            user: user.clone(),
            drawing: new.drawing.clone(),
            product: OrderedProduct { id: product_id, name, paper, price },
            shipping: shop.shipping,
            amount: price.saturating_add(shop.shipping),
            currency: shop.currency.clone(),
            address: Some(sealed),
            state: OrderState::Created,
            check: if enforced { PrintCheck::Pending } else { PrintCheck::Held },
            created_at: now,
            deadline: now.plus(Duration::from_secs(u64::from(shop.pay_minutes) * MINUTE)),
            updated_at: now,
            paid_at: None,
            shipped_at: None,
            attempts: Vec::new(),
            paid_by: None,
            effects: Vec::new(),
            parcel: None,
            fault: None,
            version: 0,
        };
        order.plan_expiry();
        order
    }

    /// The order that was made under the key, when it is the same.
    async fn same(&self, known: Order, new: &NewOrder) -> OrderResult<Order> {
        let address = self.0.records.known_address(&known).await?;
        // An order that closed unpaid has no address left to compare.
        let is_dropped = known.address.is_none() && known.paid_by.is_none();
        let is_same = known.drawing == new.drawing
            && known.product.id == new.product
            && (is_dropped || address.as_ref() == Some(&new.address));
        if is_same { Ok(known) } else { Err(OrderError::KeyReused) }
    }

    /// Keeps the user from making two orders at once on this server, so that each sees the number of the others.
    async fn lock(&self, user: &UserKey) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        user.hash(&mut hasher);
        let place = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
        match self.0.locks.get(place) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        }
    }
}

fn check_key(key: &str) -> OrderResult<()> {
    let fits = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { Err(OrderError::Value("idempotency_key has 1 to 64 visible ASCII characters")) }
}

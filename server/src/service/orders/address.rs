//! Postal addresses. An address is sealed in the record and opened for its user and, audited, for operators.

use secrecy::ExposeSecret;
use yibi_common::shop::PostalAddress;

use super::{OrderError, OrderRecords, OrderResult};
use crate::domain::order::Order;
use crate::domain::text;
use crate::keys::Sealer;
use crate::store::{StoreError, StoreResult};

/// Characters of a part of an address at most, and of the street's part.
const PART: usize = 40;
const DETAIL: usize = 120;

/// Checks an address.
pub(super) fn check(address: &PostalAddress) -> OrderResult<()> {
    let PostalAddress { name, phone, province, city, district, detail, postcode } = address;
    let fits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.trim().chars().count()) && text::is_printable(text)
    };
    // Some cities have no districts.
    let parts = [(name, 1), (province, 1), (city, 1), (district, 0)];
    if parts.iter().any(|(part, least)| !fits(part, *least, PART)) || !fits(detail, 1, DETAIL) {
        return Err(OrderError::Value(
            "address: name, province and city have 1 to 40 characters, district at most 40, detail 1 to 120",
        ));
    }
    let of = |text: &str, others: &str| {
        text.chars().all(|character| character.is_ascii_digit() || others.contains(character))
    };
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    if !(5..=20).contains(&digits) || phone.len() > PART || !of(phone, "+- ") {
        return Err(OrderError::Value("address.phone has 5 to 20 digits"));
    }
    if postcode.len() > 10 || !of(postcode, "-") {
        return Err(OrderError::Value("address.postcode has at most 10 digits"));
    }
    Ok(())
}

/// Seals an address in the context of its order.
pub(super) fn seal(address: &PostalAddress, order: &str, sealer: &Sealer) -> String {
    sealer.seal(&serde_json::to_string(address).unwrap_or_default(), &context(order))
}

fn context(order: &str) -> String {
    format!("address of {order}")
}

impl OrderRecords {
    /// The address of an order; `None` after the erasure of its user, and once it closed unpaid.
    ///
    /// # Errors
    /// The errors of the store; [`StoreError::Damaged`] when the key that sealed the address is gone.
    pub async fn address(&self, order: &Order) -> StoreResult<Option<PostalAddress>> {
        let Some(sealed) = &order.address else { return Ok(None) };
        let opened = self.keys.get().await?.sealer.open(sealed, &context(&order.id));
        let damaged = || StoreError::Damaged("the address of an order can't be opened".to_owned());
        let opened = opened.ok_or_else(damaged)?;
        serde_json::from_str(opened.expose_secret()).map(Some).map_err(|_| damaged())
    }

    /// The address of an order as far as it can be read: `None` also when the key that sealed it is gone.
    ///
    /// # Errors
    /// The errors of the store.
    pub(super) async fn known_address(&self, order: &Order) -> StoreResult<Option<PostalAddress>> {
        match self.address(order).await {
            Err(StoreError::Damaged(error)) => {
                tracing::error!(order = order.id, error, "an address is left out");
                Ok(None)
            }
            known => known,
        }
    }

    /// Seals the address of an order with the present key. Returns whether another key had sealed it; `None` when no
    /// key opens it.
    pub(super) async fn reseal(&self, order: &Order) -> StoreResult<Option<bool>> {
        let sealer = &self.keys.get().await?.sealer;
        let Some(sealed) = order.address.as_ref().filter(|sealed| !sealer.is_present(sealed)) else {
            return Ok(Some(false));
        };
        let context = context(&order.id);
        let Some(text) = sealer.open(sealed, &context) else { return Ok(None) };
        let anew = sealer.seal(text.expose_secret(), &context);
        let replaced = self.change(&order.id, |current| {
            let same = current.address.as_ref() == Some(sealed);
            if same {
                current.address = Some(anew.clone());
            }
            same
        });
        replaced.await?;
        Ok(Some(true))
    }
}

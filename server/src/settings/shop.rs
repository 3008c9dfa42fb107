//! `[shop]`: the prints that users can order.

use serde::{Deserialize, Deserializer};
use yibi_common::shop::PrintPaper;

/// Highest price and highest shipping cost, in fen. The sum stays far within 32 bits.
const MOST: u32 = 100_000_000;
/// Bytes of a product's id at most: it is part of addresses and logs.
const ID: usize = 32;
/// Characters of a product's name: WeChat shows it as the description of the payment.
const NAME: usize = 40;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    pub enabled: bool,
    pub paused: bool,
    /// Shipping cost of an order, in fen.
    pub shipping: u32,
    pub currency: String,
    pub pay_minutes: u32,
    #[serde(default, deserialize_with = "products")]
    pub products: Vec<Product>,
}

/// A print that can be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    pub id: String,
    pub name: String,
    pub paper: PrintPaper,
    /// Price in fen.
    pub price: u32,
}

impl Shop {
    /// Adds everything that is wrong in the section.
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        if self.currency != "CNY" {
            faults.push("shop.currency: WeChat Pay of mainland merchants takes CNY alone".to_owned());
        }
        if !(1..=55).contains(&self.pay_minutes) {
            // A prepay_id is valid for 2 h and is reused until the deadline; a payment that is open for an hour raises
            // an alert.
            faults.push("shop.pay_minutes: between 1 and 55 is needed".to_owned());
        }
        if self.shipping > MOST {
            faults.push(format!("shop.shipping: at most {MOST}, in fen"));
        }
        for Product { id, name, price, .. } in &self.products {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if !(1..=ID).contains(&id.len()) || !id.bytes().all(plain) {
                faults.push(format!("shop.products: the id {id:?} is not 1 to {ID} of A-Z a-z 0-9 _ -"));
            }
            if self.products.iter().filter(|other| other.id == *id).count() > 1 {
                faults.push(format!("shop.products: the id {id:?} stands there twice"));
            }
            if name.trim().is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
                faults.push(format!("shop.products: the name of {id:?} is not 1 to {NAME} characters"));
            }
            if !(1..=MOST).contains(price) {
                faults
                    .push(format!("shop.products: the price of {id:?} is not between 1 and {MOST}, in fen"));
            }
        }
        if self.enabled && self.products.is_empty() {
            faults.push("shop.products: an enabled shop needs a product".to_owned());
        }
    }

    /// The product of that id.
    #[must_use]
    pub fn product(&self, id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }
}

/// Tables of a settings file, or a JSON array from the environment.
fn products<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Product>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Tables(Vec<Product>),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Tables(products) => Ok(products),
        Either::Text(text) => serde_json::from_str(&text)
            .map_err(|_| serde::de::Error::custom("shop.products: not a JSON array of products")),
    }
}

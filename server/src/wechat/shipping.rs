//! Shipping information (发货信息管理): WeChat holds the money of an order back until it knows how the goods are sent.
//!
//! Source: WeChat's `uploadShippingInfo`
//! (<https://developers.weixin.qq.com/miniprogram/dev/platform-capabilities/business-capabilities/order-shipping/order-shipping.html>).

use serde::{Deserialize, Serialize};

use super::api::Api;
use super::client::{WechatApp, WechatError};
use super::service::Wechat;
use crate::domain::clock::Micros;

/// WeChat's errcode for a payment that it does not know yet: payments arrive there seconds to minutes later.
const UNKNOWN_PAYMENT: i64 = 10_060_001;
/// WeChat's errcode for information that it has already, as after a lost reply.
const UNCHANGED: i64 = 10_060_023;

/// WeChat's numbers: an order is named by merchant and number, goods go by express and in one piece.
const BY_MERCHANT_NUMBER: u8 = 1;
const EXPRESS: u8 = 1;
const IN_ONE_PIECE: u8 = 1;

/// Maximum length of the description in characters.
const MAX_ITEM: usize = 120;

/// A parcel on its way.
#[derive(Debug, Clone, Copy)]
pub struct Shipment<'a> {
    pub merchant_id: &'a str,
    /// The number of the paid attempt.
    pub out_trade_no: &'a str,
    pub openid: &'a str,
    /// WeChat's code of the carrier, such as `SF`.
    pub carrier: &'a str,
    pub tracking_no: &'a str,
    pub item: &'a str,
    /// The receiver's phone number with its middle masked (`138****1234`), which some carriers need.
    pub contact: Option<&'a str>,
    /// The moment of shipping.
    pub at: Micros,
}

/// Result of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShippingUpload {
    /// WeChat has the information.
    Uploaded,
    /// WeChat does not know the payment yet: the upload is repeated later.
    NotYet,
}

#[derive(Serialize)]
struct Upload<'a> {
    order_key: OrderKey<'a>,
    logistics_type: u8,
    delivery_mode: u8,
    shipping_list: [Parcel<'a>; 1],
    upload_time: String,
    payer: Payer<'a>,
}

#[derive(Serialize)]
struct OrderKey<'a> {
    order_number_type: u8,
    mchid: &'a str,
    out_trade_no: &'a str,
}

#[derive(Serialize)]
struct Parcel<'a> {
    tracking_no: &'a str,
    express_company: &'a str,
    item_desc: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Contact<'a>>,
}

#[derive(Serialize)]
struct Contact<'a> {
    receiver_contact: &'a str,
}

#[derive(Serialize)]
struct Payer<'a> {
    openid: &'a str,
}

#[derive(Deserialize)]
struct Nothing {}

impl Wechat {
    /// Tells WeChat how an order is shipped. Repeating it with the same values is safe.
    ///
    /// # Errors
    /// [`WechatError`] for any errcode but those of [`ShippingUpload`].
    pub async fn upload_shipping(
        &self,
        app: &WechatApp,
        shipment: &Shipment<'_>,
    ) -> Result<ShippingUpload, WechatError> {
        let Shipment { merchant_id, out_trade_no, openid, carrier, tracking_no, item, contact, at } =
            *shipment;
        let parcel = Parcel {
            tracking_no,
            express_company: carrier,
            item_desc: item.chars().take(MAX_ITEM).collect(),
            contact: contact.map(|receiver_contact| Contact { receiver_contact }),
        };
        let upload = Upload {
            order_key: OrderKey { order_number_type: BY_MERCHANT_NUMBER, mchid: merchant_id, out_trade_no },
            logistics_type: EXPRESS,
            delivery_mode: IN_ONE_PIECE,
            shipping_list: [parcel],
            upload_time: at.to_string(),
            payer: Payer { openid },
        };
        let mut hidden = vec![openid, tracking_no];
        hidden.extend(contact);
        let uploaded = self.call_hiding::<Nothing>(app, Api::UploadShippingInfo, &upload, &hidden).await;
        match uploaded {
            Ok(Nothing {}) => Ok(ShippingUpload::Uploaded),
            Err(error) if error.errcode == Some(UNCHANGED) => Ok(ShippingUpload::Uploaded),
            Err(error) if error.errcode == Some(UNKNOWN_PAYMENT) => Ok(ShippingUpload::NotYet),
            Err(error) => Err(error),
        }
    }
}

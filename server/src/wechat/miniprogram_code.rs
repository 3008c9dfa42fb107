//! Mini-program codes (小程序码) without a limit of number: `getUnlimitedQRCode`
//! (<https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/qr-code/api_getunlimitedqrcode>).

use std::time::Duration;

use serde::Serialize;

use super::api::Api;
use super::client::{Image, WechatApp, WechatError};
use super::service::Wechat;
use crate::domain::miniprogram_code::MiniprogramCodeKey;

/// Time limit of a call. WeChat takes more than five seconds at times.
const TIMEOUT: Duration = Duration::from_secs(10);
/// WeChat's name of the published version.
const RELEASE: &str = "release";

#[derive(Serialize)]
struct Asked<'a> {
    scene: &'a str,
    page: &'a str,
    check_path: bool,
    env_version: &'a str,
    width: u32,
}

impl Wechat {
    /// Has WeChat make the picture of a code, a PNG or JPEG file. Only the page of the published version has to
    /// exist: the other versions are for trying out pages that are not published yet.
    ///
    /// # Errors
    /// [`WechatError`], with errcode 41030 for an unknown page.
    pub async fn miniprogram_code(
        &self,
        app: &WechatApp,
        key: &MiniprogramCodeKey,
    ) -> Result<Vec<u8>, WechatError> {
        let MiniprogramCodeKey { app_id: _, page, scene, env, width } = key;
        let asked = Asked { scene, page, check_path: env == RELEASE, env_version: env, width: *width };
        let Image(picture) = self.call_within(app, Api::GetWxaCodeUnlimit, &asked, TIMEOUT).await?;
        Ok(picture)
    }
}

//! Content security: WeChat looks at texts at once, and at images later, when it says so by a
//! [push](super::push).
//!
//! Source: WeChat's `msgSecCheck` and `mediaCheckAsync`, version 2
//! (<https://developers.weixin.qq.com/miniprogram/dev/server/API/sec-center/sec-check/api_msgseccheck>,
//! `…/api_mediacheckasync`).

use serde::{Deserialize, Serialize};

use super::api::Api;
use super::client::{Cause, WechatApp, WechatError};
use super::lenient;
use super::push::Suggestion;
use super::service::Wechat;

/// WeChat's errcode when the user has not been in the mini-program for two hours: nothing of that user's is
/// looked at then.
pub const NOT_VISITED: i64 = 61010;
/// The version that this server speaks.
const VERSION: u8 = 2;
/// WeChat's number for images.
const IMAGE: u8 = 2;

/// Where a content is shown, in WeChat's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// What a user tells of herself.
    Profile,
    /// What a user publishes.
    Journal,
}

impl Scene {
    fn number(self) -> u8 {
        match self {
            Self::Profile => 1,
            Self::Journal => 4,
        }
    }
}

/// What WeChat says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextVerdict {
    /// What to do with it.
    pub suggestion: Suggestion,
    /// Why, in WeChat's numbers; see [`MediaVerdict::label`](super::push::MediaVerdict::label).
    pub label: Option<u32>,
}

#[derive(Serialize)]
struct TextCheck<'a> {
    version: u8,
    scene: u8,
    openid: &'a str,
    content: &'a str,
}

#[derive(Deserialize)]
struct TextReply {
    result: TextResult,
}

#[derive(Deserialize)]
struct TextResult {
    suggest: String,
    #[serde(default, deserialize_with = "lenient::optional_integer")]
    label: Option<u32>,
}

#[derive(Serialize)]
struct MediaCheck<'a> {
    version: u8,
    scene: u8,
    openid: &'a str,
    media_url: &'a str,
    media_type: u8,
}

#[derive(Deserialize)]
struct MediaReply {
    trace_id: String,
}

impl Wechat {
    /// What WeChat says of a text (2,500 characters at most) of that user, who has been there in the last two
    /// hours.
    ///
    /// # Errors
    /// [`WechatError`], with errcode [`NOT_VISITED`] for a user who has not.
    pub async fn check_text(
        &self,
        app: &WechatApp,
        openid: &str,
        scene: Scene,
        content: &str,
    ) -> Result<TextVerdict, WechatError> {
        let asked = TextCheck { version: VERSION, scene: scene.number(), openid, content };
        let TextReply { result } = self.call(app, Api::MsgSecCheck, &asked).await?;
        let suggestion =
            Suggestion::of(&result.suggest).ok_or(Cause::UnexpectedResponse("an unknown suggestion"))?;
        Ok(TextVerdict { suggestion, label: result.label })
    }

    /// Has WeChat fetch an image (10 MB at most) of that user and look at it; the trace id by which its verdict
    /// will be known, within 30 minutes.
    ///
    /// # Errors
    /// As [`Wechat::check_text`]'s.
    pub async fn check_image(
        &self,
        app: &WechatApp,
        openid: &str,
        scene: Scene,
        url: &str,
    ) -> Result<String, WechatError> {
        let scene = scene.number();
        let asked = MediaCheck { version: VERSION, scene, openid, media_url: url, media_type: IMAGE };
        let MediaReply { trace_id } = self.call(app, Api::MediaCheckAsync, &asked).await?;
        Ok(trace_id)
    }
}

//! Content security: WeChat checks texts synchronously, and images asynchronously with a verdict by
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

/// WeChat's errcode for a user who was not in the mini-program within two hours: WeChat does not check such a
/// user's content.
pub const NOT_VISITED: i64 = 61010;
/// Version of the API that this server uses.
const VERSION: u8 = 2;
/// WeChat's number for images.
const IMAGE: u8 = 2;

/// Place where content is shown, in WeChat's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Profile data of a user.
    Profile,
    /// Content that a user publishes.
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

/// WeChat's verdict on a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextVerdict {
    /// Suggested handling of the text.
    pub suggestion: Suggestion,
    /// Category of the content in WeChat's numbers; see
    /// [`MediaVerdict::label`](super::push::MediaVerdict::label).
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
    /// Has WeChat check a user's text (2,500 characters at most). The user must have been in the mini-program
    /// in the last two hours.
    ///
    /// # Errors
    /// [`WechatError`], with errcode [`NOT_VISITED`] otherwise.
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

    /// Has WeChat fetch and check a user's image (10 MB at most). Returns the trace id of the verdict, which
    /// arrives within 30 minutes.
    ///
    /// # Errors
    /// The errors of [`Wechat::check_text`].
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

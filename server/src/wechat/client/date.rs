//! WeChat's clock.

use super::WechatClient;

impl WechatClient {
    /// The `Date` header of a reply with any status. `None` when there is none within the time-out.
    pub async fn date(&self) -> Option<String> {
        let asked = self.http.get(self.base.clone()).send();
        let reply = tokio::time::timeout(self.timeout, asked).await.ok()?.ok()?;
        Some(reply.headers().get("date")?.to_str().ok()?.to_owned())
    }
}

//! What time WeChat has.

use super::WechatClient;

impl WechatClient {
    /// The `Date` header of an answer, whatever else it says. Nothing when there is none within the time-out.
    pub async fn date(&self) -> Option<String> {
        let asked = self.http.get(self.base.clone()).send();
        let reply = tokio::time::timeout(self.timeout, asked).await.ok()?.ok()?;
        Some(reply.headers().get("date")?.to_str().ok()?.to_owned())
    }
}

//! A WeChat that fails: sign-ins fail, other requests do not.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::bench::wechat::Mood;
use crate::chaos::cluster::Cluster;
use yibi_tests::{unique, wait_until};

/// Time limit of a sign-in while WeChat hangs: the time-out and a margin.
const ANSWERED: Duration = Duration::from_secs(7);

/// Makes WeChat hang, fail and reply with garbage, each for a third of the time, during sign-ins.
pub async fn ill(cluster: &mut Cluster, duration: Duration) -> String {
    let api = cluster.servers[0].api();
    let mut slowest = Duration::ZERO;
    let (mut refused, mut healed) = (0, Duration::ZERO);
    for mood in [Mood::Hangs, Mood::Fails, Mood::Babbles] {
        cluster.wechat.send_replace(mood);
        let end = Instant::now() + duration / 3;
        while Instant::now() < end {
            let asked = Instant::now();
            let reply = api.post("/api/v1/session", &json!({"code": format!("eve.{}", unique())})).await;
            slowest = slowest.max(asked.elapsed());
            if reply.status != 503 || reply.json()["code"] != "wechat_unavailable" {
                cluster.failures.push(format!("{mood:?}: {} {}", reply.status, reply.text()));
            }
            refused += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        cluster.wechat.send_replace(Mood::Good);
        let well = Instant::now();
        let signs_in = async || {
            let code = json!({"code": format!("eve.{}", unique())});
            api.post("/api/v1/session", &code).await.status == 200
        };
        wait_until("somebody signs in", signs_in).await;
        healed = healed.max(well.elapsed());
    }
    if slowest > ANSWERED {
        cluster.failures.push(format!("a sign-in was answered after {slowest:?}"));
    }
    let (slowest, healed) = (slowest.as_secs_f64(), healed.as_secs_f64());
    format!("{refused} sign-ins refused within {slowest:.1} s, well again after {healed:.1} s")
}

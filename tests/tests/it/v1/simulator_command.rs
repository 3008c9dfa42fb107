//! The command `yibi-server simulator`.

use std::process::Command;

use serde_json::{Value, json};
use yibi_tests::process::Process;
use yibi_tests::{TempDir, binary, install_tls};

#[tokio::test]
async fn the_simulator_command_serves_a_wechat_until_it_is_stopped() {
    install_tls();
    let keys = TempDir::new();
    let mut command = Command::new(binary("yibi-server"));
    command.args(["simulator", "--listen", "127.0.0.1:0", "--keys"]).arg(keys.path());
    let mut process = Process::start(&mut command);
    let (url, app_id) = process.wait_for("the simulator's address", |line| {
        let (url, app) = line.strip_prefix("listening on ")?.split_once(" for app ")?;
        Some((url.to_owned(), app.to_owned()))
    });
    assert_eq!(app_id, "wx5157570dead5e55e");
    let http = reqwest::Client::new();
    let login = http.post(format!("{url}/simulator/login"));
    let login: Value = login.json(&json!({"user": "alice"})).send().await.unwrap().json().await.unwrap();
    assert!(login["code"].as_str().unwrap().starts_with("sim-"));
    let ledger = http.get(format!("{url}/simulator/pay/ledger")).send().await.unwrap();
    let ledger: Value = ledger.json().await.unwrap();
    assert_eq!((&ledger["paid"], &ledger["refunded"]), (&json!(0), &json!(0)));
    for (payment, status) in
        [(json!({"prepay_id": "wx1", "outcome": "paid"}), 422), (json!({"prepay_id": "wx1"}), 400)]
    {
        let paid = http.post(format!("{url}/simulator/pay")).json(&payment).send().await.unwrap();
        assert_eq!(paid.status(), status, "{payment}");
    }
    let steps = json!([{"notice": {"times": 2, "signature": "foreign"}}, {"refund": "abnormal"},
        {"call": {"api": "close", "fault": "lose_reply"}}, {"call": {"api": "prepay", "fault": {"late": {"ms": 1}}}}]);
    let scripted = http.post(format!("{url}/simulator/pay/script")).json(&steps).send().await.unwrap();
    assert_eq!(scripted.status(), 204);
    for file in ["apiclient_key.pem", "pub_key.pem", "api-v3.key", "api-v2.key", "certificates/platform.pem"]
    {
        assert!(keys.path().join(file).is_file(), "{file}");
    }
    assert_eq!(process.terminate(), Some(0));
}

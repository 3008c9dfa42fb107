//! The command `yibi-server simulator`.

use std::process::Command;

use serde_json::{Value, json};
use yibi_tests::process::Process;
use yibi_tests::{binary, install_tls};

#[tokio::test]
async fn the_simulator_command_serves_a_wechat_until_it_is_stopped() {
    install_tls();
    let mut command = Command::new(binary("yibi-server"));
    let mut process = Process::start(command.args(["simulator", "--listen", "127.0.0.1:0"]));
    let (url, app_id) = process.wait_for("the simulator's address", |line| {
        let (url, app) = line.strip_prefix("listening on ")?.split_once(" for app ")?;
        Some((url.to_owned(), app.to_owned()))
    });
    assert_eq!(app_id, "wx5157570dead5e55e");
    let login = reqwest::Client::new().post(format!("{url}/simulator/login"));
    let login: Value = login.json(&json!({"user": "alice"})).send().await.unwrap().json().await.unwrap();
    assert!(login["code"].as_str().unwrap().starts_with("sim-"));
    assert_eq!(process.terminate(), Some(0));
}

//! `yibi-server dev`

use std::net::TcpListener;

use secrecy::SecretString;
use wechat_simulator::pay::{KeyFiles, MERCHANT_ID, MERCHANT_SERIAL, PUBLIC_KEY_ID};
use wechat_simulator::{MiniProgram, PushTarget, Simulator};
use yibi_common::sharing::SharingLevel;
use yibi_server::dev::{self, Extras};
use yibi_server::listeners::{HandedOver, Listeners};
use yibi_server::settings::{LogFormat, Settings};
use yibi_server::telemetry;

use crate::{Exit, Failure, say, serve};

pub(crate) async fn develop(mut settings: Settings, lan: bool) -> Result<Exit, Failure> {
    let prefix = dev::prepare(&mut settings, lan).map_err(|error| (Exit::Settings, error.to_string()))?;
    settings.log.format = LogFormat::Text;
    telemetry::init(&settings.log);
    let listeners =
        Listeners::of(&settings, HandedOver::default()).map_err(|error| (Exit::Failure, error))?;
    let place = listeners.public.place().map_err(|error| (Exit::Failure, error.to_string()))?;
    let address = format!("http://{place}{}", prefix.as_deref().unwrap_or_default());
    if settings.http.public_url.is_empty() {
        settings.http.public_url.clone_from(&address);
    }
    // With real credentials the real WeChat is asked, so that DevTools and a phone work.
    let simulator = if settings.wechat.app_id.is_empty() {
        Some(start_simulator(&mut settings, &address)?)
    } else {
        None
    };
    if let Some(fault) = settings.sharing_fault() {
        tracing::warn!("nothing can be shared: {fault}");
        settings.sharing.level = SharingLevel::Off;
    }
    let token_file = settings.store.data_dir.join("admin.token");
    let simulated = simulator.is_some();
    let extras = Extras::new(simulator, settings.dev.preview_dir.clone(), prefix);
    serve(&settings, listeners, Some(extras), move |ready| {
        say("\n  yibi · 一笔到底\n");
        say(&format!("  draw     {address}/"));
        say(&format!(
            "  operate  http://{}/readyz, /metrics   (token: {})",
            ready.admin,
            token_file.display()
        ));
        let wechat = if simulated { "simulated" } else { "the real one" };
        say(&format!("  WeChat   {wechat}\n"));
        if lan {
            say("  On a phone in the same network:\n");
            say(&dev::qr_code(&format!("{address}/")).unwrap_or_default());
        }
        say("  Ctrl-C stops.\n");
    })
    .await
}

/// Starts a simulated WeChat on a port of its own, points the settings to it, and has it push to `address`.
fn start_simulator(settings: &mut Settings, address: &str) -> Result<Simulator, Failure> {
    let failed = |error: std::io::Error| (Exit::Failure, format!("the simulator: {error}"));
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let place = listener.local_addr().map_err(failed)?;
    let app = MiniProgram::development();
    settings.wechat.app_id.clone_from(&app.id);
    settings.wechat.app_secret = app.secret.clone().into();
    settings.wechat.api_url = format!("http://{place}");
    simulate_merchant(settings).map_err(failed)?;
    let token = dev::push_token();
    settings.wechat.push_token = token.clone().into();
    settings.wechat.push_aes_key = SecretString::default();
    let simulator = Simulator::new(vec![app]);
    let url = format!("{address}/wx/push");
    simulator.push_to(PushTarget { url, token, aes_key: None, xml: false });
    tokio::spawn(simulator.clone().run(listener, std::future::pending()));
    Ok(simulator)
}

/// Sets the merchant of the simulated WeChat Pay, with its key files in the data directory. A pay host on loopback that is
/// set already, such as `yibi-server simulator`, stays.
fn simulate_merchant(settings: &mut Settings) -> std::io::Result<()> {
    let api_url = settings.wechat.api_url.clone();
    let pay = &mut settings.pay;
    if pay.is_configured() {
        return Ok(());
    }
    let keys = KeyFiles::write(&settings.store.data_dir.join("pay"))?;
    MERCHANT_ID.clone_into(&mut pay.merchant_id);
    MERCHANT_SERIAL.clone_into(&mut pay.serial);
    PUBLIC_KEY_ID.clone_into(&mut pay.public_key_id);
    pay.public_key_file = keys.public_key;
    pay.certificates_dir = keys.certificates;
    pay.private_key_file = keys.private_key;
    pay.api_v3_key_file = keys.api_v3_key;
    pay.v2_key_file = keys.v2_key;
    if pay.api_url.starts_with("https://") {
        pay.api_url = api_url;
    }
    Ok(())
}

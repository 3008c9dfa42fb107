//! Requests whose `Host` is the name of another site, as a browser sends them after DNS rebinding.

use yibi_tests::{Api, App, Backend, Server, Wechat};

#[tokio::test]
async fn the_operators_listener_refuses_names_of_other_sites() {
    let further = [("ADMIN__HOSTS", "metrics.example.net"), ("HTTP__PUBLIC_URL", "https://draw.example.com")];
    let wechat = Wechat::start();
    let server = Server::start_with(Backend::Embedded, &wechat, &further);
    let asked =
        async |host: &str, path: &str| Api::new(&server.admin).with_header("host", host).get(path).await;
    for path in ["/metrics", "/healthz", "/readyz", "/admin/v1/me"] {
        asked("evil.example", path).await.problem(421, "host_refused");
        asked("127.0.0.1.evil.example:5758", path).await.problem(421, "host_refused");
    }
    for own in [
        "localhost",
        "localhost:5758",
        "127.0.0.1",
        "[::1]:1",
        "yibi",
        "metrics.example.net",
        "draw.example.com",
    ] {
        assert_eq!(asked(own, "/healthz").await.status, 200, "{own}");
    }
}

#[tokio::test]
async fn the_public_listener_answers_to_any_name() {
    let app = App::start(Backend::Embedded);
    app.api().with_header("host", "anything.example").get("/api/v1/limits").await.ok();
}

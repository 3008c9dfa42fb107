//! Orders of prints, paid at the simulated WeChat Pay and checked against its ledger.

mod buying;
mod fulfilling;
mod keeping;
mod races;

use serde_json::{Value, json};
use yibi_tests::api::{Reply, stroke};
use yibi_tests::server::ADMIN_TOKEN;
use yibi_tests::{Api, App, Backend, free_address, wait_until};

const TOKEN: &str = "shared";
const PRODUCTS: &str = r#"[{"id": "a4", "name": "A4 海报", "paper": "a4", "price": 1990},
    {"id": "a3", "name": "A3 海报", "paper": "a3", "price": 2990}]"#;
const PHONE: &str = "020-81167888";
const STREET: &str = "新港中路397号";

/// A shop, a customer with the drawing `d`, and an operator.
struct Shop {
    app: App,
    ann: Api,
    operator: Api,
}

impl Shop {
    async fn start(backend: Backend) -> Self {
        Self::start_with(backend, "v3", &[]).await
    }

    async fn start_with(backend: Backend, version: &str, further: &[(&str, &str)]) -> Self {
        let address = free_address();
        let public_url = format!("http://{address}");
        let mut settings = vec![
            ("HTTP__LISTEN", address.as_str()),
            ("HTTP__PUBLIC_URL", &public_url),
            ("MODERATION__MODE", "enforce"),
            ("MODERATION__RETRY", "1"),
            ("WECHAT__PUSH_TOKEN", TOKEN),
            ("SHOP__ENABLED", "true"),
            ("SHOP__SHIPPING", "10"),
            ("SHOP__PRODUCTS", PRODUCTS),
        ];
        settings.extend(further);
        let app = App::start_for_merchant(backend, version, &settings);
        app.wechat.push_to(&format!("{public_url}/wx/push"), TOKEN, None, false).await;
        let ann = app.user("ann").await;
        ann.append("d", 0, json!([stroke(1)])).await.ok();
        let operator = Api::new(&app.admin).with_token(ADMIN_TOKEN);
        Self { app, ann, operator }
    }

    /// Follows a restart: the connections of the former client are gone.
    fn reconnect(&mut self) {
        self.ann = self.app.api().with_token(self.ann.token.as_deref().unwrap());
    }

    /// The id of a new order.
    async fn order(&self, key: &str) -> String {
        let reply = self.ann.post("/api/v1/orders", &order(key)).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// Begins a payment. Returns WeChat's reference.
    async fn prepay(&self, id: &str) -> String {
        prepay_id(&self.change(id, "pay").await.ok())
    }

    /// The id of an order that waits for its payment, and WeChat's reference.
    async fn paying(&self, key: &str) -> (String, String) {
        let id = self.order(key).await;
        let prepay_id = self.prepay(&id).await;
        (id, prepay_id)
    }

    /// The id of an order that is paid.
    async fn paid(&self, key: &str) -> String {
        let (id, prepay_id) = self.paying(key).await;
        self.app.wechat.pay(&prepay_id).unwrap();
        self.becomes(&id, "paid").await;
        id
    }

    async fn change(&self, id: &str, change: &str) -> Reply {
        self.ann.post(&format!("/api/v1/orders/{id}/{change}"), &json!({})).await
    }

    async fn of(&self, id: &str) -> Value {
        self.ann.get(&format!("/api/v1/orders/{id}")).await.ok()
    }

    async fn becomes(&self, id: &str, state: &str) -> Value {
        self.until(id, &format!("the order is {state}"), |order| order["state"] == state).await
    }

    async fn until(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        wait_until(what, async || holds(&self.of(id).await)).await;
        self.of(id).await
    }

    /// A change by the operator.
    async fn operate(&self, id: &str, change: &str, body: &Value) -> Reply {
        self.operator.post(&format!("/admin/v1/orders/{id}/{change}"), body).await
    }

    /// Money that came in at WeChat and stayed.
    fn balance(&self) -> i64 {
        let ledger = self.app.wechat.pay_ledger();
        ledger["paid"].as_i64().unwrap() - ledger["refunded"].as_i64().unwrap()
    }
}

fn prepay_id(fields: &Value) -> String {
    let package = fields["package"].as_str().unwrap();
    package.strip_prefix("prepay_id=").unwrap().to_owned()
}

fn address() -> Value {
    json!({"name": "小明", "phone": PHONE, "province": "广东省", "city": "广州市", "district": "海珠区",
           "detail": STREET, "postcode": "510000"})
}

fn order(key: &str) -> Value {
    json!({"drawing": "d", "product": "a4", "address": address(), "idempotency_key": key})
}

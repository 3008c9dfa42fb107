//! Logs and metrics.

use std::fmt::{self, Debug};
use std::hash::Hash;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};
use tracing_subscriber::EnvFilter;
use yibi_common::sharing::Reason;

use crate::events::EventBus;
use crate::settings;

/// Starts logging to standard error, as the settings define it. An unknown filter counts as `info`.
pub fn init(settings: &settings::Log) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        settings::LogFormat::Text => builder.with_target(false).try_init(),
        settings::LogFormat::Json => {
            builder.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    };
    if started.is_err() {
        tracing::debug!("logging has been started before");
    }
}

/// Bucket bounds of the latency histograms, in seconds.
const LATENCIES: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

fn latencies() -> Histogram {
    Histogram::new(LATENCIES)
}

/// A label with few, known values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name(pub std::borrow::Cow<'static, str>);

impl EncodeLabelValue for Name {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.as_ref().encode(encoder)
    }
}

impl From<&'static str> for Name {
    fn from(name: &'static str) -> Self {
        Self(name.into())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: Name,
    route: Name,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    store: Name,
    operation: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignInLabels {
    dialect: Name,
    outcome: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WechatLabels {
    api: Name,
    outcome: Name,
    errcode: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WechatApiLabels {
    api: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PushLabels {
    event: Name,
    outcome: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    subject: Name,
    outcome: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    decision: Name,
    reason: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OrderLabels {
    state: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NotificationLabels {
    outcome: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PoolLabels {
    pool: Name,
}

/// Metrics of one server for `/metrics`, which also feed the operators' [`EventBus`].
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    events: EventBus,
    requests: Family<RequestLabels, Counter>,
    rejected_early: Counter,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    operation_seconds: Family<OperationLabels, Histogram, fn() -> Histogram>,
    operation_failures: Family<OperationLabels, Counter>,
    sign_ins: Family<SignInLabels, Counter>,
    wechat_calls: Family<WechatLabels, Counter>,
    wechat_seconds: Family<WechatApiLabels, Histogram, fn() -> Histogram>,
    wechat_open: Family<WechatApiLabels, Gauge<i64, AtomicI64>>,
    pushes: Family<PushLabels, Counter>,
    checks: Family<CheckLabels, Counter>,
    actions: Counter,
    case_decisions: Family<DecisionLabels, Counter>,
    oldest_case: Gauge<i64, AtomicI64>,
    orders: Family<OrderLabels, Gauge<i64, AtomicI64>>,
    orders_oldest: Family<OrderLabels, Gauge<i64, AtomicI64>>,
    payment_notifications: Family<NotificationLabels, Counter>,
    pool_busy: Family<PoolLabels, Gauge<i64, AtomicI64>>,
    pool_size: Family<PoolLabels, Gauge<i64, AtomicI64>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::of(EventBus::default())
    }
}

impl Metrics {
    /// The metrics of the server with that event bus.
    #[must_use]
    pub fn of(events: EventBus) -> Self {
        let mut registry = Registry::with_prefix("yibi");
        let metrics = &mut registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        metrics.register("build", "The server's version", build);
        Self {
            events,
            requests: register(metrics, "http_requests", "Requests by route template and status"),
            rejected_early: register(
                metrics,
                "http_requests_turned_away",
                "Requests rejected without being processed, after too many failures; the log has no line of them",
            ),
            request_seconds: register_seconds(
                metrics,
                "http_request_duration",
                "Time from a request's head to its reply's head",
            ),
            operation_seconds: register_seconds(
                metrics,
                "store_operation_duration",
                "Time of the stores' operations",
            ),
            operation_failures: register(
                metrics,
                "store_operation_failures",
                "Failed operations of the stores",
            ),
            sign_ins: register(metrics, "sign_ins", "Sign-ins by dialect and outcome"),
            wechat_calls: register(
                metrics,
                "wechat_calls",
                "Calls to WeChat by API, outcome and errcode, which is 0 for all but refusals",
            ),
            wechat_seconds: register_seconds(metrics, "wechat_call_duration", "Time of the calls to WeChat"),
            wechat_open: register(
                metrics,
                "wechat_circuit_open",
                "1 while an API of WeChat's does not answer and is not called",
            ),
            pushes: register(metrics, "wechat_pushes", "Messages that WeChat pushed, by event and outcome"),
            checks: register(metrics, "content_checks", "Ended checks of contents, by subject and outcome"),
            actions: register(metrics, "actions_appended", "Actions stored for good"),
            case_decisions: register(
                metrics,
                "review_decisions",
                "Decisions of operators on review cases, by decision and by the reason of removals",
            ),
            oldest_case: register_age(
                metrics,
                "review_oldest",
                "Age of the oldest review case that waits for a decision; 0 without one",
            ),
            orders: register(metrics, "orders", "Orders by state, at most 10,000 of each"),
            orders_oldest: register_age(
                metrics,
                "orders_oldest",
                "Age of the oldest order in a state; 0 without one",
            ),
            payment_notifications: register(
                metrics,
                "payment_notifications",
                "Notifications of WeChat Pay by outcome",
            ),
            pool_busy: register(metrics, "pool_busy", "Places of a pool that are taken or waited for"),
            pool_size: register(metrics, "pool_size", "Places of a pool"),
            registry,
        }
    }
}

/// Registers a new metric and returns the handle that counts it.
fn register<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// Registers an age in seconds.
fn register_age<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register_with_unit(name, help, Unit::Seconds, metric.clone());
    metric
}

/// Registers histograms of durations, in seconds, by the labels `L`.
fn register_seconds<L>(
    registry: &mut Registry,
    name: &str,
    help: &str,
) -> Family<L, Histogram, fn() -> Histogram>
where
    L: EncodeLabelSet + Clone + Hash + Eq + Debug + Send + Sync + 'static,
{
    let family = Family::new_with_constructor(latencies as fn() -> Histogram);
    registry.register_with_unit(name, help, Unit::Seconds, family.clone());
    family
}

impl Metrics {
    #[must_use]
    pub fn events(&self) -> &EventBus {
        &self.events
    }

    /// Records an answered request. `route` is the template, never the path.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = match method {
            "GET" | "POST" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" | "PUT" => method.to_owned(),
            _ => "other".to_owned(),
        };
        let route = Name(route.to_owned().into());
        let labels = RequestLabels { method: Name(method.into()), route: route.clone(), status };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabels { route }).observe(took.as_secs_f64());
    }

    /// Counts a request that was rejected without being processed.
    pub fn rejected_early(&self) {
        self.rejected_early.inc();
    }

    /// Records an operation of a store.
    pub fn operation(&self, store: &'static str, operation: &'static str, ok: bool, took: Duration) {
        let labels = OperationLabels { store: store.into(), operation: operation.into() };
        self.operation_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        if !ok {
            self.operation_failures.get_or_create(&labels).inc();
        }
    }

    pub fn sign_in(&self, dialect: &'static str, outcome: &'static str) {
        if outcome == "ok" {
            self.events.signed_in();
        }
        self.sign_ins.get_or_create(&SignInLabels { dialect: dialect.into(), outcome: outcome.into() }).inc();
    }

    /// Records a call to WeChat. `errcode` is 0 if WeChat gave none.
    pub fn wechat_call(&self, api: &'static str, outcome: &'static str, errcode: i64, took: Duration) {
        // WeChat's errcodes have at most seven digits; all others share one label value.
        let errcode = if (-1..10_000_000).contains(&errcode) { errcode } else { -2 };
        let labels = WechatLabels { api: api.into(), outcome: outcome.into(), errcode };
        self.wechat_calls.get_or_create(&labels).inc();
        self.wechat_seconds.get_or_create(&WechatApiLabels { api: api.into() }).observe(took.as_secs_f64());
    }

    /// Sets whether an API's circuit is open.
    pub fn wechat_circuit(&self, api: &'static str, open: bool) {
        self.wechat_open.get_or_create(&WechatApiLabels { api: api.into() }).set(i64::from(open));
    }

    /// Counts a handled message push.
    pub fn pushed(&self, event: &'static str, outcome: &'static str) {
        self.pushes.get_or_create(&PushLabels { event: event.into(), outcome: outcome.into() }).inc();
    }

    /// Counts a finished moderation check.
    pub fn checked(&self, subject: &'static str, outcome: &'static str) {
        self.checks.get_or_create(&CheckLabels { subject: subject.into(), outcome: outcome.into() }).inc();
    }

    pub fn appended(&self, actions: u32) {
        self.events.saved();
        self.actions.inc_by(u64::from(actions));
    }

    /// Counts a decision on a review case.
    pub fn case_decided(&self, decision: &'static str, reason: Option<Reason>) {
        let reason = reason.map(|reason| reason.number().to_string()).unwrap_or_default();
        let labels = DecisionLabels { decision: decision.into(), reason: Name(reason.into()) };
        self.case_decisions.get_or_create(&labels).inc();
    }

    /// Sets the age of the oldest review case that waits for a decision.
    pub fn oldest_case(&self, age: Duration) {
        self.oldest_case.set(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    }

    /// Sets the number of orders in a state, and the age of the oldest.
    pub fn orders(&self, state: &'static str, count: u32, oldest: Duration) {
        let labels = OrderLabels { state: state.into() };
        self.orders.get_or_create(&labels).set(count.into());
        let age = i64::try_from(oldest.as_secs()).unwrap_or(i64::MAX);
        self.orders_oldest.get_or_create(&labels).set(age);
    }

    /// Counts a notification of WeChat Pay.
    pub fn paid_notification(&self, outcome: &'static str) {
        self.payment_notifications.get_or_create(&NotificationLabels { outcome: outcome.into() }).inc();
    }

    /// Sets the load of a pool.
    pub fn pool(&self, pool: &'static str, busy: usize, size: usize) {
        let labels = PoolLabels { pool: pool.into() };
        self.pool_busy.get_or_create(&labels).set(i64::try_from(busy).unwrap_or(i64::MAX));
        self.pool_size.get_or_create(&labels).set(i64::try_from(size).unwrap_or(i64::MAX));
    }

    /// All metrics in the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_read_as_openmetrics() {
        let metrics = Metrics::default();
        metrics.request("GET", "/api/v1/drawings/{id}", 200, Duration::from_millis(3));
        metrics.request("BREW", "unmatched", 404, Duration::from_millis(3));
        metrics.sign_in("yibi", "ok");
        metrics.operation("gallery", "append", false, Duration::from_millis(1));
        metrics.oldest_case(Duration::from_secs(90));
        metrics.case_decided("remove", Some(Reason::Advertising));
        let text = metrics.text();
        assert!(text.contains("\nyibi_review_oldest_seconds 90\n"), "{text}");
        assert!(text.contains(r#"yibi_review_decisions_total{decision="remove",reason="4"} 1"#), "{text}");
        assert!(
            text.contains(
                r#"yibi_http_requests_total{method="GET",route="/api/v1/drawings/{id}",status="200"} 1"#
            ),
            "{text}"
        );
        assert!(text.contains(r#"method="other""#));
        assert!(
            text.contains(r#"yibi_store_operation_failures_total{store="gallery",operation="append"} 1"#)
        );
        assert!(text.ends_with("# EOF\n"));
    }
}

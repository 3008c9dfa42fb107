//! The console's requests to the admin API, as paths: for the client, and for the curl commands it copies.

use serde_json::Value;
use yibi_common::admin::Change;

use crate::act::{Act, Body};
use crate::filter::Parameter;
use crate::lists::Kind;
use crate::subject::Subject;
use crate::text;

/// Rows of a page.
pub const PAGE: u32 = 200;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub kind: Kind,
    pub parameters: Vec<Parameter>,
    /// An index of [`crate::lists::ListView::orders`].
    pub order: usize,
    pub reverse: bool,
    pub cursor: Option<String>,
    pub limit: u32,
}

/// The form of an exported drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Png,
    Svg,
    Json,
}

impl Form {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Json => "json",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Me,
    Overview,
    /// The last hour of the routes.
    History,
    Page(PageRequest),
    /// The number of rows that a filter finds.
    Count(Kind, Vec<Parameter>),
    Session(String),
    User(String),
    /// A drawing with its actions from number `since` on.
    Drawing {
        user: String,
        id: String,
        since: u32,
    },
    Failed(String),
    Review(String),
    /// The copy that a case is about.
    ReviewCopy(String),
    /// The avatar of a case.
    ReviewAvatar(String),
    Claim(String),
    /// Rooms in a state or in all, from a cursor on.
    Rooms {
        state: Option<&'static str>,
        cursor: Option<String>,
    },
    /// A page of orders.
    Orders(Vec<Parameter>),
    Order(String),
    Act(Act),
    /// A drawing as a file.
    Export {
        user: String,
        id: String,
        form: Form,
    },
    /// The stream of events.
    Events,
}

impl From<&Subject> for Request {
    fn from(subject: &Subject) -> Self {
        match subject {
            Subject::Session(id) => Self::Session(id.clone()),
            Subject::User(id) => Self::User(id.clone()),
            Subject::Request(id) => Self::Failed(id.clone()),
            Subject::Review(id) => Self::Review(id.clone()),
            Subject::Drawing { user, id } => Self::Drawing { user: user.clone(), id: id.clone(), since: 0 },
        }
    }
}

impl Request {
    pub fn method(&self) -> &'static str {
        match self {
            Self::Act(act) => match act.change {
                Change::RevokeSession | Change::RevokeSessions | Change::DeleteDrawing => "DELETE",
                Change::BlockUser
                | Change::UnblockUser
                | Change::ResetSessionKey
                | Change::RestoreDrawing
                | Change::PassCase
                | Change::RemoveCase
                | Change::HoldCase
                | Change::NoteCase
                | Change::OpenCase
                | Change::FreezeRoom
                | Change::ThawRoom
                | Change::CloseRoom
                | Change::RemoveStroke
                | Change::PassOrder
                | Change::RejectOrder
                | Change::PrintOrder
                | Change::ShipOrder
                | Change::RefundOrder
                | Change::ReleaseOrder
                | Change::ReadAddress => "POST",
                // Backends do it, not operators; the audit log shows when.
                Change::GiveAccessToken => "GET",
            },
            Self::Claim(_) => "POST",
            Self::Me
            | Self::Overview
            | Self::History
            | Self::Page(_)
            | Self::Count(..)
            | Self::Session(_)
            | Self::User(_)
            | Self::Drawing { .. }
            | Self::Failed(_)
            | Self::Review(_)
            | Self::Rooms { .. }
            | Self::ReviewCopy(_)
            | Self::ReviewAvatar(_)
            | Self::Orders(_)
            | Self::Order(_)
            | Self::Export { .. }
            | Self::Events => "GET",
        }
    }

    /// The content, as JSON.
    pub fn body(&self) -> Option<Value> {
        if let Self::Act(act) = self { act.body.as_ref().map(Body::json) } else { None }
    }

    /// The path and query.
    pub fn path(&self) -> String {
        let rest = match self {
            Self::Me => "me".into(),
            Self::Overview => "overview".into(),
            Self::History => "history".into(),
            Self::Events => "events".into(),
            Self::Page(page) => page.path(),
            Self::Count(kind, parameters) => format!("{}/count{}", kind.name(), query(parameters)),
            Self::Session(id) => format!("sessions/{}", encode(id)),
            Self::User(id) => format!("users/{}", encode(id)),
            Self::Drawing { user, id, since } => {
                let since = if *since == 0 { String::new() } else { format!("?since={since}") };
                format!("{}{since}", drawing(user, id))
            }
            Self::Failed(id) => format!("requests/{}", encode(id)),
            Self::Review(id) => format!("reviews/{}", encode(id)),
            Self::ReviewCopy(id) => format!("reviews/{}/drawing", encode(id)),
            Self::ReviewAvatar(id) => format!("reviews/{}/avatar.png", encode(id)),
            Self::Rooms { state, cursor } => {
                let state = state.iter().map(|state| ("state", (*state).to_owned()));
                let cursor = cursor.iter().map(|cursor| ("cursor", cursor.clone()));
                format!("rooms{}", query(&state.chain(cursor).collect::<Vec<_>>()))
            }
            Self::Claim(id) => format!("reviews/{}/claim", encode(id)),
            Self::Order(id) => format!("orders/{}", encode(id)),
            Self::Orders(parameters) => format!("orders{}", query(parameters)),
            Self::Export { user, id, form } => match form {
                Form::Png => format!("{}/image.png?size=2048", drawing(user, id)),
                Form::Svg => format!("{}/image.svg", drawing(user, id)),
                Form::Json => format!("{}/export", drawing(user, id)),
            },
            Self::Act(act) => {
                let (user, target) = (encode(&act.user), act.target.as_deref().unwrap_or_default());
                match act.change {
                    Change::RevokeSession => format!("sessions/{}", encode(target)),
                    Change::RevokeSessions => format!("users/{user}/sessions"),
                    Change::ResetSessionKey => format!("sessions/{}/reset-key", encode(target)),
                    Change::BlockUser => format!("users/{user}/block"),
                    Change::UnblockUser => format!("users/{user}/unblock"),
                    Change::DeleteDrawing => drawing(&act.user, target),
                    Change::RestoreDrawing => format!("{}/restore", drawing(&act.user, target)),
                    Change::GiveAccessToken => "audit".to_owned(),
                    Change::PassCase => format!("reviews/{}/pass", encode(target)),
                    Change::RemoveCase => format!("reviews/{}/remove", encode(target)),
                    Change::HoldCase => format!("reviews/{}/hold", encode(target)),
                    Change::NoteCase => format!("reviews/{}/note", encode(target)),
                    Change::OpenCase => "reviews".to_owned(),
                    Change::FreezeRoom => format!("rooms/{}/freeze", encode(target)),
                    Change::ThawRoom => format!("rooms/{}/thaw", encode(target)),
                    Change::CloseRoom => format!("rooms/{}/close", encode(target)),
                    Change::RemoveStroke => format!("rooms/{}/remove", encode(target)),
                    Change::PassOrder => format!("orders/{}/pass", encode(target)),
                    Change::RejectOrder => format!("orders/{}/reject", encode(target)),
                    Change::PrintOrder => format!("orders/{}/printing", encode(target)),
                    Change::ShipOrder => format!("orders/{}/shipped", encode(target)),
                    Change::RefundOrder => format!("orders/{}/refund", encode(target)),
                    Change::ReleaseOrder => format!("orders/{}/release", encode(target)),
                    Change::ReadAddress => format!("orders/{}/address", encode(target)),
                }
            }
        };
        format!("/admin/v1/{rest}")
    }

    /// The same as a curl command. The token is a variable of the shell, never written out.
    pub fn curl(&self, base: &str, socket: Option<&str>) -> String {
        let method = if self.method() == "GET" { String::new() } else { format!(" -X {}", self.method()) };
        let url = text::shell_word(&format!("{base}{}", self.path()));
        let way = match socket {
            Some(socket) => format!("--unix-socket {}", text::shell_word(socket)),
            None => "-H \"Authorization: Bearer $YIBI_ADMIN_TOKEN\"".into(),
        };
        format!("curl -sS{method} {way} {url}")
    }
}

impl PageRequest {
    fn path(&self) -> String {
        let mut parameters = self.parameters.clone();
        parameters.extend(self.kind.order_parameter(self.order, &self.parameters));
        if self.reverse {
            parameters.push(("reverse", "true".into()));
        }
        if let Some(cursor) = &self.cursor {
            parameters.push(("cursor", cursor.clone()));
        }
        if self.kind.has_pages() {
            parameters.push(("limit", self.limit.to_string()));
        }
        format!("{}{}", self.kind.name(), query(&parameters))
    }
}

fn drawing(user: &str, id: &str) -> String {
    format!("users/{}/drawings/{}", encode(user), encode(id))
}

fn query(parameters: &[Parameter]) -> String {
    let sent = parameters.iter().filter(|(name, _)| !name.is_empty());
    let pairs: Vec<String> = sent.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_text_is_escaped() {
        let page = PageRequest {
            kind: Kind::Users,
            parameters: vec![("nickname", "小&limit=9".into())],
            order: 0,
            reverse: true,
            cursor: Some("a/b+".into()),
            limit: 50,
        };
        let path = "/admin/v1/users?nickname=%E5%B0%8F%26limit%3D9&reverse=true&cursor=a%2Fb%2B&limit=50";
        assert_eq!(Request::Page(page).path(), path);
        let sorted = |order, parameters| {
            let (reverse, cursor, limit) = (false, None, 50);
            Request::Page(PageRequest { kind: Kind::Users, parameters, order, reverse, cursor, limit }).path()
        };
        assert_eq!(sorted(1, Vec::new()), "/admin/v1/users?nickname=&limit=50");
        assert_eq!(sorted(1, vec![("openid", "o".into())]), "/admin/v1/users?openid=o&limit=50");
        assert_eq!(Request::Session("../users?".into()).path(), "/admin/v1/sessions/..%2Fusers%3F");
    }

    #[test]
    fn a_curl_command_names_the_token_and_never_holds_it() {
        let (user, target) = ("u".into(), Some("d'; rm".into()));
        let act = Act { change: Change::DeleteDrawing, user, target, body: None, label: String::new() };
        let curl = Request::Act(act).curl("http://127.0.0.1:5758", None);
        let wanted = r#"curl -sS -X DELETE -H "Authorization: Bearer $YIBI_ADMIN_TOKEN" 'http://127.0.0.1:5758/admin/v1/users/u/drawings/d%27%3B%20rm'"#;
        assert_eq!(curl, wanted);
        let socket = Request::Me.curl("http://localhost", Some("/var/lib/yibi/admin.sock"));
        assert_eq!(
            socket,
            "curl -sS --unix-socket '/var/lib/yibi/admin.sock' 'http://localhost/admin/v1/me'"
        );
    }
}

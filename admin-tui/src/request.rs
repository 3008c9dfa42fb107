//! What the console asks of the admin API, as paths: for the client, and for the curl commands it copies.

use yibi_common::admin::Change;

use crate::filter::{self, Field, Parameter};
use crate::text;

/// Rows of a page.
pub const PAGE: u32 = 200;

/// The lists of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Sessions.
    Sessions,
    /// Users.
    Users,
    /// Drawings.
    Drawings,
    /// Failures, grouped; one page.
    Errors,
    /// The audit log.
    Audit,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sessions, Self::Users, Self::Drawings, Self::Errors, Self::Audit];

    /// Its path, which is its name too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Users => "users",
            Self::Drawings => "drawings",
            Self::Errors => "errors",
            Self::Audit => "audit",
        }
    }

    /// What it is filtered by.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Sessions => filter::SESSIONS,
            Self::Users => filter::USERS,
            Self::Drawings => filter::DRAWINGS,
            Self::Errors | Self::Audit => filter::HERE,
        }
    }

    /// Its orders: the parameter's value, and what it is called. The first is the default.
    pub fn orders(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Sessions => &[("expiry", "ends first"), ("last_seen", "seen last"), ("openid", "openid")],
            Self::Drawings => &[("updated", "changed last"), ("created", "newest"), ("size", "largest")],
            Self::Users => &[("", "newest")],
            Self::Errors => &[("", "grew last")],
            Self::Audit => &[("", "latest")],
        }
    }

    /// Whether the server counts what a filter finds.
    pub fn counts(self) -> bool {
        matches!(self, Self::Sessions | Self::Users | Self::Drawings)
    }

    /// Whether the smallest comes first in an order, unless it is reversed.
    pub fn ascends(self, order: usize) -> bool {
        self == Self::Sessions && order != 1
    }

    /// Whether it can be sorted from the other end.
    pub fn reverses(self) -> bool {
        matches!(self, Self::Sessions | Self::Users | Self::Drawings)
    }
}

/// A change to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// What.
    pub change: Change,
    /// The public id of the user whom it is done to.
    pub user: String,
    /// The session's or the drawing's id, where it is about one.
    pub target: Option<String>,
}

impl Act {
    /// What takes it back, where anything does. A revoked session is gone for good.
    pub fn inverse(&self) -> Option<Self> {
        let change = match self.change {
            Change::DeleteDrawing => Change::RestoreDrawing,
            Change::RestoreDrawing => Change::DeleteDrawing,
            Change::BlockUser => Change::UnblockUser,
            Change::UnblockUser => Change::BlockUser,
            Change::RevokeSession | Change::RevokeSessions | Change::ResetSessionKey => return None,
        };
        Some(Self { change, ..self.clone() })
    }

    /// The id that says what it is done to.
    pub fn id(&self) -> &str {
        self.target.as_deref().unwrap_or(&self.user)
    }

    /// What was done, in words.
    pub fn done(&self) -> &'static str {
        match self.change {
            Change::RevokeSession => "revoked",
            Change::RevokeSessions => "revoked all sessions of",
            Change::BlockUser => "blocked",
            Change::UnblockUser => "let in again",
            Change::ResetSessionKey => "had the WeChat key replaced of",
            Change::DeleteDrawing => "moved to the bin",
            Change::RestoreDrawing => "restored",
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Of which list.
    pub kind: Kind,
    /// The filter.
    pub parameters: Vec<Parameter>,
    /// An index of [`Kind::orders`].
    pub order: usize,
    /// From the other end.
    pub reverse: bool,
    /// Where it begins.
    pub cursor: Option<String>,
    /// Rows at most.
    pub limit: u32,
}

/// The form of an exported drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A picture of pixels.
    Png,
    /// A picture of paths.
    Svg,
    /// The drawing itself.
    Json,
}

impl Form {
    /// The file's extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Json => "json",
        }
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Who the server takes us for.
    Me,
    /// The fleet.
    Overview,
    /// A page of a list.
    Page(PageRequest),
    /// How many rows a filter finds.
    Count(Kind, Vec<Parameter>),
    /// One session.
    Session(String),
    /// One user.
    User(String),
    /// One drawing, its actions from a number on.
    Drawing {
        /// The public id of the user.
        user: String,
        /// The drawing's id.
        id: String,
        /// The first action.
        since: u32,
    },
    /// One failed request.
    Failed(String),
    /// A change.
    Act(Act),
    /// A drawing as a file.
    Export {
        /// The public id of the user.
        user: String,
        /// The drawing's id.
        id: String,
        /// The file's form.
        form: Form,
    },
    /// What happens.
    Events,
}

impl Request {
    /// The method.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Act(act) => match act.change {
                Change::RevokeSession | Change::RevokeSessions | Change::DeleteDrawing => "DELETE",
                Change::BlockUser
                | Change::UnblockUser
                | Change::ResetSessionKey
                | Change::RestoreDrawing => "POST",
            },
            Self::Me
            | Self::Overview
            | Self::Page(_)
            | Self::Count(..)
            | Self::Session(_)
            | Self::User(_)
            | Self::Drawing { .. }
            | Self::Failed(_)
            | Self::Export { .. }
            | Self::Events => "GET",
        }
    }

    /// The path and query.
    pub fn path(&self) -> String {
        let rest = match self {
            Self::Me => "me".into(),
            Self::Overview => "overview".into(),
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
        if let Some((order, _)) = self.kind.orders().get(self.order)
            && self.order > 0
        {
            parameters.push(("order", (*order).to_owned()));
        }
        if self.reverse {
            parameters.push(("reverse", "true".into()));
        }
        if let Some(cursor) = &self.cursor {
            parameters.push(("cursor", cursor.clone()));
        }
        if self.kind != Kind::Errors {
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
    fn nothing_typed_becomes_structure() {
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
        assert_eq!(Request::Session("../users?".into()).path(), "/admin/v1/sessions/..%2Fusers%3F");
    }

    #[test]
    fn a_curl_command_names_the_token_and_never_holds_it() {
        let act = Act { change: Change::DeleteDrawing, user: "u".into(), target: Some("d'; rm".into()) };
        let curl = Request::Act(act).curl("http://127.0.0.1:5758", None);
        let wanted = r#"curl -sS -X DELETE -H "Authorization: Bearer $YIBI_ADMIN_TOKEN" 'http://127.0.0.1:5758/admin/v1/users/u/drawings/d%27%3B%20rm'"#;
        assert_eq!(curl, wanted);
        let socket = Request::Me.curl("http://localhost", Some("/var/lib/yibi/admin.sock"));
        assert_eq!(
            socket,
            "curl -sS --unix-socket '/var/lib/yibi/admin.sock' 'http://localhost/admin/v1/me'"
        );
    }

    #[test]
    fn what_can_be_taken_back_has_an_inverse_of_its_own() {
        for change in Change::ALL {
            let act = Act { change, user: "u".into(), target: Some("t".into()) };
            if let Some(inverse) = act.inverse() {
                assert_ne!(inverse.change, change);
                assert_eq!(inverse.inverse(), Some(act));
            }
        }
    }
}

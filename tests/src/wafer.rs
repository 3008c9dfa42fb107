//! A client of 2017, like wafer's client SDK: it signs in at `/applet/login`, then sends the pair of the sign-in, and
//! reads only the JSON of a reply. It uses the drawing routes of 2016, see [`Phone::with_pair`].

use reqwest::Method;
use serde_json::{Value, json};

use crate::weapp::{MAGIC, Phone};
use crate::wechat::Login;
use crate::{Api, Reply};

/// The route of the sign-in.
pub const LOGIN: &str = "/applet/login";

/// The route of the own user.
pub const USER: &str = "/applet/user";

/// The credentials of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The value of `X-WX-Id`.
    pub id: String,
    /// The value of `X-WX-Skey`.
    pub skey: String,
}

/// A phone with the headers of a sign-in.
#[must_use]
pub fn before(server: &str, login: &Login) -> Phone {
    Phone::with_code(server, &login.code)
        .header("X-WX-Encrypted-Data", &login.encrypted_data)
        .header("X-WX-IV", &login.iv)
}

/// Signs a phone in; returns the reply.
pub async fn log_in(server: &str, login: &Login) -> Reply {
    Api::send(before(server, login).request_at(Method::GET, LOGIN)).await
}

/// Signs a phone in; returns it with its pair.
pub async fn signed_in(server: &str, login: &Login) -> Phone {
    Phone::with_pair(server, &log_in(server, login).await.opened())
}

/// Requests the own user.
pub async fn user(phone: &Phone) -> Reply {
    Api::send(phone.request_at(Method::GET, USER)).await
}

impl Reply {
    /// Asserts a successful sign-in; returns its pair.
    #[track_caller]
    pub fn opened(&self) -> Pair {
        let reply = self.applet();
        let text =
            |name: &str| reply["session"][name].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
        let pair = Pair { id: text("id"), skey: text("skey") };
        assert_eq!(reply, json!({MAGIC: 1, "session": {"id": pair.id, "skey": pair.skey}}));
        pair
    }

    /// Asserts an error of the session layer; returns its message.
    #[track_caller]
    pub fn wafer_error(&self, error: &str) -> String {
        let mut reply = self.applet();
        let message = reply["message"].as_str().unwrap_or_default().to_owned();
        assert!(!message.is_empty(), "{reply}");
        reply.as_object_mut().unwrap().remove("message");
        assert_eq!(reply, json!({MAGIC: 1, "error": error}), "{message}");
        message
    }

    /// Asserts a reply with the own user; returns it.
    #[track_caller]
    pub fn wafer_user(&self) -> Value {
        let reply = self.applet();
        assert_eq!((&reply["code"], &reply["message"]), (&json!(0), &json!("ok")), "{reply}");
        reply["data"]["userInfo"].clone()
    }
}

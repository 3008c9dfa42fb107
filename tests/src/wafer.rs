//! A client of 2017, as wafer's client SDK: it signs in at `/applet/login`, shows the pair that it gets from then
//! on, and reads nothing of a reply but its JSON. Its drawings are where the client of 2016 has them, see
//! [`Phone::with_pair`].

use reqwest::Method;
use serde_json::{Value, json};

use crate::weapp::{MAGIC, Phone};
use crate::wechat::Login;
use crate::{Api, Reply};

/// Where the client signs in.
pub const LOGIN: &str = "/applet/login";

/// Where it asks who it is.
pub const USER: &str = "/applet/user";

/// What a sign-in gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// `X-WX-Id`
    pub id: String,
    /// `X-WX-Skey`
    pub skey: String,
}

/// A phone that is about to sign in with all that it has.
#[must_use]
pub fn before(server: &str, login: &Login) -> Phone {
    Phone::with_code(server, &login.code)
        .header("X-WX-Encrypted-Data", &login.encrypted_data)
        .header("X-WX-IV", &login.iv)
}

/// Signs in.
pub async fn log_in(server: &str, login: &Login) -> Reply {
    Api::send(before(server, login).request_at(Method::GET, LOGIN)).await
}

/// A phone that has signed in.
pub async fn signed_in(server: &str, login: &Login) -> Phone {
    Phone::with_pair(server, &log_in(server, login).await.opened())
}

/// Asks who the user is.
pub async fn user(phone: &Phone) -> Reply {
    Api::send(phone.request_at(Method::GET, USER)).await
}

impl Reply {
    /// The pair of a sign-in that succeeded.
    #[track_caller]
    pub fn opened(&self) -> Pair {
        let reply = self.applet();
        let text =
            |name: &str| reply["session"][name].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
        let pair = Pair { id: text("id"), skey: text("skey") };
        assert_eq!(reply, json!({MAGIC: 1, "session": {"id": pair.id, "skey": pair.skey}}));
        pair
    }

    /// That the session layer turned the request away with that error; the message.
    #[track_caller]
    pub fn wafer_error(&self, error: &str) -> String {
        let mut reply = self.applet();
        let message = reply["message"].as_str().unwrap_or_default().to_owned();
        assert!(!message.is_empty(), "{reply}");
        reply.as_object_mut().unwrap().remove("message");
        assert_eq!(reply, json!({MAGIC: 1, "error": error}), "{message}");
        message
    }

    /// What the session's user is told of itself.
    #[track_caller]
    pub fn wafer_user(&self) -> Value {
        let reply = self.applet();
        assert_eq!((&reply["code"], &reply["message"]), (&json!(0), &json!("ok")), "{reply}");
        reply["data"]["userInfo"].clone()
    }
}

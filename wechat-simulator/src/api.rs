//! The simulated APIs.

use serde::Deserialize;

/// The HTTP method of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// All parameters are in the query.
    Get,
    /// The parameters are a JSON body.
    Post,
}

macro_rules! apis {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $method:ident, $path:literal;)*) => {
        /// An API of WeChat.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
        pub enum Api {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Api {
            /// The last part of its path, which scripts and [`Calls`](crate::Calls) use.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP method that it accepts.
            #[must_use]
            pub fn method(self) -> Method {
                match self { $(Self::$variant => Method::$method,)* }
            }

            /// Its path without a leading slash.
            #[must_use]
            pub fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)* }
            }
        }
    };
}

apis! {
    /// Exchanges a code of `wx.login` for a session.
    #[default]
    Jscode2session, "jscode2session", Get, "sns/jscode2session";
    /// Issues the access token that the other APIs require.
    StableToken, "stable_token", Post, "cgi-bin/stable_token";
    /// Exchanges a code of the phone-number button for the number.
    GetUserPhoneNumber, "getuserphonenumber", Post, "wxa/business/getuserphonenumber";
    /// Checks whether a session_key is still the user's.
    CheckSession, "checksession", Get, "wxa/checksession";
    /// Replaces the user's session_key.
    ResetUserSessionKey, "resetusersessionkey", Get, "wxa/resetusersessionkey";
    MsgSecCheck, "msg_sec_check", Post, "wxa/msg_sec_check";
    /// Checks an image; a push brings the result.
    MediaCheckAsync, "media_check_async", Post, "wxa/media_check_async";
    /// Draws a mini-program code.
    GetWxaCodeUnlimit, "getwxacodeunlimit", Post, "wxa/getwxacodeunlimit";
    /// Tells how an order is shipped.
    UploadShippingInfo, "upload_shipping_info", Post, "wxa/sec/order/upload_shipping_info";
}

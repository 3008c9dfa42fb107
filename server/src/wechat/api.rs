//! Table of the WeChat APIs that this server uses.

/// HTTP method of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// All parameters are in the address.
    Get,
    /// The parameters are in a JSON body.
    Post,
}

/// Whether a call may be repeated after its reply was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The call is idempotent.
    Harmless,
    /// The call may use up a one-time code or have its effect twice.
    Never,
}

macro_rules! apis {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $method:ident, $path:literal, $repeat:ident;)*) => {
        /// An API of WeChat's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Api {
            $($(#[$doc])* $variant,)*
        }

        impl Api {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Last part of the path, which is the name in metrics and logs.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// HTTP method of the API.
            #[must_use]
            pub fn method(self) -> Method {
                match self { $(Self::$variant => Method::$method,)* }
            }

            /// Path below the API's base address, without a leading slash.
            #[must_use]
            pub fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)* }
            }

            /// Whether a call may be repeated after its reply was lost.
            #[must_use]
            pub fn repeat(self) -> Repeat {
                match self { $(Self::$variant => Repeat::$repeat,)* }
            }
        }
    };
}

apis! {
    /// Exchanges the code of `wx.login` for a session.
    Jscode2session, "jscode2session", Get, "sns/jscode2session", Never;
    /// Issues the access token that the other APIs require.
    StableToken, "stable_token", Post, "cgi-bin/stable_token", Harmless;
    /// Exchanges the code of the phone number button for the number.
    GetUserPhoneNumber, "getuserphonenumber", Post, "wxa/business/getuserphonenumber", Never;
    /// Checks whether a session_key is still the user's.
    CheckSession, "checksession", Get, "wxa/checksession", Harmless;
    /// Replaces the user's session_key.
    ResetUserSessionKey, "resetusersessionkey", Get, "wxa/resetusersessionkey", Never;
    /// Checks a text; the reply is the verdict.
    MsgSecCheck, "msg_sec_check", Post, "wxa/msg_sec_check", Harmless;
    /// Checks an image; the verdict comes by a push.
    MediaCheckAsync, "media_check_async", Post, "wxa/media_check_async", Harmless;
    /// Makes the picture of a mini-program code; the reply is the picture, or JSON for an error.
    GetWxaCodeUnlimit, "getwxacodeunlimit", Post, "wxa/getwxacodeunlimit", Harmless;
    /// Tells how an order is shipped.
    UploadShippingInfo, "upload_shipping_info", Post, "wxa/sec/order/upload_shipping_info", Harmless;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_end_of_its_path_and_of_no_other() {
        for (index, api) in Api::ALL.iter().enumerate() {
            assert_eq!(api.path().rsplit('/').next(), Some(api.name()));
            assert_eq!(Api::ALL.iter().position(|other| other.name() == api.name()), Some(index));
        }
    }
}

//! The APIs of WeChat that this server uses, in one table.

/// How an API is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// With everything in the address.
    Get,
    /// With a JSON body.
    Post,
}

/// Whether a call whose reply was lost may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It may: the second call does what the first did.
    Harmless,
    /// It may not: a one-time code may be used up, or something may be done twice.
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

            /// The last part of its path: its name in metrics and logs.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How it is asked.
            #[must_use]
            pub fn method(self) -> Method {
                match self { $(Self::$variant => Method::$method,)* }
            }

            /// Its path below the API's address, without a leading slash.
            #[must_use]
            pub fn path(self) -> &'static str {
                match self { $(Self::$variant => $path,)* }
            }

            /// Whether a call whose reply was lost may be made again.
            #[must_use]
            pub fn repeat(self) -> Repeat {
                match self { $(Self::$variant => Repeat::$repeat,)* }
            }
        }
    };
}

apis! {
    /// The code of `wx.login` for a session.
    Jscode2session, "jscode2session", Get, "sns/jscode2session", Never;
    /// The access token that the other APIs ask for.
    StableToken, "stable_token", Post, "cgi-bin/stable_token", Harmless;
    /// The code of the button that hands over a phone number, for the number.
    GetUserPhoneNumber, "getuserphonenumber", Post, "wxa/business/getuserphonenumber", Never;
    /// Whether a session_key is still the user's.
    CheckSession, "checksession", Get, "wxa/checksession", Harmless;
    /// A new session_key in the place of the user's.
    ResetUserSessionKey, "resetusersessionkey", Get, "wxa/resetusersessionkey", Never;
    /// What to think of a text.
    MsgSecCheck, "msg_sec_check", Post, "wxa/msg_sec_check", Harmless;
    /// What to think of an image, told by a push.
    MediaCheckAsync, "media_check_async", Post, "wxa/media_check_async", Harmless;
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

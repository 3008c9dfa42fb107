//! Use of a WeChat profile: its nickname fills an empty one, and its avatar's address is stored.
//!
//! Since 2022 WeChat returns the same anonymous profile for every user, which is ignored. The avatar's
//! address is on WeChat's servers: only the user's own client receives it, and this server never fetches it.

use serde_json::{Map, Value};

use super::{SessionError, SessionService};
use crate::domain::moderation::Subject;
use crate::domain::text;
use crate::domain::user::{UserKey, UserRecord};
use crate::store::Users;

/// Nickname of WeChat's anonymous profile, and the part of its avatar's address that identifies it.
const ANONYMOUS: &str = "微信用户";
const GREY: &str =
    "/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/";

/// Maximum length of an avatar's address in bytes. WeChat's have about 150.
const MAX_ADDRESS: usize = 512;

/// The used parts of a profile.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    nickname: Option<String>,
    avatar: Option<String>,
}

impl Profile {
    /// Reads a profile from members that WeChat has authenticated.
    pub(super) fn of(members: &Map<String, Value>) -> Self {
        let member = |name: &str| members.get(name).and_then(Value::as_str);
        let nickname = member("nickName").and_then(text::nickname);
        let address = member("avatarUrl").filter(|address| !address.is_empty());
        if nickname == Some(ANONYMOUS) || address.is_some_and(|address| address.contains(GREY)) {
            return Self::default();
        }
        let avatar = address.filter(|address| is_avatars(address));
        if avatar.is_none() && address.is_some() {
            tracing::debug!("a profile's avatar is not at an address of WeChat's");
        }
        Self { nickname: nickname.map(ToOwned::to_owned), avatar: avatar.map(ToOwned::to_owned) }
    }
}

/// Whether the text is an address of WeChat's avatars: https, a host below `qlogo.cn` and a path, without
/// characters that clients parse differently.
fn is_avatars(address: &str) -> bool {
    let Some((host, path)) = address.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let of_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&()*+,;=:@/?".contains(&byte);
    address.len() <= MAX_ADDRESS
        && host.strip_suffix(".qlogo.cn").is_some_and(|below| below.split('.').all(label))
        && path.bytes().all(of_path)
}

impl SessionService {
    /// Stores the data of a user's profile.
    pub(super) async fn take_profile(
        &self,
        user: &UserRecord,
        profile: &Profile,
    ) -> Result<(), SessionError> {
        if let Some(nickname) = profile.nickname.as_ref().filter(|_| user.nickname.is_empty()) {
            self.take_nickname(&user.key, nickname).await?;
        }
        if let Some(avatar) = profile.avatar.as_ref().filter(|_| user.wechat_avatar != profile.avatar) {
            self.0.users.set_wechat_avatar(&user.key, avatar).await?;
        }
        Ok(())
    }

    /// Sets an empty nickname to the profile's, unless that one was rejected before: 2016 clients send the
    /// profile with every sign-in.
    async fn take_nickname(&self, user: &UserKey, nickname: &str) -> Result<(), SessionError> {
        let moderation = &self.0.moderation;
        if moderation.keeps_out(user, &Subject::Nickname, nickname).await? {
            return Ok(());
        }
        let check = moderation.before_again(user, Subject::Nickname, nickname).await?;
        if self.0.users.fill_nickname(user, nickname).await? {
            moderation.begin(check);
            return Ok(());
        }
        // The user chose a nickname meanwhile, whose check has just been replaced and is restored.
        let chosen = self.0.users.user(user).await?.map(|user| user.nickname).filter(|name| !name.is_empty());
        if let Some(chosen) = chosen {
            let check = moderation.before_again(user, Subject::Nickname, &chosen).await?;
            moderation.begin(check);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(profile: &Value) -> (Option<String>, Option<String>) {
        let Profile { nickname, avatar } = Profile::of(profile.as_object().unwrap());
        (nickname, avatar)
    }

    #[test]
    fn nicknames_are_taken_as_they_may_be_kept() {
        let named = taken(&json!({"nickName": " Band ", "gender": 1}));
        assert_eq!(named, (Some("Band".to_owned()), None));
        for none in [
            json!({"nickName": ""}),
            json!({"nickName": "a\u{202e}b"}),
            json!({"nickName": 7}),
            json!({"nickname": "Band"}),
            json!({}),
        ] {
            assert_eq!(taken(&none), (None, None), "{none}");
        }
    }

    #[test]
    fn avatars_are_taken_from_wechats_servers_alone() {
        let longest = format!("https://wx.qlogo.cn/{}", "a".repeat(MAX_ADDRESS - 20));
        for good in [
            "https://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/132",
            "https://thirdwx.qlogo.cn/mmopen/vi_32/a_b-c/0?x=1",
            "https://a.b.qlogo.cn/",
            longest.as_str(),
        ] {
            let profile = json!({"nickName": "Band", "avatarUrl": good});
            assert_eq!(taken(&profile), (Some("Band".to_owned()), Some(good.to_owned())));
        }
        let longer = format!("{longest}a");
        for bad in [
            "",
            "http://wx.qlogo.cn/mmopen/0",
            "https://qlogo.cn/0",
            "https://.qlogo.cn/0",
            "https://wx..qlogo.cn/0",
            "https://evilqlogo.cn/0",
            "https://wx.qlogo.cn.evil.example/0",
            "https://evil.example/.qlogo.cn/0",
            "https://evil.example?.qlogo.cn/0",
            "https://evil.example#.qlogo.cn/0",
            "https://evil.example\\.qlogo.cn/0",
            "https://me@wx.qlogo.cn/0",
            "https://me:pw@wx.qlogo.cn/0",
            "https://wx.qlogo.cn:8443/0",
            "https://wx.qlogo.cn:443/0",
            "https://wx.qlogo.cn./0",
            "https://wx.qlogo.cn",
            "https://wx.qlogo.cn/0#x",
            "https://wx.qlogo.cn/0 x",
            "https://wx.qlogo.cn/\"onload=\"x",
            "https://wx.qlogo.cn/头",
            " https://wx.qlogo.cn/0",
            "//wx.qlogo.cn/0",
            "javascript:alert(1)//https://wx.qlogo.cn/0",
            longer.as_str(),
        ] {
            assert_eq!(taken(&json!({"avatarUrl": bad})), (None, None), "{bad}");
        }
        assert_eq!(taken(&json!({"avatarUrl": 7})), (None, None));
    }

    #[test]
    fn of_everybodys_profile_nothing_is_taken() {
        let grey = format!("https://thirdwx.qlogo.cn/mmopen/vi_32{GREY}132");
        for everybodys in [
            json!({"nickName": "微信用户", "avatarUrl": grey}),
            json!({"nickName": " 微信用户 ", "avatarUrl": "https://wx.qlogo.cn/mmopen/0"}),
            json!({"nickName": "WeChat User", "avatarUrl": grey}),
        ] {
            assert_eq!(taken(&everybodys), (None, None), "{everybodys}");
        }
    }
}

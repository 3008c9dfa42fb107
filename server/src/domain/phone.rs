//! A user's phone number: as WeChat tells it, sealed at rest, and masked wherever it is shown.

use std::fmt;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::user::UserKey;
use crate::keys::Sealer;

/// A phone number. It is personal data: no log may hold it, and its [`Debug`](fmt::Debug) form does not.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneNumber {
    /// The country's calling code, such as `86`.
    pub country_code: String,
    /// The number in that country: digits.
    pub number: String,
}

impl PhoneNumber {
    /// The number in a `phone_info` of getuserphonenumber, or in the open data of 2018. `countryCode` is a number
    /// in the one and a text in the other.
    #[must_use]
    pub fn told_by_wechat(info: &Value) -> Option<Self> {
        let number = info.get("purePhoneNumber")?.as_str()?.to_owned();
        let country_code = match info.get("countryCode")? {
            Value::String(text) => text.clone(),
            Value::Number(code) => code.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = digits(&number)
            && (4..=15).contains(&number.len())
            && digits(&country_code)
            && (1..=4).contains(&country_code.len());
        fits.then_some(Self { country_code, number })
    }

    /// The number with its middle hidden, such as `138****1234`; before one from abroad its country's code.
    #[must_use]
    pub fn masked(&self) -> String {
        let (first, last) = match self.number.len() {
            11.. => (3, 4),
            7..=10 => (2, 2),
            _ => (0, 2),
        };
        let behind = self.number.len().saturating_sub(last);
        let begin = self.number.get(..first).unwrap_or_default();
        let end = self.number.get(behind..).unwrap_or_default();
        let abroad =
            if self.country_code == "86" { String::new() } else { format!("+{} ", self.country_code) };
        format!("{abroad}{begin}****{end}")
    }

    /// The sealed form, which begins with the key's id and opens for this user alone.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer, user: &UserKey) -> String {
        let json = serde_json::json!({ "country_code": self.country_code, "number": self.number });
        sealer.seal(&json.to_string(), &context(user))
    }

    /// Opens what [`PhoneNumber::seal`] gave. Nothing when it was changed, is another user's, or was sealed by a
    /// key that is no longer here.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, user: &UserKey) -> Option<Self> {
        let json = sealer.open(sealed, &context(user))?;
        serde_json::from_str(json.expose_secret()).ok()
    }
}

fn context(user: &UserKey) -> String {
    format!("phone {user}")
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::keys::Sealer;

    fn told(country_code: &Value, number: &str) -> Option<PhoneNumber> {
        PhoneNumber::told_by_wechat(&json!({
            "phoneNumber": "ignored", "purePhoneNumber": number, "countryCode": country_code,
            "watermark": {"timestamp": 1_477_314_187, "appid": "wx4f4bc4dec97d474b"},
        }))
    }

    #[test]
    fn the_country_code_is_a_number_or_a_text() {
        let phone = told(&json!(86), "13580006666").unwrap();
        assert_eq!(told(&json!("86"), "13580006666"), Some(phone.clone()));
        assert_eq!((&*phone.country_code, &*phone.number), ("86", "13580006666"));
        for (code, number) in [
            (json!(null), "13580006666"),
            (json!(""), "13580006666"),
            (json!("+86"), "13580006666"),
            (json!(-86), "13580006666"),
            (json!(8.6), "13580006666"),
            (json!("86000"), "13580006666"),
            (json!("86"), ""),
            (json!("86"), "123"),
            (json!("86"), "1358000666六"),
            (json!("86"), "1234567890123456"),
        ] {
            assert_eq!(told(&code, number), None, "{code} {number}");
        }
        assert_eq!(PhoneNumber::told_by_wechat(&json!({"phoneNumber": "13580006666"})), None);
    }

    #[test]
    fn the_middle_is_hidden() {
        for (code, number, masked) in [
            ("86", "13580006666", "135****6666"),
            ("852", "91234567", "+852 91****67"),
            ("1", "2025550123", "+1 20****23"),
            ("290", "2345", "+290 ****45"),
            ("49", "151234567890123", "+49 151****0123"),
        ] {
            let phone = told(&json!(code), number).unwrap();
            assert_eq!(phone.masked(), masked);
            assert!(!format!("{phone:?}").contains(number));
        }
    }

    #[test]
    fn it_opens_for_its_user_alone() {
        let sealer = Sealer::for_tests([7; 32]);
        let (ann, bob) = (UserKey::new("wxa", "ann"), UserKey::new("wxa", "bob"));
        let phone = told(&json!("86"), "13580006666").unwrap();
        let sealed = phone.seal(&sealer, &ann);
        assert!(!sealed.contains("13580006666"));
        assert_eq!(PhoneNumber::open(&sealed, &sealer, &ann), Some(phone));
        assert_eq!(PhoneNumber::open(&sealed, &sealer, &bob), None);
        assert_eq!(PhoneNumber::open(&sealed, &Sealer::for_tests([8; 32]), &ann), None);
        assert_eq!(PhoneNumber::open("", &sealer, &ann), None);
    }
}

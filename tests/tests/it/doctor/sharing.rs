//! Findings on sharing, and on sections of the settings that are not known.

use super::{Patient, about, tells};

const OPERATORS: [(&str, &str); 2] = [("SHARING__LEVEL", "link"), ("SHARING__REVIEW", "operator")];

#[test]
fn sharing_is_checked_where_it_is_open() {
    let patient = Patient::new();
    let closed = patient.check(&[], &[]);
    assert_eq!(about(&closed, "sharing"), Vec::<&str>::new());
    let unchecked = patient.check(&[], &OPERATORS[..1]);
    assert_eq!(unchecked.code, Some(1));
    tells(&unchecked, "error", "settings", "sharing.level");
    assert_eq!(about(&unchecked, "sharing"), Vec::<&str>::new());
    let open = patient.check(&[], &OPERATORS);
    tells(&open, "ok", "sharing", "level link, decided by operator");
    tells(&open, "ok", "sharing", "6 months");
    let trial = patient.check(&[], &[&OPERATORS[..], &[("WECHAT__ENV", "trial")]].concat());
    tells(&trial, "warning", "sharing", "wechat.env");
    let paths = patient.check(&[], &[&OPERATORS[..], &[("HTTP__PUBLIC_URL", "")]].concat());
    tells(&paths, "warning", "sharing", "http.public_url");
}

#[test]
fn an_unknown_section_is_a_warning() {
    let patient = Patient::new();
    tells(&patient.check(&[], &[("LATER__KEY", "1")]), "warning", "settings", "[later]");
}

//! Moments and spans as the console shows them.

use jiff::Timestamp;

/// Milliseconds since 1970. The console's clock is handed in as this, so that tests own the time.
pub type Millis = i64;

/// Reads an RFC 3339 moment, as the server writes them.
pub fn parse(text: &str) -> Option<Millis> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// RFC 3339 in UTC, to the second.
pub fn rfc3339(moment: Millis) -> String {
    Timestamp::from_millisecond(moment - moment.rem_euclid(1000))
        .map_or_else(|_| String::new(), |at| at.to_string())
}

/// `11-20 20:05:07` in UTC.
pub fn short(moment: Millis) -> String {
    Timestamp::from_millisecond(moment)
        .map_or_else(|_| String::new(), |at| at.strftime("%m-%d %H:%M:%S").to_string())
}

/// `20:05:07` in UTC.
pub fn clock(moment: Millis) -> String {
    Timestamp::from_millisecond(moment)
        .map_or_else(|_| String::new(), |at| at.strftime("%H:%M:%S").to_string())
}

/// A span by its two largest units: `42s`, `4m07s`, `3h12m`, `5d02h`.
pub fn span(millis: Millis) -> String {
    let seconds = millis.max(0) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    if days > 0 {
        format!("{days}d{:02}h", hours % 24)
    } else if hours > 0 {
        format!("{hours}h{:02}m", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes}m{:02}s", seconds % 60)
    } else {
        format!("{seconds}s")
    }
}

/// How long ago: `now`, `42s ago`.
pub fn ago(moment: Millis, now: Millis) -> String {
    if now - moment < 1000 { "now".into() } else { format!("{} ago", span(now - moment)) }
}

/// A place in a replay: `1:07.3`.
pub fn position(millis: Millis) -> String {
    let tenths = millis.max(0) / 100;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// Reads a span as people type it: a whole number and one of `s m h d`.
pub fn parse_span(text: &str) -> Option<Millis> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(seconds)?.checked_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        assert_eq!(span(-5), "0s");
        assert_eq!(span(59_999), "59s");
        assert_eq!(span(247_000), "4m07s");
        assert_eq!(span(3 * 3_600_000 + 12 * 60_000), "3h12m");
        assert_eq!(span(5 * 86_400_000 + 7_200_000), "5d02h");
        assert_eq!(position(67_345), "1:07.3");
        assert_eq!(ago(1_000, 1_999), "now");
        assert_eq!(ago(1_000, 43_000), "42s ago");
    }

    #[test]
    fn spans_are_read() {
        assert_eq!(parse_span("5m"), Some(300_000));
        assert_eq!(parse_span("30d"), Some(2_592_000_000));
        for wrong in
            ["", "m", "5", "-5m", "5 m", "1.5h", "5分", "99999999999999999999d", "999999999999999999d"]
        {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn moments_go_both_ways() {
        let moment = parse("2026-11-20T20:05:07.250Z").unwrap();
        assert_eq!(rfc3339(moment), "2026-11-20T20:05:07Z");
        assert_eq!(short(moment), "11-20 20:05:07");
        assert_eq!(clock(moment), "20:05:07");
        assert_eq!(parse("yesterday"), None);
    }
}

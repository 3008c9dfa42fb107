//! Points in time and durations as the console shows and reads them.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Milliseconds since 1970. The clock is injected as this type, so that tests control the time.
pub type Millis = i64;

/// The current time and the time zone in which times are shown and read.
#[derive(Debug, Clone)]
pub struct Clock {
    pub now: Millis,
    pub zone: TimeZone,
}

impl Clock {
    /// The system's clock in the local time zone (`TZ`, `/etc/localtime`), or UTC without one.
    pub fn system() -> Self {
        Self { now: Timestamp::now().as_millisecond(), zone: TimeZone::system() }
    }

    #[cfg(test)]
    pub fn utc(now: Millis) -> Self {
        Self { now, zone: TimeZone::UTC }
    }

    /// The age of an RFC 3339 time: `now`, `42s ago`; empty for any other text.
    pub fn ago(&self, at: &str) -> String {
        parse(at).map_or_else(String::new, |at| ago(at, self.now))
    }

    /// `11-20 20:05:07` in the local zone; empty for text that is not RFC 3339.
    pub fn date_time(&self, at: &str) -> String {
        parse(at).map_or_else(String::new, |at| self.format(at, "%m-%d %H:%M:%S"))
    }

    /// `20:05:07` in the local zone; empty for text that is not RFC 3339.
    pub fn time_of_day(&self, at: &str) -> String {
        parse(at).map_or_else(String::new, |at| self.time_of_day_at(at))
    }

    pub fn time_of_day_at(&self, at: Millis) -> String {
        self.format(at, "%H:%M:%S")
    }

    /// The zone's abbreviation: `UTC`, `CST`.
    pub fn zone_name(&self) -> String {
        self.format(self.now, "%Z")
    }

    fn format(&self, at: Millis, format: &str) -> String {
        Timestamp::from_millisecond(at)
            .map_or_else(|_| String::new(), |at| at.to_zoned(self.zone.clone()).strftime(format).to_string())
    }

    /// Reads a time as people type it: a duration before now (`2d`, `1h30m`), a time of day (`21:00`, the
    /// latest one that has passed), a date (`2026-11-28`), a date with a time, or RFC 3339.
    pub fn parse(&self, text: &str) -> Option<Millis> {
        if let Some(span) = parse_span(text) {
            return Some(self.now.saturating_sub(span));
        }
        if let Some(at) = parse(text) {
            return Some(at);
        }
        let local =
            |at: DateTime| at.to_zoned(self.zone.clone()).ok().map(|at| at.timestamp().as_millisecond());
        if text.contains('-') {
            if let Ok(date) = text.parse::<Date>()
                && !text.contains([':', 'T', ' '])
            {
                return local(date.to_datetime(Time::midnight()));
            }
            return text.parse::<DateTime>().ok().and_then(local);
        }
        let time = Time::strptime("%H:%M", text).ok()?;
        let today = Timestamp::from_millisecond(self.now).ok()?.to_zoned(self.zone.clone()).date();
        let at = local(today.to_datetime(time))?;
        if at <= self.now { Some(at) } else { local(today.checked_sub(1.day()).ok()?.to_datetime(time)) }
    }
}

/// Reads an RFC 3339 time, as the server writes it.
pub fn parse(text: &str) -> Option<Millis> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// RFC 3339 in UTC, to the second; empty where the time is out of range.
pub fn rfc3339(at: Millis) -> String {
    Timestamp::from_millisecond(at - at.rem_euclid(1000)).map_or_else(|_| String::new(), |at| at.to_string())
}

/// A duration by its two largest units: `42s`, `4m07s`, `3h12m`, `5d02h`.
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

/// The seconds until a deadline, rounded up: `5s`.
pub fn countdown(until: Millis, now: Millis) -> String {
    span((until - now + 999).max(0))
}

/// The age of a point in time: `now`, `42s ago`.
pub fn ago(at: Millis, now: Millis) -> String {
    if now - at < 1000 { "now".into() } else { format!("{} ago", span(now - at)) }
}

/// A position in a replay: `1:07.3`, `1:17:50`.
pub fn position(millis: Millis) -> String {
    let tenths = millis.max(0) / 100;
    let (seconds, minutes) = (tenths / 10 % 60, tenths / 600);
    if minutes >= 60 {
        format!("{}:{:02}:{seconds:02}", minutes / 60, minutes % 60)
    } else {
        format!("{minutes}:{seconds:02}.{}", tenths % 10)
    }
}

/// Reads a duration as people type it: whole numbers with the units `s m h d w`, as in `5m` or `1h30m`.
pub fn parse_span(text: &str) -> Option<Millis> {
    let (mut total, mut number) = (0_i64, None::<i64>);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit.into())?);
            continue;
        }
        let seconds = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(seconds)?)?;
    }
    if number.is_some() || text.is_empty() { None } else { total.checked_mul(1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!(span(-5), "0s");
        assert_eq!(span(59_999), "59s");
        assert_eq!(span(247_000), "4m07s");
        assert_eq!(span(3 * 3_600_000 + 12 * 60_000), "3h12m");
        assert_eq!(span(5 * 86_400_000 + 7_200_000), "5d02h");
        assert_eq!(position(67_345), "1:07.3");
        assert_eq!(position(4_670_900), "1:17:50");
        assert_eq!(ago(1_000, 1_999), "now");
        assert_eq!(ago(1_000, 43_000), "42s ago");
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(parse_span("5m"), Some(300_000));
        assert_eq!(parse_span("30d"), Some(2_592_000_000));
        assert_eq!(parse_span("1h30m"), Some(5_400_000));
        assert_eq!(parse_span("1w"), Some(604_800_000));
        for wrong in [
            "",
            "m",
            "5",
            "-5m",
            "5 m",
            "1.5h",
            "5分",
            "1h30",
            "99999999999999999999d",
            "999999999999999999d",
        ] {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_are_read_and_shown_in_the_local_zone() {
        let now = parse("2026-11-20T12:05:07.250Z").unwrap();
        let clock = Clock { now, zone: TimeZone::fixed(jiff::tz::offset(8)) };
        assert_eq!(rfc3339(now), "2026-11-20T12:05:07Z");
        assert_eq!(clock.date_time("2026-11-20T12:05:07Z"), "11-20 20:05:07");
        assert_eq!(clock.time_of_day("2026-11-20T12:05:07Z"), "20:05:07");
        let read = |text: &str| clock.parse(text).map(rfc3339);
        assert_eq!(read("2d").as_deref(), Some("2026-11-18T12:05:07Z"));
        assert_eq!(read("20:00").as_deref(), Some("2026-11-20T12:00:00Z"));
        assert_eq!(read("21:00").as_deref(), Some("2026-11-19T13:00:00Z"));
        assert_eq!(read("2026-11-20").as_deref(), Some("2026-11-19T16:00:00Z"));
        assert_eq!(read("2026-11-20T21:00").as_deref(), Some("2026-11-20T13:00:00Z"));
        assert_eq!(read("2026-11-20 21:00").as_deref(), Some("2026-11-20T13:00:00Z"));
        assert_eq!(read("2026-11-20T21:00:00Z").as_deref(), Some("2026-11-20T21:00:00Z"));
        for wrong in ["yesterday", "25:00", "2026-13-01", "", ":"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(parse("yesterday"), None);
    }
}

//! Names and dates of the files in an export.

use std::collections::HashSet;

use zip::DateTime;

use crate::domain::clock::Micros;
use crate::domain::drawing::Header;

/// File dates are in the time zone Asia/Shanghai, which has no daylight saving time.
const SHANGHAI: jiff::tz::Offset = jiff::tz::Offset::constant(8);
/// Maximum number of a title's characters in a file name, so that every file system accepts it.
const TITLE: usize = 40;

/// Generates a unique name for each drawing from its date and title.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// A path without an extension, e.g. `drawings/2026-11-28 小猫`.
    pub(super) fn choose(&mut self, header: &Header) -> String {
        let folder = if header.deleted_at.is_some() { "deleted" } else { "drawings" };
        let day = local(header.updated_at).map_or_else(String::new, |time| time.date().to_string());
        let name = [day, file_title(&header.title)].into_iter().filter(|part| !part.is_empty());
        let name = format!("{folder}/{}", name.collect::<Vec<_>>().join(" "));
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        // Some file systems ignore case.
        let free =
            std::iter::once(name.clone()).chain(numbered).find(|name| self.0.insert(name.to_lowercase()));
        free.unwrap_or(name)
    }
}

/// The title without characters that have a meaning to file systems.
fn file_title(title: &str) -> String {
    let kept =
        |c: char| if matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c };
    let title: String = title.chars().map(kept).take(TITLE).collect();
    title.trim_matches(|c: char| c.is_whitespace() || c == '.').to_owned()
}

/// A file's time in the format of zip files. Times outside its range become its earliest time.
pub(super) fn file_time(moment: Micros) -> DateTime {
    let parts = local(moment).and_then(|time| {
        let part = |value: i8| u8::try_from(value).ok();
        let year = u16::try_from(time.year()).ok()?;
        let (month, day) = (part(time.month())?, part(time.day())?);
        let (hour, minute, second) = (part(time.hour())?, part(time.minute())?, part(time.second())?);
        DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
    });
    parts.unwrap_or_default()
}

fn local(moment: Micros) -> Option<jiff::civil::DateTime> {
    let timestamp = jiff::Timestamp::from_microsecond(moment.0).ok()?;
    Some(SHANGHAI.to_datetime(timestamp))
}

#[cfg(test)]
mod tests {
    use yibi_common::drawing::{Mode, Paper};

    use super::*;
    use crate::domain::drawing::NewDrawing;

    fn header(title: &str, deleted: bool) -> Header {
        let paper = Paper { width: 2048, height: 2731 };
        let new = NewDrawing { title: title.to_owned(), paper, mode: Mode::Free, explicit: false };
        // 2027-01-15 08:00 UTC
        let now = Micros(1_800_000_000_000_000);
        Header { deleted_at: deleted.then_some(now), ..Header::fresh("d", &new, now) }
    }

    #[test]
    fn a_file_is_named_by_date_and_title_and_no_name_comes_twice() {
        let mut names = Names::default();
        let name = |names: &mut Names, title: &str| names.choose(&header(title, false));
        assert_eq!(name(&mut names, "小猫"), "drawings/2027-01-15 小猫");
        assert_eq!(name(&mut names, "小猫"), "drawings/2027-01-15 小猫 (2)");
        assert_eq!(name(&mut names, ""), "drawings/2027-01-15");
        assert_eq!(name(&mut names, " . "), "drawings/2027-01-15 (2)");
        assert_eq!(name(&mut names, "Cat"), "drawings/2027-01-15 Cat");
        assert_eq!(name(&mut names, "cat"), "drawings/2027-01-15 cat (2)");
        assert_eq!(name(&mut names, "../a:b"), "drawings/2027-01-15 _a_b");
        assert_eq!(names.choose(&header("小猫", true)), "deleted/2027-01-15 小猫");
    }

    #[test]
    fn a_file_has_the_local_time_of_its_drawing() {
        let time = file_time(Micros(1_800_000_000_000_000));
        assert_eq!((time.year(), time.month(), time.day(), time.hour(), time.minute()), (2027, 1, 15, 16, 0));
        assert_eq!(file_time(Micros(i64::MAX)), DateTime::default());
    }
}

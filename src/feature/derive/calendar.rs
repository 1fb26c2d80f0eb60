//! Parts of dates and instants, in UTC and the Gregorian calendar, also before it was in use.

use super::Each;
use crate::definition::expression::DatePart;

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
const MICROSECONDS_PER_HOUR: i64 = 3_600_000_000;
const MICROSECONDS_PER_MINUTE: i64 = 60_000_000;

/// A part of days since 1970-01-01; hours and minutes of a day are 0.
pub fn of_date(part: DatePart, date: Each<'_, i32>) -> Each<'_, i64> {
    Box::new(move |row| Some(of_days(part, i64::from(date(row)?))))
}

/// A part of microseconds since 1970-01-01.
pub fn of_instant(part: DatePart, instant: Each<'_, i64>) -> Each<'_, i64> {
    Box::new(move |row| {
        let instant = instant(row)?;
        let of_day = instant.rem_euclid(MICROSECONDS_PER_DAY);
        Some(match part {
            DatePart::Hour => of_day / MICROSECONDS_PER_HOUR,
            DatePart::Minute => of_day % MICROSECONDS_PER_HOUR / MICROSECONDS_PER_MINUTE,
            _ => of_days(part, instant.div_euclid(MICROSECONDS_PER_DAY)),
        })
    })
}

fn of_days(part: DatePart, days: i64) -> i64 {
    let (year, month, day) = civil(days);
    // 1970-01-01 was a Thursday.
    let weekday = (days + 4).rem_euclid(7);
    match part {
        DatePart::Year => year,
        DatePart::Quarter => (month + 2) / 3,
        DatePart::Month => month,
        DatePart::Day => day,
        DatePart::DayOfWeek => weekday,
        DatePart::IsoDayOfWeek => (weekday + 6) % 7 + 1,
        DatePart::DayOfYear => days - first_of(year) + 1,
        DatePart::Hour | DatePart::Minute => 0,
    }
}

/// Year, month and day. Years begin in March here, so that the leap day is the last of them, and are taken together
/// in eras of 400, after which the calendar repeats (Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*).
fn civil(days: i64) -> (i64, i64, i64) {
    // 0000-03-01 lies 719 468 days before 1970-01-01.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // Five months from March on have 153 days.
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// The days from 1970-01-01 to the first of January.
fn first_of(year: i64) -> i64 {
    let before = year - 1;
    365 * (year - 1970) + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400)
        - 477
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;
    use crate::definition::AsOf;

    /// Beside the calendar of another.
    fn agrees(days: i64) {
        let date: Date = AsOf::from_days(days as i32)
            .unwrap()
            .to_string()
            .parse()
            .unwrap();
        let weekday = date.weekday();
        let expected = [
            (DatePart::Year, i64::from(date.year())),
            (DatePart::Quarter, (i64::from(date.month()) - 1) / 3 + 1),
            (DatePart::Month, i64::from(date.month())),
            (DatePart::Day, i64::from(date.day())),
            (
                DatePart::DayOfWeek,
                i64::from(weekday.to_sunday_zero_offset()),
            ),
            (
                DatePart::IsoDayOfWeek,
                i64::from(weekday.to_monday_one_offset()),
            ),
            (DatePart::DayOfYear, i64::from(date.day_of_year())),
        ];
        for (part, expected) in expected {
            assert_eq!(of_days(part, days), expected, "{part:?} of {date}");
        }
    }

    #[test]
    fn leap_days_and_turns_of_years() {
        for text in [
            "1970-01-01",
            "1969-12-31",
            "2000-02-29",
            "2000-12-31",
            "1900-02-28",
            "1900-03-01",
            "2024-02-29",
            "2024-12-31",
            "2025-01-01",
            "1600-02-29",
            "0001-01-01",
            "0000-02-29",
        ] {
            agrees(i64::from(text.parse::<AsOf>().unwrap().days()));
        }
    }

    #[test]
    fn hours_and_minutes_are_those_of_the_day_also_before_1970() {
        let at =
            |part, instant: i64| of_instant(part, Box::new(move |_| Some(instant)))(0).unwrap();
        let before = -1;
        assert_eq!(
            (at(DatePart::Hour, before), at(DatePart::Minute, before)),
            (23, 59)
        );
        assert_eq!(
            (at(DatePart::Year, before), at(DatePart::Day, before)),
            (1969, 31)
        );
        let noon = 13 * MICROSECONDS_PER_HOUR + 5 * MICROSECONDS_PER_MINUTE + 999;
        assert_eq!(
            (at(DatePart::Hour, noon), at(DatePart::Minute, noon)),
            (13, 5)
        );
    }

    proptest! {
        #[test]
        fn every_day_is_that_of_the_calendar(days in -719_000_i64..2_900_000) {
            agrees(days);
        }
    }
}

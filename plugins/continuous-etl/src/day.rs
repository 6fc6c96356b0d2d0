//! The calendar day of a time, without a clock, a locale or a library.
//!
//! Days are counted in eras of 400 years, which all have 146,097 days, from the first of March of the year 0.

const DAY_MS: i64 = 86_400_000;

/// The day in UTC, as `2026-11-21`, of a time in milliseconds since 1970.
pub(crate) fn of(at_ms: i64) -> String {
    let days = at_ms.div_euclid(DAY_MS) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March on, so that a leap day is the last of its year.
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

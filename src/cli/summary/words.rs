//! Numbers as people read them: three significant digits, a unit, and a word where there is no number.

pub(in crate::cli) use crate::output::text::thousands as count;

/// What stands where a number does not exist.
pub(super) const NONE: &str = "-";

/// Writes a number to three significant digits, or to the unit if it is larger: `0.0123`, `8.41`, `65.5`, `31,180`.
pub(in crate::cli) fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 99.95 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", count(size.round() as u64));
    }
    let decimals = match size {
        0.0 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        size if size >= 0.09995 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

/// Writes a number that may not exist.
pub(in crate::cli) fn number_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), number)
}

/// Writes a duration of seconds in the unit that fits: `14.1 ms`, `41 min`, `3.9 h`, `2.3 d`.
pub(in crate::cli) fn duration(seconds: f64) -> String {
    const UNITS: [(f64, &str); 6] = [(1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d")];
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    // 59.96 s is a minute, not 60.0 s: the unit is chosen for the number that is shown.
    let unit = UNITS.iter().rposition(|(size, _)| seconds >= size * (1.0 - 5e-4)).unwrap_or(0);
    let (size, name) = UNITS[unit];
    let value = seconds / size;
    let text = if value >= 99.95 { count(value.round() as u64) } else { format!("{value:.1}") };
    format!("{} {name}", text.strip_suffix(".0").unwrap_or(&text))
}

/// Writes a duration that may not exist.
pub(in crate::cli) fn duration_or_none(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| NONE.to_owned(), duration)
}

/// Writes a share in whole per cent, with one decimal where it is small: `74%`, `0.4%`.
pub(in crate::cli) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent.abs() >= 0.95 { format!("{percent:.0}%") } else { format!("{percent:.1}%") }
}

/// Writes a share that may not exist.
pub(in crate::cli) fn percent_or_none(share: Option<f64>) -> String {
    share.map_or_else(|| NONE.to_owned(), percent)
}

/// The unit in which amounts of a table are shown.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Yuan {
    size: f64,
    /// Its name: `CNY` or `M CNY`.
    pub(super) name: &'static str,
}

impl Yuan {
    /// Chooses the unit for the largest of the amounts.
    pub(in crate::cli) fn fitting(amounts: impl IntoIterator<Item = f64>) -> Self {
        let largest = amounts.into_iter().fold(0.0_f64, |largest, amount| largest.max(amount.abs()));
        if largest >= 1e6 { Self { size: 1e6, name: "M CNY" } } else { Self { size: 1.0, name: "CNY" } }
    }
    /// Writes an amount without its unit.
    pub(in crate::cli) fn amount(self, yuan: f64) -> String {
        number(yuan / self.size)
    }
}

/// Draws a share as eighth blocks.
pub(in crate::cli) fn bar(share: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// Writes a date (`2025-06-18`) in words: `18 June`.
pub(in crate::cli) fn date(iso: &str) -> String {
    iso.parse::<jiff::civil::Date>().map_or_else(|_| iso.to_owned(), |date| date.strftime("%-d %B").to_string())
}

/// Writes a small number as a word.
pub(in crate::cli) fn counted(number: usize) -> String {
    const WORDS: [&str; 10] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let shown: Vec<String> = [0.0, 0.01234, 0.4567, 0.9999, 8.414, 9.999, 65.49, 99.99, 131_100.4, -326.2].map(number).to_vec();
        assert_eq!(shown, ["0", "0.0123", "0.457", "1.00", "8.41", "10.0", "65.5", "100", "131,100", "-326"]);
        assert_eq!(count(862_140), "862,140");
        assert_eq!(count(0), "0");
        assert_eq!(count(1_000), "1,000");
    }

    #[test]
    fn durations_take_the_unit_that_fits() {
        let shown: Vec<String> = [0.0, 15e-6, 0.0141, 1.0, 12.34, 59.99, 402.0, 2_460.0, 14_040.0, 86_400.0, 1_200_960.0, 1e8].map(duration).to_vec();
        assert_eq!(shown, ["0 s", "15 µs", "14.1 ms", "1 s", "12.3 s", "1 min", "6.7 min", "41 min", "3.9 h", "1 d", "13.9 d", "1,157 d"]);
        assert_eq!(duration_or_none(None), "-");
    }

    #[test]
    fn bars_are_eighths() {
        assert_eq!(bar(0.5, 4), "██");
        assert_eq!(bar(0.53125, 4), "██▏");
        assert_eq!(bar(2.0, 3), "███");
        assert_eq!(bar(0.0, 3), "");
    }

    #[test]
    fn shares_and_dates() {
        assert_eq!([0.0, 0.004, 0.0095, 0.738, 1.0].map(percent), ["0%", "0.4%", "1%", "74%", "100%"]);
        assert_eq!(date("2025-06-18"), "18 June");
        assert_eq!(Yuan::fitting([65.5e6, 3.0]).amount(65.5e6), "65.5");
        assert_eq!(Yuan::fitting([99.0]).name, "CNY");
    }
}

//! Times, sizes and variables of nginx.
//!
//! The syntax is in "Configuration file measurement units" of nginx's documentation. It is not
//! shared with other importers: `60` is a minute here, 60 ms in HAProxy, and no time in Caddy.

use std::{collections::BTreeMap, time::Duration};

/// A time: `60s`, `1h 30m`, `500ms`, or a number of seconds.
///
/// Parts add up. `M` is a month of 30 days and `m` a minute. `None` if it is no time, or too long.
pub(super) fn time(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit());
        let (number, after) = rest.split_at(digits.unwrap_or(rest.len()));
        let number: u64 = number.parse().ok()?;
        let unit_end = after.find(|char: char| !char.is_ascii_alphabetic());
        let (unit, after) = after.split_at(unit_end.unwrap_or(after.len()));
        let seconds = |count: u64| number.checked_mul(count).map(Duration::from_secs);
        let part = match unit {
            "ms" => Some(Duration::from_millis(number)),
            "" | "s" => Some(Duration::from_secs(number)),
            "m" => seconds(60),
            "h" => seconds(3600),
            "d" => seconds(86_400),
            "w" => seconds(7 * 86_400),
            "M" => seconds(30 * 86_400),
            "y" => seconds(365 * 86_400),
            _ => None,
        };
        total = total.checked_add(part?)?;
        rest = after.trim_start();
    }
    Some(total)
}

/// A size in bytes: `8k`, `10m`, `1g`, or a number.
///
/// Units are powers of 1024. `None` for a unit that nginx does not have.
pub(super) fn size(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        'k' | 'K' => 1 << 10,
        'm' | 'M' => 1 << 20,
        'g' | 'G' => 1 << 30,
        _ => return text.parse().ok(),
    };
    text[..text.len() - 1]
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
}

/// Replaces the variables that `set` gave a fixed value. `${name}` becomes `$name`.
///
/// A variable that is unknown stays, as `$name`.
/// A variable that would make the text longer than 1 KiB stays: each `set` could double another.
pub(super) fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    const MAX_EXPANDED: usize = 1024;
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        expanded += &rest[..start];
        let after = &rest[start + 1..];
        let (name, next) = match after.strip_prefix('{').and_then(|it| it.split_once('}')) {
            Some((name, next)) => (name, next),
            None => {
                let end = after.find(|char: char| !char.is_ascii_alphanumeric() && char != '_');
                after.split_at(end.unwrap_or(after.len()))
            }
        };
        match variables.get(name) {
            Some(value) if expanded.len() + value.len() <= MAX_EXPANDED => expanded += value,
            _ => expanded += &format!("${name}"),
        }
        rest = next;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_have_the_units_of_nginx() {
        let rows = [
            ("60", Some(60_000)),
            ("60s", Some(60_000)),
            ("500ms", Some(500)),
            ("1h 30m", Some(5_400_000)),
            ("1m30s", Some(90_000)),
            ("", None),
            ("s", None),
            ("5q", None),
            ("99999999999999999999", None),
            ("18446744073709551615y", None),
        ];
        for (text, expected) in rows {
            let expected = expected.map(Duration::from_millis);
            assert_eq!(time(text), expected, "{text}");
        }
        assert_eq!(size("10m"), Some(10 << 20));
        assert_eq!(size("512"), Some(512));
        assert_eq!(size("é"), None);
        assert_eq!(size(""), None);
    }

    #[test]
    fn only_known_variables_are_replaced() {
        let variables = BTreeMap::from([("a".to_owned(), "x".to_owned())]);
        let rows = [
            ("$a/$b", "x/$b"),
            ("${a}b", "xb"),
            ("$ab", "$ab"),
            ("$", "$"),
            ("${a", "${a"),
        ];
        for (text, expected) in rows {
            assert_eq!(expand(text, &variables), expected, "{text}");
        }
    }
}

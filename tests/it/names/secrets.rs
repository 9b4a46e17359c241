//! Errors do not show texts that may contain secrets.

use cdn_origin::{
    error::InvalidValue,
    name::{DialTarget, DnsName, ExpectedName, Host, HostAuthority, Sni},
    origin::OriginUrl,
};

/// Texts with a secret where users put secrets.
const SECRETS: [&str; 14] = [
    "https://user:sekret@example.com",
    "https://sekret@example.com",
    "https://user:sekret@example.com/path",
    "https://user:sekret@",
    "user:sekret@example.com",
    "user:sekret@example.com:443",
    "user:sekret@[::1]:443",
    "https://example.com?token=sekret",
    "https://example.com/?token=sekret",
    "https://example.com/path?token=sekret",
    "example.com?token=sekret",
    "ftp://example.com/?token=sekret",
    "https://exa mple.com?token=sekret",
    "sekret@",
];

pub(super) fn refusals_of(text: &str) -> Vec<InvalidValue> {
    let refusals = [
        text.parse::<DialTarget>().err(),
        text.parse::<DnsName>().err(),
        text.parse::<ExpectedName>().err(),
        text.parse::<Host>().err(),
        text.parse::<HostAuthority>().err(),
        text.parse::<OriginUrl>().err(),
        text.parse::<Sni>().err(),
    ];
    refusals.into_iter().flatten().collect()
}

#[track_caller]
pub(super) fn keeps_the_secret(text: &str) {
    for error in refusals_of(text) {
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("sekret"), "{text:?}: {shown}");
    }
}

#[test]
fn a_text_that_may_contain_a_secret_is_not_shown() {
    for text in SECRETS {
        assert_eq!(refusals_of(text).len(), 7, "{text:?}");
        keeps_the_secret(text);
    }
}

// An unescaped `/`, `?` or `#` in a password ends the authority early. The text before it is shown.
#[test]
fn a_password_with_an_unescaped_delimiter_is_not_shown() {
    for text in [
        "https://user:sekret/1@example.com",
        "https://user:sekret?1@example.com",
        "https://user:sekret#1@example.com",
        "https://sekret/@example.com/",
    ] {
        keeps_the_secret(text);
    }
}

/// The client of a connector without a fixed origin chooses the text.
#[test]
fn of_a_very_long_text_only_the_start_is_shown() {
    let refusals = refusals_of(&"a b".repeat(10_000));
    assert_eq!(refusals.len(), 7);
    for error in refusals {
        let shown = error.to_string();
        assert!(shown.len() < 500, "{} bytes", shown.len());
    }
}

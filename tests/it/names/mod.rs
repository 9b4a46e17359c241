//! What each of the name types accepts, how it is displayed, and how it refuses other texts.

mod dns_names;
mod hosts;
mod problem;
mod random;
mod secrets;
mod urls;

use std::fmt::{Debug, Display};
use std::str::FromStr;

use problem::{NameProblem, problem_of};

use cdn_origin::error::InvalidValue;
use cdn_origin::name::{DialTarget, DnsName, ExpectedName, Host, HostAuthority, Sni};

#[track_caller]
fn reads<T>(table: &[(&str, &str)])
where
    T: FromStr<Err = InvalidValue> + Display,
{
    for (text, displayed) in table {
        let name = text.parse::<T>().map(|name| name.to_string());
        assert_eq!(name.as_deref(), Ok(*displayed), "{text:?}");
    }
}

#[track_caller]
fn refuses<T>(table: &[(&str, &str, NameProblem)])
where
    T: Debug + FromStr<Err = InvalidValue>,
{
    for (text, message, problem) in table {
        let error = text.parse::<T>().expect_err(text);
        assert_eq!(error.to_string(), *message, "{text:?}");
        assert_eq!(problem_of(&error), problem.to_string(), "{text:?}");
    }
}

fn character(found: char, at: usize) -> NameProblem {
    NameProblem::Character { found, at }
}

fn long_name(bytes: usize) -> String {
    let label = format!("{}.", "a".repeat(63));
    label.repeat(4)[..bytes].to_owned()
}

#[test]
fn names_are_parsed_from_str_and_string() {
    assert_eq!(
        DialTarget::try_from("a:1").unwrap(),
        DialTarget::try_from(String::from("a:1")).unwrap()
    );
    assert_eq!(
        Sni::try_from("a").unwrap(),
        "a".parse::<DnsName>().unwrap().into()
    );
    assert_eq!(
        ExpectedName::try_from("::1").unwrap(),
        "::1".parse::<Host>().unwrap().into()
    );
    assert_eq!(
        HostAuthority::try_from(String::from("a:1")).unwrap(),
        "a:1".parse::<HostAuthority>().unwrap()
    );
}

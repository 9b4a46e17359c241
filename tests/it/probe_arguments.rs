//! The command line of the example `probe`.

#[path = "../../examples/probe/arguments.rs"]
mod arguments;

use arguments::{Arguments, Command, USAGE};

fn parse(line: &str) -> Result<Command, String> {
    arguments::parse(line.split_whitespace().map(str::to_owned))
}

fn error(line: &str) -> String {
    let error = parse(line).unwrap_err();
    assert!(!error.contains('\n'), "{error}");
    error
}

#[test]
fn options_are_accepted_in_any_order() {
    let line = "--host h.test https://o.test --sni s.test --dial d.test:1 \
                --name a.test --name b.test --json";
    let Ok(Command::Probe(parsed)) = parse(line) else {
        panic!("{line}");
    };
    let Arguments {
        origin,
        host,
        sni,
        dial,
        names,
        as_json,
    } = parsed;
    assert_eq!(origin, "https://o.test");
    let given = [host, sni, dial].map(Option::unwrap);
    assert_eq!(given, ["h.test", "s.test", "d.test:1"]);
    assert_eq!(
        names,
        ["a.test", "b.test"].map(|name| name.parse().unwrap())
    );
    assert!(as_json);
}

#[test]
fn the_usage_lists_every_option_and_is_printed_on_request() {
    for option in ["--host", "--sni", "--dial", "--name", "--json", "--help"] {
        assert!(USAGE.contains(&format!("\n  {option} ")), "{option}");
    }
    for line in ["--help", "-h", "https://o.test --json --help"] {
        assert!(matches!(parse(line), Ok(Command::Help)), "{line}");
    }
    assert!(USAGE.lines().all(|line| line.len() <= 80));
}

#[test]
fn an_invalid_command_line_is_reported_in_one_line() {
    assert_eq!(
        error("https://o.test --hots h.test"),
        "unknown option --hots, see --help"
    );
    assert_eq!(
        error("https://o.test --host"),
        "--host requires a value, see --help"
    );
    assert_eq!(
        error("https://o.test --sni --json").split(' ').next(),
        Some("--sni")
    );
    assert_eq!(error("--json"), "the origin is missing, see --help");
    assert!(error("https://o.test https://p.test").ends_with("https://p.test"));
    assert!(error("https://o.test --name a..b").starts_with("--name a..b: "));
}

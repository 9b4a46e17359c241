//! The command line of the example `probe`.

#[path = "../../examples/probe/arguments.rs"]
mod arguments;

use arguments::{Arguments, USAGE, Wanted};

fn read(line: &str) -> Result<Wanted, String> {
    arguments::read(line.split_whitespace().map(str::to_owned))
}

fn problem(line: &str) -> String {
    let problem = read(line).unwrap_err();
    assert!(!problem.contains('\n'), "{problem}");
    problem
}

#[test]
fn every_option_is_read_wherever_it_stands() {
    let line = "--host h.test https://o.test --sni s.test --dial d.test:1 --name a.test --name b.test --json";
    let Ok(Wanted::Findings(read)) = read(line) else {
        panic!("{line}");
    };
    let Arguments {
        origin,
        host,
        sni,
        dial,
        names,
        as_json,
    } = read;
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
        assert!(matches!(read(line), Ok(Wanted::Usage)), "{line}");
    }
    assert!(USAGE.lines().all(|line| line.len() <= 80));
}

#[test]
fn what_cannot_be_understood_is_told_in_one_line() {
    assert_eq!(
        problem("https://o.test --hots h.test"),
        "unknown option --hots; --help lists all"
    );
    assert_eq!(
        problem("https://o.test --host"),
        "--host takes a value; --help says which"
    );
    assert_eq!(
        problem("https://o.test --sni --json").split(' ').next(),
        Some("--sni")
    );
    assert_eq!(problem("--json"), "no origin is given; --help says how");
    assert!(problem("https://o.test https://p.test").ends_with("https://p.test?"));
    assert!(problem("https://o.test --name a..b").starts_with("--name a..b: "));
}

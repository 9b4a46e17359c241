//! The page of the guide names what exists.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../src/guide/observability.md");
const API: &str = include_str!("../../public-api.txt");

/// nginx's variables of the upstream module, and HAProxy's timers.
const ROWS: [&str; 16] = [
    "$upstream_addr",
    "$upstream_bytes_received",
    "$upstream_bytes_sent",
    "$upstream_connect_time",
    "$upstream_header_time",
    "$upstream_response_time",
    "$upstream_status",
    "$request_time",
    "Ta",
    "Tc",
    "Td",
    "Tr",
    "Tt",
    "Tw",
    "%rc",
    "%ts",
];

/// The calls and fields of a type, by the list of the public API.
fn calls(of: &str) -> BTreeSet<&'static str> {
    let start = format!("struct {of}");
    let mut lines = API.lines().skip_while(|line| {
        let name = line.strip_prefix(&start);
        name.is_none_or(|rest| rest.starts_with(|it: char| it.is_alphanumeric()))
    });
    let head = lines.next().unwrap_or_else(|| panic!("{of} is not public"));
    let fields = head.split(['{', ',']).skip(1);
    let fields = fields.filter_map(|field| Some(field.trim().split_once(": ")?.0));
    let calls = lines.take_while(|line| line.starts_with(' '));
    let calls = calls.filter_map(|line| line.trim().strip_prefix("fn ")?.split('(').next());
    fields.chain(calls).collect()
}

#[test]
fn every_timer_of_nginx_and_haproxy_has_a_row_with_a_call_that_exists() {
    for row in ROWS {
        let start = format!("| `{row}` |");
        let line = PAGE.lines().find(|line| line.starts_with(&start));
        assert!(line.is_some(), "{row}");
    }
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    for row in rows.filter(|row| row.contains("::")) {
        let code = row.split('`').skip(1).step_by(2);
        for call in code.filter(|code| code.contains("::")) {
            let (of, call) = call.rsplit_once("::").unwrap();
            assert!(calls(of).contains(call), "{of}::{call}");
        }
    }
}

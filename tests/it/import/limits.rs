//! What a text may become is bounded, whatever it repeats.

use cdn_origin::import::{self, ImportError, Imported};

use super::notes_of;

/// Less than 1 MiB: fields that all origins share.
fn fields(line: impl Fn(usize) -> String) -> String {
    (0..20).map(line).collect()
}

/// The value of a field.
fn value() -> String {
    "0123456789abcdef".repeat(384)
}

fn nginx(sections: usize) -> String {
    let value = value();
    let fields = fields(|index| format!("proxy_set_header X-A{index} {value};\n"));
    let sections = "location /a/ { proxy_pass http://a.example; }\n".repeat(sections);
    format!("http {{ {fields} server {{ {sections} }} }}")
}

fn haproxy(sections: usize) -> String {
    let value = value();
    let fields = fields(|index| format!("  http-request set-header X-A{index} {value}\n"));
    let backend = |index| format!("backend a{index}\n  server a a.example:80\n");
    let sections: String = (0..sections).map(backend).collect();
    format!("defaults\n{fields}{sections}")
}

fn envoy(sections: usize) -> String {
    let value = value();
    let field =
        |index| format!(r#"{{ "header": {{ "key": "X-A{index}", "value": "{value}" }} }},"#);
    let fields = fields(field);
    let route = r#"{ "match": { "prefix": "/" }, "route": { "cluster": "a" } },"#;
    let routes = route.repeat(sections);
    let (fields, routes) = (fields.trim_end_matches(','), routes.trim_end_matches(','));
    format!(
        r#"[{{ "name": "a", "load_assignment": {{ "endpoints": [{{ "lb_endpoints": [{{
        "endpoint": {{ "address": {{ "socket_address": {{ "address": "a.example",
        "port_value": 80 }} }} }} }}] }}] }} }},
        {{ "name": "h", "domains": ["*"], "request_headers_to_add": [{fields}],
        "routes": [{routes}] }}]"#
    )
}

fn caddy(servers: usize) -> String {
    let value = value();
    let fields = fields(|index| format!("  header_up X-A{index} {value}\n"));
    let address = |index| format!(" a{index}.example:80");
    let addresses: String = (0..servers).map(address).collect();
    format!("www.example {{\n reverse_proxy{addresses} {{\n{fields} }}\n}}\n")
}

type Text = fn(usize) -> String;
type Import = fn(&str) -> Result<Imported, ImportError>;

const SERVERS: [(Text, Import); 4] = [
    (nginx, import::nginx),
    (haproxy, import::haproxy),
    (envoy, import::envoy),
    (caddy, import::caddy),
];

#[test]
fn a_text_that_repeats_much_is_refused_with_its_place() {
    for (text, import) in SERVERS {
        let text = text(900);
        assert!(text.len() < 1 << 20);
        let error = import(&text).expect_err("32 MiB are repeated");
        assert!(error.line > 0);
        assert!(error.to_string().contains("more than 32 MiB"), "{error}");
    }
}

/// The notes, the code and the configurations are what an import holds on to.
#[test]
fn what_is_imported_is_a_small_multiple_of_what_is_repeated() {
    for (text, import) in SERVERS {
        let imported = import(&text(100)).expect("a tenth is imported");
        assert_eq!(imported.origins().len(), 100);
        let config = serde_json::to_string(&imported.origins()[0].config).unwrap();
        let configs = imported.origins().len() * config.len();
        let notes = imported.notes().len() * 200;
        let size = configs + notes + imported.code().len();
        assert!(size < 64 << 20, "{size} bytes");
    }
}

#[test]
fn a_field_too_many_is_refused_and_the_others_stay() {
    let fields: String = (0..1001)
        .map(|index| format!("proxy_set_header X-A{index} a;\n"))
        .collect();
    let text = format!("location / {{ proxy_pass http://a.example;\n{fields} }}");
    let imported = import::nginx(&text).unwrap();
    let code = imported.code();
    assert!(code.contains("\"x-a0\"") && code.contains("\"x-a999\""));
    assert!(!code.contains("\"x-a1000\""));
    let notes = notes_of(&imported, import::NoteKind::Refused);
    let refused: Vec<_> = notes.map(|note| note.directive.as_str()).collect();
    assert_eq!(refused, ["proxy_set_header X-A1000"]);
}

/// If each line copied what the lines before it have become, this test would take minutes.
#[test]
fn very_many_lines_about_one_field_are_imported_in_one_go() {
    let lines = "proxy_set_header X-A a;\n".repeat(40_000);
    let text = format!("location / {{ proxy_pass http://a.example;\n{lines} }}");
    assert!(text.len() < 1 << 20);
    let imported = import::nginx(&text).unwrap();
    let config = serde_json::to_value(&imported.origins()[0].config).unwrap();
    assert_eq!(config["request_fields"]["set"]["x-a"], "a");
}

/// Each variable is twice the one before.
#[test]
fn variables_that_double_each_other_stay_short() {
    let doubling: String = (1..60)
        .map(|index| format!("set $a{index} $a{0}$a{0};\n", index - 1))
        .collect();
    let text = format!(
        "location / {{ set $a0 aa;\n{doubling} proxy_set_header X-A $a59;\n\
         proxy_pass http://a.example; }}"
    );
    assert!(import::nginx(&text).unwrap().code().len() < 10_000);
}

/// If each backend read the rules of each frontend, or all that its defaults inherit from, this
/// test would take minutes.
#[test]
fn very_many_frontends_and_defaults_are_imported_in_one_go() {
    let rules = "http-request deny\n".repeat(10_000);
    let frontends = "frontend www\n use_backend %[path]\n".repeat(8000);
    let defaults: String = (1..12_000)
        .map(|index| format!("defaults d{index} from d{}\n", index - 1))
        .collect();
    let backends: String = (0..900)
        .map(|index| format!("backend a{index} from d11999\n server a a.example:80\n"))
        .collect();
    let text = format!("defaults d0\n{defaults}{frontends}{rules}{backends}");
    assert!(text.len() < 1 << 20, "{}", text.len());
    assert_eq!(import::haproxy(&text).unwrap().origins().len(), 900);
}

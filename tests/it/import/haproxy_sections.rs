//! Sections of HAProxy: which lines reach a backend, and what becomes of the others.

use serde_json::Value as Json;

use cdn_origin::import::{self, Imported, NoteKind};

use NoteKind::{ByHand, Mapped, NoEffect, Refused, Warning};

fn haproxy(text: &str) -> Imported {
    import::haproxy(text).unwrap()
}

/// The kinds of the notes on a line.
fn kinds(imported: &Imported, line: usize) -> Vec<NoteKind> {
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.line == line);
    notes.map(|note| note.kind).collect()
}

/// Section, server and configuration of each origin.
fn origins(imported: &Imported) -> Vec<(&str, &str, Json)> {
    let origins = imported.origins().iter();
    let origins = origins.map(|origin| {
        let config = serde_json::to_value(&origin.config).unwrap();
        (&*origin.section, &*origin.server, config)
    });
    origins.collect()
}

#[test]
fn the_rules_of_a_frontend_with_a_computed_backend_are_those_of_each_backend() {
    let imported = haproxy(
        "frontend www
           http-request auth unless { http_auth(users) }
           http-request del-header X-Internal-User
           use_backend %[req.hdr(host),lower,map(hosts.map)]
         backend app
           server a 10.0.0.1:80
         backend other
           server a 10.0.0.2:80
        ",
    );
    let origins = origins(&imported);
    assert_eq!(origins.len(), 2);
    for (_, _, config) in &origins {
        assert_eq!(config["request_fields"]["remove"][0], "x-internal-user");
    }
    assert_eq!(kinds(&imported, 2), [Refused]);
    assert_eq!(kinds(&imported, 3), [Mapped]);
}

#[test]
fn a_frontend_may_inherit_its_backend_and_a_listen_may_have_one() {
    let imported = haproxy(
        "defaults
           mode http
           default_backend app
         frontend www
           http-request set-header X-A 1
         defaults other
           mode http
         listen own
           http-request set-header X-A 2
           use_backend app if { path_beg /app }
           server a 10.0.0.1:80
         backend app
           server a 10.0.0.2:80
        ",
    );
    let origins = origins(&imported);
    let fields: Vec<_> = origins
        .iter()
        .map(|(section, _, config)| (*section, &config["request_fields"]["set"]["x-a"]))
        .collect();
    let (one, two) = (Json::from("1"), Json::from("2"));
    let expected = [
        ("listen own", &two),
        ("backend app from www", &one),
        ("backend app from own", &two),
    ];
    assert_eq!(fields, expected);
}

/// The lines of a section end where the next one begins, whatever it is for.
#[test]
fn lines_of_other_sections_do_not_reach_a_backend() {
    for kind in [
        "acme",
        "cache",
        "crt-store",
        "fcgi-app",
        "global",
        "healthcheck",
        "http-errors",
        "log-forward",
        "log-profile",
        "mailers",
        "peers",
        "program",
        "resolvers",
        "ring",
        "spoe-agent",
        "spoe-group",
        "spoe-message",
        "traces",
        "userlist",
    ] {
        let text = format!(
            "backend app\n server a 10.0.0.1:80\n{kind} x\n timeout server 1s\n \
             server b 10.0.0.2:80\n"
        );
        let imported = haproxy(&text);
        let origins = origins(&imported);
        assert_eq!(origins.len(), 1, "{kind}");
        assert_eq!(origins[0].2["limits"], Json::Null, "{kind}");
        assert_eq!(kinds(&imported, 3).len(), 1, "{kind}");
    }
}

#[test]
fn a_line_of_a_frontend_without_a_known_backend_is_not_lost() {
    let imported = haproxy(
        "defaults
           mode http
           option forwardfor
           timeout server 5s
         frontend www
           http-request deny unless { src 10.0.0.0/8 }
           http-request del-header X-Internal-User
           timeout server 5s
           default_backend elsewhere
        ",
    );
    assert_eq!(kinds(&imported, 2), [Mapped]);
    assert_eq!(kinds(&imported, 3), [ByHand]);
    assert_eq!(kinds(&imported, 4), [NoEffect]);
    assert_eq!(kinds(&imported, 6), [Refused]);
    assert_eq!(kinds(&imported, 7), [ByHand]);
    assert_eq!(kinds(&imported, 8), [NoEffect]);
}

#[test]
fn a_section_whose_servers_are_a_template_has_notes_on_its_lines() {
    let imported = haproxy(
        "defaults
           mode http
           timeout server 5s
         backend app
           http-request deny unless { src 10.0.0.0/8 }
           http-request del-header X-Internal-User
           server-template s 5 app.example:80 check
         backend empty
           http-request del-header X-Internal-User
        ",
    );
    assert!(imported.origins().is_empty());
    assert_eq!(kinds(&imported, 3), [ByHand]);
    assert_eq!(kinds(&imported, 5), [Refused]);
    assert_eq!(kinds(&imported, 6), [ByHand]);
    assert_eq!(kinds(&imported, 7), [ByHand]);
    assert_eq!(kinds(&imported, 9), [NoEffect]);
}

#[test]
fn frontends_with_different_rules_have_a_section_each() {
    let imported = haproxy(
        "frontend http
           http-request set-header X-Forwarded-Proto http
           default_backend app
         frontend https
           http-request set-header X-Forwarded-Proto https
           http-request del-header X-Admin
           default_backend app
         frontend internal
           http-request set-header X-Admin 1
           default_backend app
         backend app
           server a 10.0.0.1:80
        ",
    );
    let origins = origins(&imported);
    let sections: Vec<_> = origins.iter().map(|(section, ..)| *section).collect();
    let expected = ["http", "https", "internal"].map(|name| format!("backend app from {name}"));
    assert_eq!(sections, expected);
    let schemes: Vec<_> = origins
        .iter()
        .map(|(_, _, config)| &config["forwarded"]["client_scheme"])
        .collect();
    assert_eq!(
        schemes,
        [&Json::from("http"), &Json::from("https"), &Json::Null]
    );
    assert_eq!(origins[1].2["request_fields"]["remove"][0], "x-admin");
    assert_eq!(origins[1].2["request_fields"]["set"], Json::Null);
    assert_eq!(origins[2].2["request_fields"]["set"]["x-admin"], "1");
    assert_eq!(kinds(&imported, 11), [ByHand]);
    // Notes on lines that the sections share are there once.
    assert_eq!(kinds(&imported, 12), [Mapped]);
}

#[test]
fn frontends_that_change_the_same_share_a_section() {
    let imported = haproxy(
        "frontend a
           http-request redirect scheme https unless { ssl_fc }
           default_backend app
         frontend b
           http-request set-header X-A 1
           default_backend app
         frontend c
           http-request set-header X-A 1
           default_backend app
         frontend off
           disabled
           http-request set-header X-A 2
           default_backend app
         backend app
           server a 10.0.0.1:80
        ",
    );
    let sections: Vec<_> = origins(&imported)
        .iter()
        .map(|it| it.0.to_owned())
        .collect();
    assert_eq!(
        sections,
        ["backend app from a", "backend app from b and others"]
    );
    assert_eq!(kinds(&imported, 8), [Mapped]);
    assert_eq!(kinds(&imported, 12), [NoEffect]);
}

#[test]
fn responses_pass_the_rules_of_the_frontend_last() {
    let imported = haproxy(
        "frontend www
           http-request set-header X-A frontend
           http-response set-header X-B frontend
           default_backend app
         backend app
           http-request set-header X-A backend
           http-response set-header X-B backend
           server a 10.0.0.1:80
        ",
    );
    let (_, _, config) = &origins(&imported)[0];
    assert_eq!(config["request_fields"]["set"]["x-a"], "backend");
    assert_eq!(config["response_fields"]["set"]["x-b"], "frontend");
}

#[test]
fn a_field_that_a_later_line_removes_is_not_set() {
    let imported = haproxy(
        "frontend www
           http-request set-header X-A 1
           http-request set-header X-B 1
           default_backend app
         backend app
           http-request del-header X-A
           http-request del-header X-B if { path / }
           http-request del-header X-C
           http-request set-header X-C 1
           server a 10.0.0.1:80
        ",
    );
    let (_, _, config) = &origins(&imported)[0];
    let set = config["request_fields"]["set"].as_object().unwrap();
    let names: Vec<_> = set.keys().collect();
    assert_eq!(names, ["x-b", "x-c"]);
    assert_eq!(kinds(&imported, 2), [NoEffect]);
}

#[test]
fn a_section_that_does_not_speak_http_is_no_origin() {
    for mode in ["tcp", "log", "spop"] {
        let imported = haproxy(&format!(
            "defaults
               mode {mode}
             backend db
               server a db.example:3306
             backend app
               mode http
               server a app.example:80
            "
        ));
        let sections: Vec<_> = origins(&imported)
            .iter()
            .map(|it| it.0.to_owned())
            .collect();
        assert_eq!(sections, ["backend app"], "{mode}");
        assert_eq!(kinds(&imported, 4), [Refused], "{mode}");
    }
    let imported = haproxy("defaults\n log global\nbackend a\n server a 10.0.0.1:80\n");
    assert_eq!(kinds(&imported, 3), [Warning]);
}

#[test]
fn a_section_that_is_disabled_is_no_origin() {
    let imported = haproxy(
        "defaults
           disabled
         backend old
           http-request del-header X-A
           server a old.example:80
         backend new
           enabled
           server a new.example:80
        ",
    );
    let sections: Vec<_> = origins(&imported)
        .iter()
        .map(|it| it.0.to_owned())
        .collect();
    assert_eq!(sections, ["backend new"]);
    assert_eq!(kinds(&imported, 4), [NoEffect]);
    assert_eq!(kinds(&imported, 5), [NoEffect]);
}

#[test]
fn defaults_inherit_from_those_that_they_name() {
    let imported = haproxy(
        "defaults base
           mode http
           default-server ssl verify required ca-file /etc/ca.pem sni str(o.example)
           timeout server 1s
         defaults web from base
           timeout server 5s
         defaults last
           mode http
         backend app from web
           server a o.example:8443
         backend plain
           server a o.example:8080
        ",
    );
    let origins = origins(&imported);
    let (_, _, config) = &origins[0];
    assert_eq!(config["url"], "https://o.example:8443");
    assert_eq!(config["limits"]["response_timeout"], "5s");
    let (_, _, config) = &origins[1];
    assert_eq!(config["url"], "http://o.example:8080");
}

#[test]
fn global_lines_about_servers_are_in_effect_on_each_server() {
    let imported = haproxy(
        "global
           daemon
           ssl-server-verify none
           ca-base /etc/ca
           crt-base /etc/crt
           ssl-default-server-options ssl-min-ver TLSv1.3 no-tls-tickets
           ssl-default-server-ciphers ECDHE
         backend app
           server a a.example:443 ssl crt a.pem
           server b b.example:443 ssl verify required ca-file b.pem crl-file /crl.pem
           server c c.example:443 ssl verify required ssl-min-ver TLSv1.2 tls-tickets
        ",
    );
    let origins = origins(&imported);
    let [(_, _, a), (_, _, b), (_, _, c)] = &*origins else {
        panic!("{origins:?}");
    };
    assert_eq!(a["verify"]["danger"]["certificate"], "accept_any");
    assert_eq!(a["client_identity"]["chain"]["file"], "/etc/crt/a.pem");
    assert_eq!(a["tls"]["min_version"], "1.3");
    assert_eq!(a["sessions"]["off"], true);
    assert_eq!(b["verify"]["roots"]["pem_files"][0], "/etc/ca/b.pem");
    assert_eq!(b["verify"]["crls"]["pem_files"][0], "/crl.pem");
    assert_eq!(c["verify"], Json::Null);
    assert_eq!(c["tls"]["min_version"], "1.2");
    assert_eq!(c["sessions"], Json::Null);
    assert_eq!(kinds(&imported, 1), [NoEffect]);
    assert_eq!(kinds(&imported, 3), [Warning]);
    assert_eq!(kinds(&imported, 6), [Mapped, Mapped]);
    assert_eq!(kinds(&imported, 7), [ByHand]);
}

#[test]
fn a_line_of_a_section_replaces_the_one_of_its_defaults() {
    let imported = haproxy(
        "defaults
           mode http
           balance roundrobin
           retry-on none
           no option redispatch
           option httpchk HEAD /a HTTP/1.1 a.example
           source 192.0.2.1
         backend app
           balance leastconn
           retry-on all-retryable-errors
           option redispatch
           option httpchk GET /b
           source 0.0.0.0
           default-server check
           server a 10.0.0.1:80
           server b 10.0.0.2:80
        ",
    );
    let code = imported.code();
    assert!(code.contains("HealthCheck::get(\"/b\"))"), "{code}");
    let replaced = [
        "balance(",
        "failover(",
        "method(",
        "host(",
        "local_address(",
    ];
    assert!(!replaced.iter().any(|call| code.contains(call)), "{code}");
    assert_eq!(kinds(&imported, 3), [NoEffect]);
    assert_eq!(kinds(&imported, 9), [Mapped]);
}

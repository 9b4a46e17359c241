//! Vulnerabilities of other proxies, and the tests that show that this one is not affected. The
//! threat model in the guide, and its tests.

use std::{fs, path::Path};

/// A vulnerability elsewhere, and the tests for it here.
const LESSONS: &[(&str, &[&str])] = &[
    (
        "Pingora CVE-2025-4366: an answer before the content was read",
        &[
            "content_left_unread_by_an_early_response_is_not_a_request",
            "an_early_answer_passes_and_its_connection_is_not_used_again",
        ],
    ),
    (
        "Pingora CVE-2026-2833, nghttpx CVE-2026-58055, RFC 9931: bytes after an Upgrade request",
        &[
            "bytes_that_follow_an_upgrade_wait_for_the_101",
            "bytes_that_follow_a_refused_upgrade_never_reach_its_connection",
        ],
    ),
    (
        "Pingora CVE-2026-2835: HTTP/1.0 with Transfer-Encoding, several of them",
        &[
            "http_1_0_with_a_transfer_coding_is_refused",
            "transfer_codings_other_than_a_single_chunked_are_refused",
        ],
    ),
    (
        "h2 RUSTSEC-2023-0034 and its like: malformed messages of an HTTP/2 origin",
        &["malformed_responses_of_an_http_2_origin_are_502_or_truncated"],
    ),
    (
        "Envoy CVE-2024-23326: a 200 that echoes Upgrade",
        &["rfc_9110_section_7_8_an_unrequested_upgrade_is_refused"],
    ),
    (
        "nginx CVE-2025-23419: sessions across names or policies",
        &["new_roots_hold_at_once_for_all_clones_and_no_old_session_is_resumed"],
    ),
    (
        "nginx CVE-2026-42926, CVE-2026-42055: framing towards an HTTP/2 origin",
        &["rfc_9113_section_8_1_content_between_the_versions"],
    ),
    (
        "HAProxy CVE-2023-40225, CVE-2021-40346: empty and overflowing lengths",
        &["ambiguous_lengths_are_refused"],
    ),
    (
        "HAProxy CVE-2023-25725: empty field names",
        &["rfc_9112_section_5_fields_of_requests"],
    ),
    (
        "HAProxy CVE-2023-45539: a fragment in a target",
        &["rfc_9112_section_3_2_the_forms_of_a_target"],
    ),
    (
        "IIS and RFC 4559 section 6: NTLM on a connection that several clients share",
        &["a_connection_that_a_user_has_authenticated_serves_no_other"],
    ),
    (
        "HAProxy CVE-2026-33555: content that is shorter than declared",
        &[
            "rfc_9112_section_6_3_content_of_responses",
            "truncated_content_is_never_a_complete_request",
        ],
    ),
    (
        "Go CVE-2024-24791: a final answer to an expectation",
        &["a_final_response_instead_of_100_skips_the_upload_and_retires_the_connection"],
    ),
    (
        "Go CVE-2021-33197, Apache CVE-2022-31813, Traefik CVE-2024-45410, Fabio CVE-2025-48865: \
         Connection lists fields of the proxy",
        &["rfc_9110_section_7_6_1_hop_by_hop_fields_are_not_forwarded"],
    ),
    (
        "Go CVE-2022-2880: queries pass byte for byte",
        &["path_and_query_pass_byte_for_byte"],
    ),
    (
        "Go CVE-2022-32148, oauth2-proxy CVE-2025-64484: forwarding fields of \
         clients, also spelled with underscores",
        &[
            "fields_of_an_untrusted_peer_are_replaced",
            "what_says_the_same_as_our_fields_in_other_words_does_not_pass",
        ],
    ),
    (
        "hyper RUSTSEC-2016-0002 to RUSTSEC-2021-0079: several codings, signs in \
         lengths, line ends in values",
        &[
            "a_request_with_both_framings_is_read_as_chunked_and_forwarded_with_one",
            "malformed_chunks_are_never_a_complete_request",
            "rfc_9112_section_2_2_lines_of_requests",
        ],
    ),
    (
        "webpki RUSTSEC-2026-0104: a malformed revocation list",
        &[
            "malformed_lists_and_contradictions_are_build_errors",
            "no_damage_to_a_list_makes_the_builder_panic",
        ],
    ),
    (
        "axum-core RUSTSEC-2022-0055, tungstenite RUSTSEC-2023-0065: bounds",
        &[
            "an_endless_head_is_refused_before_it_ends",
            "an_endless_head_is_502",
            "a_body_that_grows_too_large_is_413_and_never_whole_to_the_origin",
        ],
    ),
    (
        "response splitting",
        &["rfc_9113_section_8_2_1_names_and_values_that_would_split_a_message_are_malformed"],
    ),
    (
        "both lengths in a response",
        &["a_response_with_both_framings_is_refused_and_a_repeated_length_is_merged"],
    ),
    (
        "1xx after a final response, bytes after a response",
        &[
            "bytes_after_a_response_are_not_the_next_response",
            "bytes_between_a_response_and_the_next_request_are_not_a_response",
        ],
    ),
    (
        "many 1xx",
        &["many_informational_responses_are_not_the_response"],
    ),
    (
        "trailers that carry framing or credentials",
        &["rfc_9110_section_6_5_trailers_are_forwarded_to_recipients_that_accept_them"],
    ),
    (
        "content after HEAD, 204 and 304",
        &["forbidden_content_is_not_the_next_response"],
    ),
    (
        "truncation that a client can see",
        &[
            "a_truncated_body_is_never_a_whole_one_to_the_client",
            "a_no_error_reset_does_not_end_a_response",
        ],
    ),
    (
        "gRPC in trailers alone",
        &["a_failure_in_trailers_alone_arrives_with_its_details"],
    ),
    (
        "a 101 that nobody asked for",
        &["an_unrequested_upgrade_is_502_and_its_bytes_are_not_a_response"],
    ),
    (
        "a Transfer-Encoding that is not chunked in a response",
        &["a_response_with_ambiguous_framing_is_502_or_truncated"],
    ),
    (
        "h2.CL and h2.TE",
        &["rfc_9113_section_8_1_1_lengths_that_differ_from_the_content_are_malformed"],
    ),
];

#[test]
fn every_lesson_names_tests_that_exist() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut text = String::new();
    collect(&tests, &mut text);
    for (lesson, names) in LESSONS {
        for name in *names {
            assert!(text.contains(&format!("fn {name}(")), "{lesson}: {name}");
        }
    }
}

/// The rows of the threat model, without the heads of its tables.
fn rows() -> impl Iterator<Item = &'static str> {
    let page = include_str!("../../src/guide/security.md").lines();
    let rows = page.filter(|line| line.starts_with("| "));
    rows.filter(|row| !row.ends_with("| tests |"))
}

#[test]
fn every_row_of_the_threat_model_names_tests_that_exist() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut text = String::new();
    collect(&tests, &mut text);
    assert!(rows().count() > 30);
    for row in rows() {
        let (_, cell) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        let names: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(text.contains(&format!("fn {name}(")), "{name}: {row}");
        }
    }
}

pub(crate) fn collect(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

//! Where each symptom is staged, and that no cause goes without a test unless the guide says why.

use std::{fs, path::Path};

use crate::hardening_index::collect;

/// A symptom, the reported cause, and the tests that stage it on the wire.
type Row = (&'static str, &'static str, &'static [&'static str]);

const NAMES_AND_NETWORKS: &[Row] = &[
    (
        "a name without an address",
        "NameDoesNotResolve",
        &["a_failure_is_remembered_for_a_short_time"],
    ),
    (
        "a refused connect",
        "NothingListens",
        &["a_refused_connect_reports_that_nothing_listens"],
    ),
    (
        "a machine without file descriptors",
        "LocalSystem",
        &["a_machine_without_descriptors_is_told_from_an_origin_that_is_down"],
    ),
    (
        "a Unix socket that does not exist",
        "NothingListens",
        &["a_unix_socket_that_does_not_exist_has_a_cause"],
    ),
    (
        "a website endpoint of S3 at port 443",
        "HttpOnlyEndpoint",
        &[
            "a_website_endpoint_of_s3_that_refuses_tls_has_none",
            "an_s3_website_endpoint_that_is_silent_on_the_tls_port_does_not_support_tls",
            "a_website_endpoint_of_s3_that_cuts_the_handshake_off_has_likely_none",
        ],
    ),
    (
        "a port that Cloudflare does not proxy",
        "PortNotServed",
        &["a_port_that_cloudflare_does_not_proxy_is_likely_the_reason_for_silence"],
    ),
    (
        "only IPv6 addresses, and a broken path",
        "AddressFamily",
        &["a_name_with_only_ipv6_addresses_is_likely_unreachable_if_ipv6_is_broken"],
    ),
    (
        "a large ClientHello that is lost",
        "ClientHelloDropped",
        &[
            "silence_in_the_handshake_has_four_causes_and_none_is_certain",
            "a_large_hello_is_a_possible_cause_of_a_close_and_of_a_reset",
        ],
    ),
    (
        "a destination that the egress guard denies",
        "DestinationProhibited",
        &["a_name_that_leads_to_such_an_address_is_refused_too"],
    ),
];

const HANDSHAKES: &[Row] = &[
    (
        "alert 112 without SNI",
        "SniMissing",
        &[
            "no_sni_answered_by_alert_112_is_certainly_the_missing_sni",
            "nginx_with_ssl_reject_handshake_sends_alert_112_when_no_sni_is_sent",
            "haproxy_with_strict_sni_sends_alert_112_when_no_sni_is_sent",
        ],
    ),
    (
        "alert 112 with SNI",
        "SniNotServed",
        &[
            "unknown_sni_answered_by_alert_112_is_certain",
            "nginx_with_ssl_reject_handshake_sends_alert_112_for_an_unknown_sni",
            "haproxy_with_strict_sni_sends_alert_112_for_an_unknown_sni",
            "openssl_with_servername_fatal_sends_alert_112_for_another_name",
        ],
    ),
    (
        "alert 40 without SNI",
        "SniMissing",
        &[
            "no_sni_answered_by_alert_40_is_likely_the_missing_sni",
            "alert_40_of_a_known_edge_without_sni_is_certain",
        ],
    ),
    (
        "alert 40 with SNI",
        "SniNotServed",
        &["unknown_sni_answered_by_alert_40_names_what_was_sent"],
    ),
    (
        "alert 40, and chosen cipher suites or groups",
        "NoCommonCipher",
        &[
            "alert_40_for_want_of_a_common_cipher_is_called_certain_of_nothing",
            "openssl_without_a_common_group_or_suite_sends_alert_40",
        ],
    ),
    (
        "alert 40 or 116, and no client certificate",
        "ClientCertificateRequired",
        &[
            "a_missing_client_certificate_names_the_call_that_fixes_it",
            "openssl_that_requires_a_client_certificate_fails_a_tls_1_2_handshake_with_an_alert",
            "openssl_that_requires_a_client_certificate_sends_an_alert_after_a_tls_1_3_handshake",
        ],
    ),
    (
        "alerts about our certificate",
        "ClientCertificateRefused",
        &[
            "an_identity_of_a_stranger_is_refused_and_called_so",
            "an_expired_identity_is_refused_with_its_reason",
            "openssl_that_refuses_the_client_certificate_is_diagnosed_in_both_versions",
        ],
    ),
    (
        "the same alerts, and no certificate of ours",
        "Interception",
        &["alerts_about_a_certificate_that_was_not_sent_are_likely_an_interceptors"],
    ),
    (
        "no version in common",
        "NoCommonTlsVersion",
        &[
            "an_edge_with_tls_1_2_only_against_a_client_with_1_3_only_names_both_ranges",
            "an_edge_with_tls_1_3_only_against_a_client_with_1_2_only_names_both_ranges",
            "openssl_without_a_common_tls_version_sends_alert_70",
            "openssl_with_tls_1_1_only_is_too_old",
        ],
    ),
    (
        "alert 80 without SNI",
        "SniMissing",
        &["no_sni_answered_by_alert_80_is_likely_the_missing_sni"],
    ),
    (
        "alert 80 with SNI",
        "SniNotServed",
        &["unknown_sni_answered_by_alert_80_is_likely"],
    ),
    (
        "alert 80 of a server in trouble",
        "OriginDown",
        &["alert_80_may_be_the_origins_own_trouble_too"],
    ),
    (
        "no protocol in common",
        "AlpnNotAccepted",
        &[
            "required_h2_that_the_edge_refuses_is_an_error",
            "required_h2_that_the_edge_passes_over_in_silence_is_an_error",
            "a_protocol_that_was_not_offered_is_the_peers_mistake",
            "openssl_without_alpn_is_refused_if_h2_is_required",
        ],
    ),
    (
        "alerts of peers that stumble",
        "StrictPeer",
        &["alerts_about_the_hello_are_likely_those_of_an_old_or_strict_peer"],
    ),
    (
        "alert 49",
        "AccessDenied",
        &["an_alert_of_denied_access_is_likely_a_rule_about_names_or_clients"],
    ),
    (
        "alert 49 without SNI",
        "SniMissing",
        &["an_alert_of_denied_access_without_sni_is_likely_the_missing_sni_before_anything_else"],
    ),
    (
        "a closed or reset connection without SNI",
        "SniMissing",
        &[
            "no_sni_answered_by_a_bare_close_is_likely_the_missing_sni",
            "no_sni_answered_by_a_reset_is_likely_the_missing_sni",
        ],
    ),
    (
        "a closed or reset connection with SNI",
        "SniNotServed",
        &["unknown_sni_answered_by_a_close_or_a_reset_is_possible"],
    ),
    (
        "plain http where TLS was expected",
        "PlainHttpPeer",
        &[
            "plain_http_behind_the_port_is_quoted",
            "nginx_responds_in_http_to_a_client_hello_and_the_report_quotes_it",
            "haproxy_responds_in_http_to_a_client_hello_and_the_report_quotes_it",
        ],
    ),
    (
        "plain http in the name of a known edge",
        "Interception",
        &["a_captive_portal_is_not_the_edge_and_plain_http_is_no_fix"],
    ),
    (
        "a certificate of no public authority in the name of a known edge",
        "Interception",
        &[
            "a_self_signed_certificate_in_a_cdns_name_is_an_interceptors_and_no_pin_is_offered",
            "a_private_authority_in_a_platforms_name_is_an_interceptors_and_is_not_to_be_trusted",
        ],
    ),
    (
        "a login page or a proxy in place of TLS",
        "Interception",
        &["a_proxy_that_answers_a_hello_with_a_page_is_no_web_server_of_plain_http"],
    ),
    (
        "another service",
        "OtherService",
        &[
            "ssh_behind_the_port_is_quoted",
            "http2_without_tls_is_recognised_by_its_first_frame",
        ],
    ),
    (
        "records that make no sense",
        "BrokenTls",
        &["records_that_make_no_sense_are_likely_a_broken_peers"],
    ),
    (
        "a rejected encrypted ClientHello",
        "EchStale",
        &[
            "the_outer_sni_is_the_public_name_and_a_rejection_is_reported",
            "only_who_proves_the_public_name_may_reject",
        ],
    ),
    (
        "no configuration for a required encrypted ClientHello",
        "EchUnpublished",
        &["without_an_ech_configuration_in_dns_the_setting_decides"],
    ),
    (
        "silence",
        "ProxyHeaderExpected",
        &["silence_in_the_handshake_has_four_causes_and_none_is_certain"],
    ),
    (
        "a PROXY protocol header that is answered by a 400, by an alert, or not at all",
        "ProxyHeaderNotExpected",
        &[
            "a_header_with_a_plain_http_response_was_likely_not_expected",
            "a_header_with_a_decoding_alert_was_likely_not_expected",
            "a_peer_that_closes_may_or_may_not_have_expected_the_header",
            "over_plain_http_a_400_and_a_close_are_diagnosed_too",
        ],
    ),
    (
        "a connection that ends at once for want of a PROXY protocol header",
        "ProxyHeaderExpected",
        &["a_peer_that_closes_may_or_may_not_have_expected_the_header"],
    ),
];

const CERTIFICATES: &[Row] = &[
    (
        "the default names of an edge, without SNI",
        "SniMissing",
        &["the_default_names_of_an_edge_are_certainly_the_missing_sni"],
    ),
    (
        "the default names of an edge, with SNI",
        "SniNotServed",
        &["default_certificate_of_a_known_edge_is_likely_an_unserved_name"],
    ),
    (
        "the names of Host",
        "CertificateForAnotherName",
        &["a_certificate_for_the_host_suggests_sending_the_host_as_sni"],
    ),
    (
        "other names",
        "CertificateForAnotherName",
        &[
            "an_error_about_the_name_shows_the_expected_and_the_presented_ones",
            "a_certificate_of_nginx_for_another_name_is_refused_and_the_name_is_reported",
        ],
    ),
    (
        "an expected address",
        "AddressExpected",
        &["default_certificate_for_an_ip_address_names_hosts_only"],
    ),
    (
        "a wildcard for one label",
        "WildcardTooShallow",
        &[
            "a_wildcard_matches_exactly_one_label",
            "a_wildcard_that_does_not_cover_the_name_is_said_to_break_its_own_rule",
        ],
    ),
    (
        "the default certificate, without SNI",
        "SniMissing",
        &["the_default_certificate_of_an_edge_shows_that_the_name_is_not_served"],
    ),
    (
        "the default certificate, with SNI",
        "SniNotServed",
        &["the_default_certificate_of_an_edge_shows_that_the_name_is_not_served"],
    ),
    (
        "a self-signed certificate",
        "SelfSigned",
        &[
            "self_signed_certificate_is_called_so",
            "a_certificate_that_vouches_for_itself_may_be_the_default_one",
            "a_self_signed_certificate_of_nginx_is_refused_and_a_pin_is_advised",
        ],
    ),
    (
        "a public authority, and one certificate",
        "IntermediateMissing",
        &["a_public_certificate_sent_without_a_chain_likely_misses_its_intermediate"],
    ),
    (
        "a public authority that is not known here",
        "RootsMissing",
        &["a_public_chain_that_was_sent_in_full_misses_its_root_here"],
    ),
    (
        "a WebSocket that is not opened: 101 to something else, 200, 400, 403, 404, 426",
        "UpgradeNotServed",
        &[
            "a_switch_to_something_else_than_was_asked_is_502",
            "a_websocket_that_is_not_opened_has_a_cause_and_a_clear_headline",
        ],
    ),
    (
        "a private authority",
        "UntrustedAuthority",
        &[
            "unknown_issuer_names_the_issuer",
            "a_certificate_of_nginx_from_an_unknown_authority_is_refused_and_the_issuer_is_reported",
        ],
    ),
    (
        "an expired certificate",
        "CertificateExpired",
        &[
            "an_error_about_an_expired_certificate_shows_its_dates",
            "an_expired_certificate_of_nginx_is_refused_with_its_dates",
        ],
    ),
    (
        "a certificate of the future",
        "CertificateNotYetValid",
        &[
            "an_error_about_a_certificate_of_the_future_shows_its_dates",
            "a_certificate_of_nginx_that_is_not_valid_yet_is_refused_with_its_dates",
        ],
    ),
    (
        "a revoked certificate",
        "CertificateRevoked",
        &["a_revoked_certificate_is_distinguished_from_one_that_no_list_covers"],
    ),
    (
        "a certificate that no list covers",
        "RevocationUnknown",
        &["a_revoked_certificate_is_distinguished_from_one_that_no_list_covers"],
    ),
    (
        "a certificate without alternative names",
        "CertificateUnusable",
        &["a_common_name_without_alternative_names_does_not_count"],
    ),
    (
        "a certificate for clients, malformed, or with an unknown signature",
        "CertificateUnusable",
        &[
            "a_certificate_for_clients_serves_no_server",
            "certificates_that_cannot_be_parsed_are_unusable",
        ],
    ),
    (
        "a key that is not pinned",
        "PinMismatch",
        &[
            "key_that_is_not_pinned_is_refused_under_every_policy",
            "a_pin_of_an_issuer_is_named_and_does_not_count",
        ],
    ),
    (
        "a key that is not the certificate's",
        "KeyNotHeld",
        &["a_peer_without_the_key_of_its_certificate_is_called_so"],
    ),
];

const RESPONSES: &[Row] = &[
    (
        "421",
        "SniAndHostDisagree",
        &[
            "wrong_host_answered_by_421_says_that_sni_and_host_disagree",
            "names_that_disagree_are_certain_if_the_edge_reports_them",
            "a_421_from_behind_an_edge_may_be_about_the_edges_names",
        ],
    ),
    (
        "421 without SNI",
        "SniMissing",
        &["a_421_without_sni_requires_the_name_in_host_as_sni"],
    ),
    (
        "403 and 409 of Cloudflare about names",
        "SniAndHostDisagree",
        &["names_that_disagree_are_certain_if_the_edge_reports_them"],
    ),
    (
        "1000 of Cloudflare",
        "ForwardingFields",
        &["every_known_page_has_its_cause"],
    ),
    (
        "403 of CloudFront",
        "HostNotServed",
        &[
            "wrong_host_answered_by_403_passes_the_page_untouched",
            "every_known_page_has_its_cause",
        ],
    ),
    (
        "403 of CloudFront to a GET with content",
        "InvalidRequest",
        &["a_get_with_content_is_what_cloudfront_refused"],
    ),
    (
        "403 of CloudFront with many hops",
        "RequestLoop",
        &["a_chain_of_distributions_is_a_possible_loop"],
    ),
    (
        "400 of a TLS port to plain http",
        "HttpToTlsPort",
        &[
            "every_servers_own_words_for_plain_http_on_its_tls_port_are_certain_at_port_443",
            "http_to_port_443_is_certainly_the_wrong_scheme",
            "nginx_reports_plain_http_on_its_tls_port_and_so_does_the_diagnosis",
        ],
    ),
    (
        "an alert or a cut connection in answer to plain http",
        "HttpToTlsPort",
        &[
            "an_alert_in_answer_to_plain_http_is_likely_a_tls_port",
            "a_connection_that_is_cut_in_answer_to_plain_http_is_likely_a_tls_port_by_its_number_alone",
            "haproxy_closes_on_plain_http_on_its_tls_port_and_the_diagnosis_names_the_scheme",
            "openssl_closes_on_plain_http_and_the_diagnosis_names_the_scheme",
        ],
    ),
    (
        "a redirect to https",
        "HttpsRequired",
        &["redirect_to_https_says_https"],
    ),
    (
        "a redirect to itself",
        "RedirectLoop",
        &["a_redirect_to_the_same_address_is_likely_a_loop_unless_a_form_was_sent"],
    ),
    (
        "a redirect to the origin's own name",
        "LocationNamesOrigin",
        &["a_redirect_to_the_origins_name_matters_only_where_it_is_passed_on"],
    ),
    (
        "pages of unbound hosts",
        "HostNotServed",
        &["every_known_page_has_its_cause"],
    ),
    (
        "pages of loops",
        "RequestLoop",
        &["every_known_page_has_its_cause"],
    ),
    (
        "411, and its like",
        "LengthRequired",
        &["every_known_page_has_its_cause"],
    ),
    (
        "413, 414, 431, 494",
        "HeadTooLarge",
        &["every_known_page_has_its_cause"],
    ),
    (
        "a method that is not taken",
        "MethodNotAllowed",
        &["every_known_page_has_its_cause"],
    ),
    (
        "425",
        "EarlyDataRefused",
        &["every_known_page_has_its_cause"],
    ),
    (
        "pages about the server behind",
        "BehindTheEdge",
        &[
            "every_known_page_has_its_cause",
            "the_page_of_an_edge_behind_another_proxy_is_about_that_proxys_names",
        ],
    ),
    (
        "firewalls and rate limits",
        "BlockedByTheEdge",
        &["every_known_page_has_its_cause"],
    ),
    (
        "buckets of another region",
        "WrongRegion",
        &["every_known_page_has_its_cause"],
    ),
    (
        "buckets without a website",
        "WebsiteOff",
        &["every_known_page_has_its_cause"],
    ),
    (
        "a signature for another Host",
        "SignedForAnotherHost",
        &["every_known_page_has_its_cause"],
    ),
    (
        "a reused connection that ends",
        "IdleClosed",
        &["a_reused_connection_that_ends_without_an_answer_was_likely_closed_while_idle"],
    ),
    (
        "HTTP/1 where HTTP/2 was agreed on",
        "Http1Peer",
        &["http_1_where_http_2_was_agreed_on_is_likely_an_http_1_peer"],
    ),
    (
        "HTTP_1_1_REQUIRED",
        "Http1Required",
        &["a_stream_that_is_reset_with_http_1_1_required_is_certainly_that"],
    ),
    (
        "a client that stalls",
        "RequestIncomplete",
        &["a_client_that_stalls_is_certainly_at_fault_itself"],
    ),
    (
        "an origin that does not answer",
        "TooSlow",
        &["a_stall_before_the_first_byte_is_504_with_the_facts_of_the_connection"],
    ),
    (
        "a group without members",
        "GroupEmpty",
        &["a_request_to_a_group_without_members_is_recorded_and_names_the_call_that_adds_one"],
    ),
    (
        "a page in answer to a gRPC call",
        "GrpcNotServed",
        &["a_page_in_answer_to_a_grpc_call_is_diagnosed_although_it_is_a_success"],
    ),
    (
        "more requests than the proxy admits",
        "ConcurrencyLimit",
        &["requests_beyond_max_concurrency_are_certainly_refused_by_that_limit"],
    ),
    (
        "an origin that answers more slowly under load",
        "OriginOverloaded",
        &["requests_beyond_the_adaptive_limit_show_an_origin_that_is_likely_overloaded"],
    ),
    (
        "a host without a tenant",
        "UnknownHost",
        &["a_request_for_an_unknown_host_reaches_the_observers_of_the_template"],
    ),
    (
        "an upload over the proxy's limit",
        "BodyTooLarge",
        &["a_body_that_grows_too_large_is_413_and_never_whole_to_the_origin"],
    ),
    (
        "more requests than connections",
        "PoolTooSmall",
        &["a_pool_whose_connections_are_all_in_use_is_certainly_too_small"],
    ),
];

fn rows() -> impl Iterator<Item = &'static Row> {
    [NAMES_AND_NETWORKS, HANDSHAKES, CERTIFICATES, RESPONSES]
        .into_iter()
        .flatten()
}

#[test]
fn every_symptom_has_the_tests_that_are_named_and_they_look_at_its_cause() {
    let mut text = String::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"),
        &mut text,
    );
    for (symptom, cause, tests) in rows() {
        for name in *tests {
            let found = text.split_once(&format!("fn {name}("));
            let (_, rest) = found.unwrap_or_else(|| panic!("{symptom}: there is no {name}"));
            let (body, _) = rest.split_once("\n}\n").unwrap();
            assert!(
                body.contains(&format!("::{cause}")),
                "{symptom}: {name} does not look for {cause}"
            );
        }
    }
}

#[test]
fn every_cause_has_a_symptom_that_is_staged() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnosis/cause_id.rs");
    let source = fs::read_to_string(source).unwrap();
    let causes = source
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.strip_suffix(','));
    for cause in causes.filter(|line| line.starts_with(char::is_uppercase)) {
        let is_case = crate::field::causes().any(|id| format!("{id:?}") == cause);
        let is_staged = is_case || rows().any(|(_, staged, _)| *staged == cause);
        assert!(is_staged, "{cause} has no test");
    }
}

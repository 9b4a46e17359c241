//! What breaks a rule today, and why. The lists may only shrink: a test fails when an entry is no
//! exception any longer.

/// Inherent `impl`s outside the file of their type, in the same module.
pub(super) const SCATTERED: [&str; 12] = [
    // The builder's calls, grouped by what they set. One file would have over 400 lines.
    "CdnOriginBuilder of connector/builder/cdn_origin_builder.rs in connector/builder/advice.rs",
    "CdnOriginBuilder of connector/builder/cdn_origin_builder.rs in connector/builder/build.rs",
    "CdnOriginBuilder of connector/builder/cdn_origin_builder.rs in connector/builder/dialling.rs",
    "CdnOriginBuilder of connector/builder/cdn_origin_builder.rs in connector/builder/names.rs",
    "CdnOriginBuilder of connector/builder/cdn_origin_builder.rs in connector/builder/tls.rs",
    "CdnOriginBuilder of connector/builder/cdn_origin_builder.rs in connector/builder/to_builder.rs",
    // `builder()` and `to_builder()` need the builder, whose file needs the connector.
    "CdnOriginConnector of connector/cdn_origin_connector.rs in connector/builder/cdn_origin_builder.rs",
    "CdnOriginConnector of connector/cdn_origin_connector.rs in connector/builder/to_builder.rs",
    // `builder()` needs the builder, whose file needs the group.
    "OriginGroup of group/origin_group.rs in group/builder.rs",
    // The steps of a proxied request: prepare, then forward.
    "ProxySettings of proxy/proxy_settings.rs in proxy/forward_request.rs",
    "ProxySettings of proxy/proxy_settings.rs in proxy/prepare_request.rs",
    // The rules read the evidence, and stand above it.
    "ResponseEvidence of diagnosis/response_rules/response_evidence.rs in diagnosis/response_rules/diagnose_response.rs",
];

/// Names that several types have.
pub(super) const SHARED_NAMES: [&str; 4] = [
    // Stand-ins without the feature `ech`, so that the rest of `tls` has no `cfg`.
    "Ech",
    "EchPlan",
    "EchRejection",
    "HelloEncryption",
];

/// Files that spawn tasks, and what each task does.
pub(super) const SPAWNERS: [&str; 16] = [
    // Copies between a connection and its socket.
    "adapt/socket.rs",
    // Calls `getaddrinfo` on a blocking thread.
    "dial/resolve/system_resolver.rs",
    // Checks and changes the members of a group.
    "group/group_task.rs",
    // Drives the connection while the request body is still sent: the response may be complete.
    "http1/response_body.rs",
    // Sends the rest of a request body after the head of the response.
    "http2/send_body.rs",
    // The tasks of a pool end with it.
    "pool/checkout/checkout.rs",
    "pool/check_in.rs",
    "pool/send/send_upgrade.rs",
    "pool/tasks/connect_task.rs",
    "pool/tasks/prewarm.rs",
    "pool/tasks/task_scope.rs",
    // Reads certificate files on a blocking thread.
    "probe/run_attempt.rs",
    // Aborts the response to a client that does not read.
    "proxy/response_body/slow_reader.rs",
    // Copies between both sides of a tunnel.
    "proxy/upgrade/tunnel.rs",
    // Forgets a host that was replaced or removed, when its last request has ended.
    "tenants/forget_former.rs",
    // Reads what a client still sends after its response.
    "upload/discard_rest.rs",
];

//! Mistakes that were made on purpose, and the tests that found each of them.

/// A mistake in `src`, and the modules of tests that fail by it.
pub(super) const MUTATIONS: &[(&str, &str)] = &[
    (
        "a POST is sent again after its connection ended",
        "`faults`, `simulation`",
    ),
    (
        "a request gets a connection that still owes the response of a cancelled one",
        "`faults`, `simulation`",
    ),
    (
        "a connection with bytes after its response is reused",
        "`pool_hostile`",
    ),
    (
        "the permit of a cancelled connection is not returned",
        "`faults`, `simulation`, `cancellation`",
    ),
    (
        "the permit of a failed connect is not returned",
        "`faults`, `simulation`, `cancellation`",
    ),
    (
        "over HTTP/1, a body that is cut short counts as complete",
        "`faults`, `simulation`",
    ),
    (
        "over HTTP/2, a body that is cut short counts as complete",
        "`faults`, `simulation`",
    ),
    ("a retry sends no body", "`simulation`"),
    (
        "a retired connection gets requests",
        "`pool_ends`, `simulation`",
    ),
    (
        "a connection that was connecting when all were retired gets requests that came later",
        "`pool_waits`",
    ),
    ("no deadline for responses", "`faults`"),
    ("no deadline for bodies", "`faults`"),
    ("no deadline for TLS handshakes", "`faults`"),
    ("no deadline for idle tunnels", "`faults`"),
    (
        "a request that ends among others stays counted",
        "`faults`, `simulation`, `cancellation`",
    ),
    ("a cancelled HTTP/2 stream stays counted", "`cancellation`"),
    (
        "a silent HTTP/2 connection goes on to get requests",
        "`faults`",
    ),
    (
        "a request that left the queue stays in it",
        "`cancellation`",
    ),
    (
        "streams get no reason for the end of their connection",
        "`faults`",
    ),
];

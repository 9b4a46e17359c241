//! Recipes for tasks that come up often.
//!
//! Each recipe is a file in `examples/cookbook`, which a test runs. In a recipe, an `origin` is a
//! builder: call [`build`](crate::connector::CdnOriginBuilder::build) on it. A `proxy` or a `group`
//! is a service for axum's `fallback_service`. The first path segment of each `use` line is a crate
//! that the recipe needs, such as `http`, `tower` or `tracing`.
//!
//! # A custom domain on a CDN
//!
//! The distribution has a name of its own, but serves only the name of the site. The nginx and
//! HAProxy equivalents are `proxy_ssl_name` and `sni`; see [the four names](super::four_names).
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/custom_domain.rs"), "```")]
//!
//! # The client's Host
//!
//! An origin that serves several sites needs the Host that the client sent. nginx passes it with
//! `proxy_set_header Host $http_host`. SNI and the expected name stay those of the connector.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/client_host.rs"), "```")]
//!
//! # Redirects that name another host
//!
//! The proxy rewrites the origin's own names in `Location` and in cookies. Add the others that it
//! uses.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/redirects.rs"), "```")]
//!
//! # Another path at the origin
//!
//! nginx does this with a path in `proxy_pass`. A path that could lead out of the prefix, such as
//! one with `..`, gets 400.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/path_prefix.rs"), "```")]
//!
//! # Error pages
//!
//! This recipe checks only the status, so it also replaces the origin's own pages. To leave those
//! alone, check for an [`Error`](crate::Error) in the extensions: only failures of the proxy have
//! one. For JSON (RFC 9457), pass [`problem_details`](crate::proxy::problem_details) to
//! `map_response`.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/error_pages.rs"), "```")]
//!
//! # A private certificate authority
//!
//! Add [`Roots::native()`](crate::tls::Roots::native) with
//! [`and`](crate::tls::Roots::and) if the origin may also have a public certificate. After a reload
//! of a changed file, new requests use only connections that the new roots have verified.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/private_authority.rs"), "```")]
//!
//! # A pinned key, with rotation
//!
//! A pin makes it safe to accept a self-signed certificate. To demand a pin and a verified chain,
//! begin with [`VerifyPolicy::native_roots`](crate::VerifyPolicy::native_roots). Pin the next key
//! before the origin changes to it.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/pinned_key.rs"), "```")]
//!
//! # A client certificate that is renewed
//!
//! With mutual TLS, the origin verifies the proxy's certificate too. The reload also reads the
//! files of roots again.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/client_certificate.rs"), "```")]
//!
//! # A website in S3
//!
//! The endpoint has no TLS, and finds the bucket by the Host. A Host that names no bucket gets 404.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/s3_website.rs"), "```")]
//!
//! # Uploads to S3
//!
//! S3 refuses requests of unknown length. The proxy reads the content first, and sends its length.
//! Content beyond the limit is streamed without a length.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/s3_upload.rs"), "```")]
//!
//! # A CDN in front
//!
//! If a CDN calls the proxy, trust its networks, which the CDN publishes. Otherwise the origin sees
//! the CDN's address as the client's.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/behind_a_cdn.rs"), "```")]
//!
//! # gRPC
//!
//! Serve clients with HTTP/2 too, or trailers do not reach them. A tonic client needs no proxy: see
//! [adapters](super::choosing_an_adapter).
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/grpc.rs"), "```")]
//!
//! # WebSockets
//!
//! Each WebSocket occupies a connection until it is closed. `max_tunnels` keeps connections free
//! for other requests.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/websocket.rs"), "```")]
//!
//! # Server-sent events
//!
//! Events reach the client at once, because the proxy does not buffer responses. But a response
//! that is silent for 60 seconds is aborted, so raise that limit.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/server_sent_events.rs"), "```")]
//!
//! # A backup
//!
//! By default, a request goes to the backup if the primary cannot be reached, closes the
//! connection, does not respond in time, or answers 500, 502, 503 or 504, and if the request may be
//! repeated. This recipe leaves 502 as the only status.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/failover.rs"), "```")]
//!
//! # Balancing with health checks
//!
//! Members are compared by requests in flight and latency. See [load](super::load).
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/balancing.rs"), "```")]
//!
//! # Sticky sessions
//!
//! Requests with the same cookie go to the same member, unless it has more than 150 % of the mean
//! load.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/sticky_sessions.rs"), "```")]
//!
//! # An origin for each host
//!
//! [`on_demand`](crate::tenants::VirtualHosts::on_demand) looks origins up when their first request
//! arrives. Hosts without a tenant get 421, unless
//! [`unknown`](crate::tenants::VirtualHosts::unknown) changes it to 404. A tenant of
//! `*.shops.example` gets the requests of all hosts below that name.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/tenants.rs"), "```")]
//!
//! # Origins that users enter
//!
//! The guard checks each address after the name was resolved, for each connection. It checks no
//! ports: check them when the user saves the URL, and also those of a `dial` that users enter. Send
//! one request at that time too: the user sees the error, such as a private address, a wrong
//! certificate or a Host that the edge does not serve.
//!
//! Show users the error's [`kind`](crate::Error::kind) and the [id](crate::diagnosis::Cause::id) of
//! its cause, with your own text. A report is for you: it has calls of this crate, addresses, and
//! the first bytes that the peer sent.
//!
//! Never read an `OriginConfig` from a user: it can name files and environment variables, and turn
//! verification off. Take the names one by one, as here.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/user_origins.rs"), "```")]
//!
//! # Through an egress proxy
//!
//! The connector asks the egress proxy for a tunnel, and speaks TLS with the origin through it. See
//! [`transport`](crate::connector::CdnOriginBuilder::transport).
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/egress_proxy.rs"), "```")]
//!
//! # DNS over TLS
//!
//! This needs the feature `hickory`. Of hickory-resolver, it needs the feature `tls-aws-lc-rs` or
//! `tls-ring`, and `webpki-roots` or `rustls-platform-verifier` for trusted roots.
//!
#![cfg_attr(
    feature = "hickory",
    doc = concat!("```\n", include_str!("../../examples/cookbook/dns_over_tls.rs"), "```")
)]
#![cfg_attr(
    not(feature = "hickory"),
    doc = concat!("```ignore\n", include_str!("../../examples/cookbook/dns_over_tls.rs"), "```")
)]
//!
//! # Limits
//!
//! By default, the proxy measures how many requests the origin can serve at once. These limits
//! protect the origin: they are for all clients together, and answer 503, never 429. See
//! [load](super::load) and [timeouts](super::timeouts).
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/limits.rs"), "```")]
//!
//! # A server of your own, with TLS
//!
//! axum's `serve` has no TLS. hyper's server calls the proxy as a service, so axum is not needed,
//! but an axum `Router` works in place of the proxy. [`ClientConnection`](crate::downstream) has
//! the scheme for `X-Forwarded-Proto`, which `ConnectInfo` lacks.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/tls_for_clients.rs"), "```")]
//!
//! # A graceful shutdown
//!
//! [`drain`](crate::OriginProxy::drain) waits for the proxy's own requests. Then axum waits for
//! those of other routes, without a limit. So the deadline is around the whole server: what is left
//! ends with the runtime, when `main` returns.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/shutdown.rs"), "```")]
//!
//! # A shutdown behind a load balancer
//!
//! Requests arrive until the balancer has seen that its check fails. A drain that begins at once
//! would refuse them. `notice` has to be longer than the interval of the checks multiplied by the
//! number of failures that the balancer needs. [Production](super::production#stop) has the order,
//! and the timeouts around it.
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/load_balancer.rs"), "```")]
//!
//! # An access log
//!
//! The sink is called on the task of the request, so it must not wait for a file or a terminal. See
//! [observability](super::observability) for the fields, for their names in nginx and HAProxy, and
//! for [what is logged about clients](super::observability#what-is-logged-about-clients).
//!
#![doc = concat!("```\n", include_str!("../../examples/cookbook/access_log.rs"), "```")]
//!
//! # Metrics
//!
//! This needs the feature `metrics`, and an exporter such as metrics-exporter-prometheus:
//! [observability](super::observability#metrics) has its buckets, and when to sample.
//!
#![cfg_attr(
    feature = "metrics",
    doc = concat!("```\n", include_str!("../../examples/cookbook/metrics.rs"), "```")
)]
#![cfg_attr(
    not(feature = "metrics"),
    doc = concat!("```ignore\n", include_str!("../../examples/cookbook/metrics.rs"), "```")
)]

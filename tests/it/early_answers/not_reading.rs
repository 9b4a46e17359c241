//! Answers after which the rest of the upload is thrown away: of origins that do not read, and of
//! the proxy.

use std::time::Duration;

use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Limits};
use http::StatusCode;

use crate::support::refused_address;

use super::{
    DOWNSTREAMS, Downstream, LARGE, Upstream,
    client::{Client, Upload},
    origin::{Ending, REFUSAL, not_reading, reading_on},
    pairs, serve,
};

#[tokio::test]
async fn the_answer_of_an_origin_that_reads_no_more_is_never_lost() {
    for (down, up) in pairs() {
        for ending in [
            Ending::Close,
            Ending::HalfClose,
            Ending::Stall,
            Ending::Reset,
        ] {
            let case = format!("{down:?} to {up:?}, {ending:?}");
            let limits = Limits::default().response_timeout(Duration::from_secs(1));
            let proxy = OriginProxy::new(not_reading(up, ending).await).limits(limits);
            let address = serve(proxy.clone()).await;
            for size in [200_000, LARGE] {
                let mut client = Client::connect(down, address).await;
                for _ in 0..2 {
                    let answer = client.upload(size).await.expect(&case);
                    let expected = (StatusCode::FORBIDDEN, REFUSAL);
                    assert_eq!((answer.status, &*answer.text), expected, "{case}");
                }
            }
        }
    }
}

/// A proxy that answers an upload itself, and with what.
struct Refusal {
    proxy: OriginProxy,
    upload: Upload,
    status: StatusCode,
}

/// The proxy's own answers.
async fn refusals() -> Vec<Refusal> {
    let upload = Upload::of(LARGE);
    let working = || async {
        let (connector, _) = reading_on(Upstream::Http, StatusCode::OK).await;
        OriginProxy::new(connector)
    };
    let refused = refused_address();
    let refused = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let draining = working().await;
    drop(draining.drain());
    let small = || Limits::default().max_request_body(1000);
    let stalling = CdnOriginConnector::builder("http://origin.example")
        .transport(tower::service_fn(|_: http::Uri| async {
            let (near, far) = tokio::io::duplex(1024);
            tokio::spawn(async move {
                let _far = far;
                std::future::pending::<()>().await;
            });
            Ok::<_, std::convert::Infallible>(hyper_util::rt::TokioIo::new(near))
        }))
        .build()
        .unwrap();
    let moment = Limits::default().response_timeout(Duration::from_millis(100));
    vec![
        Refusal {
            proxy: working().await.limits(small()),
            upload,
            status: StatusCode::PAYLOAD_TOO_LARGE,
        },
        Refusal {
            proxy: working().await.limits(small()),
            upload: Upload {
                is_chunked: true,
                ..upload
            },
            status: StatusCode::PAYLOAD_TOO_LARGE,
        },
        Refusal {
            proxy: OriginProxy::new(refused.build().unwrap()),
            upload,
            status: StatusCode::BAD_GATEWAY,
        },
        Refusal {
            proxy: draining,
            upload,
            status: StatusCode::SERVICE_UNAVAILABLE,
        },
        Refusal {
            proxy: OriginProxy::new(stalling).limits(moment),
            upload,
            status: StatusCode::GATEWAY_TIMEOUT,
        },
        Refusal {
            proxy: working().await,
            upload: Upload {
                field: ("expect", "something"),
                ..upload
            },
            status: StatusCode::EXPECTATION_FAILED,
        },
        Refusal {
            proxy: working()
                .await
                .via(cdn_origin::proxy::Via::named("edge-7.example").unwrap()),
            upload: Upload {
                field: ("via", "1.1 edge-7.example"),
                ..upload
            },
            status: StatusCode::LOOP_DETECTED,
        },
    ]
}

#[tokio::test]
async fn the_proxys_own_answer_to_an_upload_is_never_lost_and_the_connection_stays_usable() {
    for down in DOWNSTREAMS {
        for Refusal {
            proxy,
            upload,
            status,
        } in refusals().await
        {
            let case = format!("{down:?}, {status}, chunked: {}", upload.is_chunked);
            let address = serve(proxy).await;
            let mut client = Client::connect(down, address).await;
            let stays = status != StatusCode::EXPECTATION_FAILED || down == Downstream::Http2;
            for _ in 0..3 {
                let answer = client.send(&upload).await.expect(&case);
                assert_eq!(answer.status, status, "{case}");
                match stays {
                    true => drop(client.get().await.expect(&case)),
                    false => client = Client::connect(down, address).await,
                }
            }
        }
    }
}

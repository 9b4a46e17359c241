//! nginx answers uploads on their heads, and reads on.

use cdn_origin::{OriginProxy, tls::Alpn};
use http::StatusCode;

use crate::{
    early_answers::{DOWNSTREAMS, client::Client, serve},
    interop::{
        client::{NAME, connector},
        server::{Folder, Server},
    },
    support::Authority,
};

const LARGE: usize = 5_000_000;

#[tokio::test]
#[ignore = "needs nginx"]
async fn an_answer_that_nginx_gives_at_once_is_never_lost_and_the_connection_stays_usable() {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let servers = "
        client_max_body_size 0;
        server {
            listen LISTEN ssl http2;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            location / { return 200 again; }
            location /upload { return 401 refused; }
        }";
    let nginx = Server::nginx(folder, servers);
    for alpn in [Alpn::Http2, Alpn::Http1] {
        for down in DOWNSTREAMS {
            let connector = connector(&nginx, &authority).alpn(alpn);
            let proxy = OriginProxy::new(connector.build().unwrap());
            let address = serve(proxy).await;
            for _ in 0..15 {
                let mut client = Client::connect(down, address).await;
                let answer = client.upload(LARGE).await.expect("an answer");
                let expected = (StatusCode::UNAUTHORIZED, "refused");
                assert_eq!((answer.status, &*answer.text), expected, "{down:?}");
                let again = client.get().await.expect("a usable connection");
                assert_eq!(again.status, StatusCode::OK, "{down:?}");
            }
        }
    }
}

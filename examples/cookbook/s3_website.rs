use cdn_origin::{CdnOriginConnector, connector::CdnOriginBuilder};

/// A website endpoint of S3 knows only http, and finds the bucket by the Host.
pub fn origin() -> CdnOriginBuilder {
    CdnOriginConnector::builder("http://my-bucket.s3-website-us-east-1.amazonaws.com")
}

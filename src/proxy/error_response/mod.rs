//! The proxy's own responses to failures: status, `Proxy-Status`, gRPC status, problem details.

mod build_response;
mod disclosure;
mod grpc_status;
mod problem_json;
mod proxy_status;
mod status;
mod structured_field;

pub(super) use build_response::error_response;
pub(super) use disclosure::DiagnosisDisclosure;
pub(super) use grpc_status::GrpcCall;
pub use problem_json::problem_details;
pub(super) use proxy_status::{ProxyIdentity, error_type_name};
pub(super) use status::status;

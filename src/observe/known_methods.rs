//! The methods that spans and metrics name.
//!
//! A client that invents methods must not be able to create names of spans or time series.

use http::Method;

/// The methods that OpenTelemetry knows. The last is any other.
pub(crate) const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "_OTHER",
];

/// The index of a method in [`METHODS`].
pub(crate) fn index_of(method: &Method) -> usize {
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::PUT => 3,
        Method::DELETE => 4,
        Method::OPTIONS => 5,
        Method::PATCH => 6,
        Method::CONNECT => 7,
        Method::TRACE => 8,
        _ => METHODS.len() - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_the_name_of_its_index() {
        for (index, method) in METHODS.iter().enumerate().take(9) {
            let method: Method = method.parse().unwrap();
            assert_eq!(index_of(&method), index);
        }
        let other = Method::from_bytes(b"PURGE").unwrap();
        assert_eq!(METHODS[index_of(&other)], "_OTHER");
    }
}

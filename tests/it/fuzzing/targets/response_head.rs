//! Any bytes in place of a response: an error or a response, the same in pieces as at once.

use http::Method;

use super::{
    input::{Input, choose},
    response::{Received, received},
};

/// The input is the method, the length of the pieces, and what the origin sends before it closes.
///
/// Returns the response, if it is one.
pub fn run(bytes: &[u8]) -> Option<Received> {
    let mut input = Input(bytes);
    let method = choose(input.byte(), &[0, 0, 0, 1, 2]);
    let method = [Method::GET, Method::HEAD, Method::OPTIONS][method].clone();
    let piece = usize::from(input.byte()) + 1;
    let whole = received(&method, input.0, usize::MAX);
    let pieces = received(&method, input.0, piece);
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole, pieces);
            let is_final = !whole.status.is_informational();
            assert!(is_final, "an interim response is not the response");
            Some(whole)
        }
        (Err(whole), Err(pieces)) => {
            assert_eq!(whole.kind(), pieces.kind());
            None
        }
        (whole, pieces) => panic!("at once {whole:?}, in pieces {pieces:?}"),
    }
}

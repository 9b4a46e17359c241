//! nginx 1.22 as the origin.

mod certificates;
mod early_answers;
mod endings;
mod goaway;
mod names;
mod protocols;
mod versions;

//! nginx 1.22 as the origin.

mod certificates;
mod endings;
mod goaway;
mod names;
mod protocols;
mod versions;

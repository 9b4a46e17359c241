//! nginx 1.22 in the place of an edge.

mod certificates;
mod endings;
mod names;
mod protocols;
mod versions;

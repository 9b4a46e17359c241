//! The rules of the pool's lock, and the tasks that end with the pool.

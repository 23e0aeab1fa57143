//! Thread priorities: what serves callers yields to the removal path where processors are short.

/// The niceness of threads that serve callers: API, services, shared store readers.
pub const SERVICE: i32 = 5;

/// The niceness of threads that compute for long: they take what nobody else needs.
pub const HEAVY: i32 = 10;

/// Lowers the priority of the calling thread: Linux has a niceness for each. Where it may not be set, nothing changes.
pub fn lower(niceness: i32) {
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), niceness);
}

#[cfg(test)]
mod tests {
    use crate::priority::*;

    #[test]
    fn lowered_thread_leaves_others_alone() {
        let before = rustix::process::getpriority_process(None).unwrap();
        let lowered = std::thread::spawn(|| {
            lower(HEAVY);
            rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap()
        });
        assert_eq!(lowered.join().unwrap(), HEAVY.max(before));
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }
}

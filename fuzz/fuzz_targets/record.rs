//! Records as CloudTrail may deliver them, each behind eight bytes of time, apart by a line break.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let records: Vec<(i64, &[u8])> = bytes
        .split(|byte| *byte == b'\n')
        .take(8)
        .filter_map(|line| {
            let (at, record) = line.split_first_chunk::<8>()?;
            Some((i64::from_le_bytes(*at), record))
        })
        .collect();
    teamd_engine::anything(&records);
});

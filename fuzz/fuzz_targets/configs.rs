#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| qunwei_fuzz::kept::configs(data));

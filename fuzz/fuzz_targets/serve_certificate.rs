#![no_main]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
libfuzzer_sys::fuzz_target!(|data: &[u8]| taper_fuzz::serve_certificate::run(data));

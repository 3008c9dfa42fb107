//! Any bytes as an uploaded avatar: what is taken becomes an image that is an avatar itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yibi_server::service::drawings::{DrawingError, square};

fuzz_target!(|file: &[u8]| match square(file) {
    Ok(jpeg) => {
        let metadata = |marker: &[u8]| jpeg.windows(marker.len()).any(|bytes| bytes == marker);
        assert!(!metadata(b"Exif\0\0") && !metadata(b"http://ns.adobe.com/"), "nothing but pixels is kept");
        assert!(square(&jpeg).is_ok());
    }
    Err(error) => assert!(matches!(error, DrawingError::Image(_)), "{error}"),
});

//! Properties of a JPEG file that its decoder does not report: the coding of the frame, and whether the file
//! is complete.
//!
//! Source: ITU-T T.81, annex B.

/// The frame of a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) is_progressive: bool,
    /// 1 for grey, 3 for colour, 4 for CMYK and YCCK.
    pub(super) components: u8,
}

impl Frame {
    /// Parses the first frame header; `None` if the markers are invalid.
    pub(super) fn of(file: &[u8]) -> Option<Self> {
        let mut rest = file.get(2..).unwrap_or_default();
        while let [0xff, marker, behind @ ..] = rest {
            match marker {
                // A fill byte, then markers without a segment.
                0xff => rest = rest.get(1..).unwrap_or_default(),
                0x01 | 0xd0..=0xd8 => rest = behind,
                // Start of frame: baseline, extended, progressive and the rest, but not DHT, JPG and DAC.
                0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                    let is_progressive = matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
                    return behind.get(7).map(|components| Self { is_progressive, components: *components });
                }
                _ => {
                    let length =
                        behind.first_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
                    rest = behind.get(length..).unwrap_or_default();
                }
            }
        }
        None
    }
}

/// Whether the last scan is complete: a decoder fills the rest of a truncated picture with grey.
pub(super) fn is_whole(file: &[u8]) -> bool {
    const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    let scan = file.windows(2).rposition(|marker| marker == START_OF_SCAN).unwrap_or(0);
    file.get(scan..).unwrap_or_default().windows(2).any(|marker| marker == END_OF_IMAGE)
}

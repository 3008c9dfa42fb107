//! Pages of paper: their sizes, and the place of a drawing on them.

use yibi_common::drawing::Paper;
use yibi_common::shop::PrintPaper;

/// Bleed of a print on each side, in millimetres: the background goes on behind the cut.
const BLEED: f64 = 3.0;
/// Room for crop marks around the bleed, in millimetres.
const MARKS: f64 = 7.0;
/// Longer side of a page that is not printed for anybody, in millimetres: that of A4.
const LONGER: f64 = 297.0;

/// A page. All lengths are millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Page {
    /// Size after the cut.
    pub(super) width: f64,
    pub(super) height: f64,
    /// Width of the strip around it that is cut off.
    pub(super) bleed: f64,
    /// Room for crop marks around the bleed.
    pub(super) marks: f64,
    /// Distance of the drawing from the left and upper edges after the cut.
    pub(super) left: f64,
    pub(super) top: f64,
    /// Millimetres per grid unit.
    pub(super) scale: f64,
}

impl Page {
    /// A page of the drawing's proportions, without bleed and marks.
    #[must_use]
    pub fn plain(paper: Paper) -> Self {
        let scale = LONGER / f64::from(paper.width.max(paper.height).max(1));
        let (width, height) = (f64::from(paper.width) * scale, f64::from(paper.height) * scale);
        Self { width, height, bleed: 0.0, marks: 0.0, left: 0.0, top: 0.0, scale }
    }

    /// A page of the printer's paper, lying where the drawing does. The whole drawing is on it, as large as fits, in
    /// the middle; the background fills the rest.
    #[must_use]
    pub fn print(paper: Paper, on: PrintPaper) -> Self {
        let (shorter, longer) = on.millimetres();
        let (shorter, longer) = (f64::from(shorter), f64::from(longer));
        let (width, height) = if paper.width > paper.height { (longer, shorter) } else { (shorter, longer) };
        let (units_across, units_down) = (f64::from(paper.width.max(1)), f64::from(paper.height.max(1)));
        let scale = (width / units_across).min(height / units_down);
        Self {
            width,
            height,
            bleed: BLEED,
            marks: MARKS,
            left: (width - units_across * scale) * 0.5,
            top: (height - units_down * scale) * 0.5,
            scale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_whole_and_in_the_middle_of_its_page() {
        for (width, height) in [(2048, 2731), (2731, 2048), (2048, 2048), (64, 8192)] {
            let paper = Paper { width, height };
            for on in [PrintPaper::A4, PrintPaper::A3] {
                let page = Page::print(paper, on);
                assert_eq!(page.width > page.height, width > height);
                let (across, down) = (f64::from(width) * page.scale, f64::from(height) * page.scale);
                assert!(across <= page.width + 1e-9 && down <= page.height + 1e-9);
                assert!((page.left * 2.0 + across - page.width).abs() < 1e-9);
                assert!((page.top * 2.0 + down - page.height).abs() < 1e-9);
                assert!(page.left < 1e-9 || page.top < 1e-9);
            }
        }
    }
}

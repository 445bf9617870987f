//! Pictures of sums: one bar a row, its name above it and its amount beside the name.
//!
//! A picture never says what the words do not (requirement G2): its rows stand in the order of the words, it
//! has one dark colour on white, and lengths carry the difference. Letters come from the bitmap fonts of
//! `embedded-graphics` (the X11 fixed fonts, public domain), so nothing depends on fonts of the machine and
//! the same sums make the same bytes (requirement B8).

use std::convert::Infallible;

use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_15::FONT_10X20;
use embedded_graphics::pixelcolor::{Gray8, GrayColor as _};
use embedded_graphics::prelude::{DrawTarget, Drawable as _, Pixel, Primitive as _};
use embedded_graphics::primitives::{PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Baseline, Text};

/// Pixels across; a phone shows them all.
const WIDTH: u32 = 640;
/// Pixels around.
const MARGIN: u32 = 24;
/// Pixels of a row: words, bar, gap.
const ROW: u32 = 64;
const BAR: u32 = 24;
/// More rows than this are no picture any more.
const ROWS: usize = 8;
/// Letters of a name that fit beside an amount.
const NAME: usize = 38;

/// Paper, ink, bar: the luminance of a drawn pixel is its place in here.
const PALETTE: [u8; 9] = [0xFF, 0xFF, 0xFF, 0x1A, 0x1A, 0x1A, 0x1F, 0x4E, 0x79];
const INK: Gray8 = Gray8::new(1);
const FILL: Gray8 = Gray8::new(2);

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// What it is called.
    pub name: String,
    /// Its amount as the words beside the picture write it.
    pub shown: String,
    /// Its size; rows are compared by it.
    pub size: i64,
}

/// Draws the rows, the first at the top; `None` where there is nothing to compare.
pub fn bars(rows: &[Bar]) -> Option<Vec<u8>> {
    let rows = rows.get(..rows.len().min(ROWS)).unwrap_or_default();
    let largest = rows.iter().map(|row| row.size).max()?;
    if rows.len() < 2 || largest <= 0 {
        return None;
    }
    let count = u32::try_from(rows.len()).ok()?;
    let mut canvas = Canvas::new(Size::new(WIDTH, MARGIN * 2 + ROW * count - (ROW - 48)));
    let across = WIDTH - MARGIN * 2;
    let ink = MonoTextStyle::new(&FONT_10X20, INK);
    let mut top = MARGIN;
    for row in rows {
        let name: String = row.name.chars().take(NAME).collect();
        let left = point(MARGIN, top);
        let right = point(WIDTH - MARGIN, top);
        let Ok(_) = Text::with_baseline(&name, left, ink, Baseline::Top).draw(&mut canvas);
        let mut amount = Text::with_alignment(&row.shown, right, ink, Alignment::Right);
        amount.text_style.baseline = Baseline::Top;
        let Ok(_) = amount.draw(&mut canvas);
        let bar = Rectangle::new(
            point(MARGIN, top + 22),
            Size::new(length(row.size, largest, across), BAR),
        );
        let Ok(()) = bar
            .into_styled(PrimitiveStyle::with_fill(FILL))
            .draw(&mut canvas);
        top += ROW;
    }
    canvas.png()
}

fn point(x: u32, y: u32) -> Point {
    Point::new(
        i32::try_from(x).unwrap_or(i32::MAX),
        i32::try_from(y).unwrap_or(i32::MAX),
    )
}

/// Scales a size; what is there at all stays visible.
fn length(size: i64, largest: i64, across: u32) -> u32 {
    let scaled = i128::from(size.max(0)) * i128::from(across) / i128::from(largest);
    u32::try_from(scaled).unwrap_or(across).clamp(2, across)
}

/// One byte a pixel: its place in the palette.
struct Canvas {
    size: Size,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(size: Size) -> Self {
        let count = usize::try_from(size.width * size.height).unwrap_or(0);
        Self {
            size,
            pixels: vec![0; count],
        }
    }

    fn png(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(PALETTE.as_slice());
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&self.pixels).ok()?;
        writer.finish().ok()?;
        Some(bytes)
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for Canvas {
    type Color = Gray8;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Gray8>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        let width = usize::try_from(self.size.width).unwrap_or(0);
        for Pixel(at, color) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) else {
                continue;
            };
            if x < width
                && let Some(pixel) = self.pixels.get_mut(y * width + x)
            {
                *pixel = color.luma();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bar(name: &str, size: i64) -> Bar {
        Bar {
            name: name.to_owned(),
            shown: format!("${size}"),
            size,
        }
    }

    /// Counts the bar's pixels in the row of pixels through its middle.
    fn drawn(png: &[u8], row: u32) -> usize {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let start = usize::try_from((MARGIN + ROW * row + 34) * WIDTH).unwrap();
        let row = &pixels[start..start + usize::try_from(WIDTH).unwrap()];
        // The bar begins at the margin and has no hole.
        row.rsplit(|pixel| *pixel == FILL.luma())
            .count()
            .saturating_sub(1)
    }

    #[test]
    fn lengths_are_in_proportion() {
        let png = bars(&[bar("Renta", 1_000), bar("Luz, año", 500), bar("€", 1)]).unwrap();
        assert_eq!(
            [drawn(&png, 0), drawn(&png, 1), drawn(&png, 2)],
            [592, 296, 2]
        );
    }

    #[test]
    fn a_single_row_or_nothing_spent_is_no_picture() {
        assert_eq!(bars(&[]), None);
        assert_eq!(bars(&[bar("Rent", 10)]), None);
        assert_eq!(bars(&[bar("Rent", 0), bar("Gas", 0)]), None);
    }

    #[test]
    fn the_same_rows_make_the_same_small_file() {
        let rows: Vec<Bar> = (1..=20).map(|at| bar("Eating out", 1_000 * at)).collect();
        let png = bars(&rows).unwrap();
        assert_eq!(bars(&rows).unwrap(), png);
        assert!(png.len() < 10_000, "{} bytes", png.len());
    }

    proptest! {
        #[test]
        fn any_text_and_any_size_can_be_drawn(
            rows in prop::collection::vec((".{0,60}", ".{0,60}", any::<i64>()), 0..12)
        ) {
            let rows: Vec<Bar> = rows
                .into_iter()
                .map(|(name, shown, size)| Bar { name, shown, size })
                .collect();
            let drawable = rows.len() > 1 && rows.iter().take(ROWS).any(|row| row.size > 0);
            prop_assert_eq!(bars(&rows).is_some(), drawable);
        }
    }
}

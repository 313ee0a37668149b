//! From the components of a JPEG image to grey or to red, green and blue, as libjpeg (`jdcolor.c`) and Pillow do.

use super::segments::Colours;

/// One plane when the image is grey, else three.
pub(super) fn convert(mut planes: Vec<Vec<u8>>, colours: Colours) -> Vec<Vec<u8>> {
    if matches!(colours, Colours::Ycbcr | Colours::Ycck) {
        let [luma, blue, red, ..] = planes.as_mut_slice() else { return planes };
        for ((y, cb), cr) in luma.iter_mut().zip(blue).zip(red) {
            let [r, g, b] = rgb(*y, *cb, *cr);
            // YCCK holds the complements of red, green and blue.
            (*y, *cb, *cr) = if colours == Colours::Ycck { (255 - r, 255 - g, 255 - b) } else { (r, g, b) };
        }
    }
    if matches!(colours, Colours::Cmyk | Colours::Ycck)
        && let Some(black) = planes.pop()
    {
        // Adobe's programs store how much light each ink lets through.
        for plane in &mut planes {
            for (ink, &light) in plane.iter_mut().zip(&black) {
                *ink = light - product(255 - *ink, light);
            }
        }
    }
    planes
}

/// Red, green and blue (ITU-R BT.601, full range) with 16 bits behind the point.
fn rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((91_881 * cr + HALF) >> 16);
    let green = y + ((-22_554 * cb - 46_802 * cr + HALF) >> 16);
    let blue = y + ((116_130 * cb + HALF) >> 16);
    [red, green, blue].map(|value| value.clamp(0, 255) as u8)
}

/// The product of two parts of 255, rounded.
fn product(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    (((product >> 8) + product) >> 8) as u8
}

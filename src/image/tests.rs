// SPDX-License-Identifier: MPL-2.0
//! Layout, cropping and padding of images.

use super::*;

fn counted(height: usize, width: usize) -> Image {
    Image::from_fn(2, height, width, |c, y, x| (100 * c + 10 * y + x) as f32)
}

#[test]
fn rows_and_planes_lie_where_the_layout_says() {
    let image = counted(3, 5);
    assert_eq!(image.row(1, 2), [120.0, 121.0, 122.0, 123.0, 124.0]);
    assert_eq!(image.plane(1)[5], 110.0);
}

#[test]
fn cropping_a_padded_image_returns_it_for_every_border_and_size() {
    for border in [Border::Mirror, Border::Symmetric, Border::Edge] {
        for (height, width) in [(1, 1), (1, 7), (5, 1), (3, 4)] {
            let image = counted(height, width);
            let padded = image.pad(9, 13, height + 20, width + 31, border);
            let window = Window {
                x: 13,
                y: 9,
                width,
                height,
            };
            assert_eq!(
                padded.crop(window),
                image,
                "{border:?} around {width}x{height}"
            );
        }
    }
}

#[test]
fn mirror_leaves_the_edge_out_symmetric_repeats_it_and_edge_repeats_nothing_else() {
    let image = Image::from_fn(1, 1, 3, |_, _, x| x as f32);
    let mirror = image.pad(0, 6, 1, 15, Border::Mirror);
    assert_eq!(
        mirror.data,
        [2., 1., 0., 1., 2., 1., 0., 1., 2., 1., 0., 1., 2., 1., 0.]
    );
    let symmetric = image.pad(0, 4, 1, 12, Border::Symmetric);
    assert_eq!(
        symmetric.data,
        [2., 2., 1., 0., 0., 1., 2., 2., 1., 0., 0., 1.]
    );
    let edge = image.pad(0, 2, 1, 8, Border::Edge);
    assert_eq!(edge.data, [0., 0., 0., 1., 2., 2., 2., 2.]);
}

#[test]
fn a_pixel_pads_to_a_flat_image() {
    let image = Image::filled(3, 1, 1, 0.25);
    for border in [Border::Mirror, Border::Symmetric, Border::Edge] {
        assert_eq!(image.pad(4, 5, 9, 8, border), Image::filled(3, 9, 8, 0.25));
    }
}

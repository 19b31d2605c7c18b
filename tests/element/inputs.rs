// SPDX-License-Identifier: MPL-2.0
//! Masks and kernels of files, as users make them.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use gst::glib::translate::ToGlibPtr;
use gst::prelude::*;
use gst_video::VideoFormat::Rgb;

use crate::common::{Bench, assert_code, caps, code, element, info, pattern, place, start, value};

const SIZE: u32 = 16;

/// A folder for a mask, and the path of the mask.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.png");
    (folder, path)
}

/// Writes a mask whose column `x` has the gray and the alpha of `column(x)`.
fn write(path: &Path, column: impl Fn(u32) -> [u8; 2]) {
    let pixel = |x, _| image::LumaA(column(x));
    let image = image::GrayAlphaImage::from_fn(SIZE, SIZE, pixel);
    image
        .save_with_format(path, image::ImageFormat::Png)
        .unwrap();
}

fn gray(v: u8) -> [u8; 2] {
    [v, 255]
}

/// An element that inpaints. `blend` halves what is missing in a flat frame and keeps the rest.
fn inpainter(mask: &Path) -> gst::Element {
    let element = element("blend", &[("task", "inpaint"), ("steps", "1")]);
    element.set_property("mask-file", mask);
    element
}

/// Which columns of a flat frame are kept.
fn kept(bench: &mut Bench) -> Vec<bool> {
    let format = info(Rgb, SIZE, SIZE);
    let out = bench.restore(&vec![200; format.size()]);
    let column = |x: usize| {
        let found = out[place(&format, 1, 8, x)];
        let kept = found == 200;
        if !kept {
            assert_code(found, code(value(200) / 2.0), x);
        }
        kept
    };
    (0..SIZE as usize).map(column).collect()
}

#[test]
fn the_soft_edge_of_a_mask_is_missing() {
    let (_folder, mask) = folder();
    write(&mask, |x| {
        gray([255, 254, 250, 249, 128, 0, 64, 255][x as usize % 8])
    });
    let mut bench = Bench::new(&inpainter(&mask), &caps(Rgb, SIZE, SIZE));
    let wanted = [true, true, true, false, false, false, false, true];
    assert_eq!(kept(&mut bench), wanted.repeat(2));
}

#[test]
fn what_is_erased_from_a_white_layer_is_missing() {
    let (_folder, mask) = folder();
    write(&mask, |x| [255, [255, 255, 128, 0][x as usize / 4]]);
    let mut bench = Bench::new(&inpainter(&mask), &caps(Rgb, SIZE, SIZE));
    let wanted: Vec<bool> = (0..SIZE).map(|x| x < 8).collect();
    assert_eq!(kept(&mut bench), wanted);
}

#[test]
fn a_mask_that_was_rewritten_is_read_again_when_it_is_set_again() {
    let (_folder, mask) = folder();
    let left = |x: u32| gray(if x < 8 { 255 } else { 0 });
    let right = |x: u32| gray(if x < 8 { 0 } else { 255 });
    let of = |column: &dyn Fn(u32) -> [u8; 2]| -> Vec<bool> {
        (0..SIZE).map(|x| column(x)[0] == 255).collect()
    };
    write(&mask, left);
    let element = inpainter(&mask);
    let mut bench = Bench::new(&element, &caps(Rgb, SIZE, SIZE));
    assert_eq!(kept(&mut bench), of(&left));
    write(&mask, right);
    assert_eq!(kept(&mut bench), of(&left), "what was read stays");
    element.set_property("mask-file", &mask);
    assert_eq!(kept(&mut bench), of(&right));
}

#[test]
fn a_kernel_in_the_alpha_channel_is_the_kernel() {
    let (_folder, file) = folder();
    let mut residuals = Vec::new();
    let line = |x: u32| if (2..9).contains(&x) { 255 } else { 0 };
    let kernels: [&dyn Fn(u32) -> [u8; 2]; 4] = [
        &|x| gray(line(x)),
        &|x| [255, line(x)],
        &|x| [0, line(x)],
        &|_| gray(255),
    ];
    for column in kernels {
        write(&file, column);
        let element = element("echo", &[("kernel", "file")]);
        element.set_property("kernel-file", &file);
        let frame = pattern(&info(Rgb, SIZE, SIZE));
        Bench::new(&element, &caps(Rgb, SIZE, SIZE)).restore(&frame);
        // Of an echo it is what the kernel changes, which the output does not tell.
        let stats = element.property::<gst::Structure>("stats");
        residuals.push(stats.get::<f64>("residual").unwrap());
    }
    assert_eq!(residuals[0], residuals[1]);
    assert_eq!(residuals[0], residuals[2]);
    assert_ne!(residuals[0], residuals[3], "a box is another kernel");
}

#[test]
fn a_path_is_any_bytes() {
    let (folder, _) = folder();
    let path = folder.path().join(OsStr::from_bytes(b"caf\xe9.png"));
    write(&path, |x| gray(if x < 8 { 255 } else { 0 }));
    let element = element("blend", &[("task", "inpaint"), ("steps", "1")]);
    let bytes = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: the property is a string, the value one that ends with NUL, the list ends with NULL.
    unsafe {
        let object: *mut gst::ffi::GstElement = element.to_glib_none().0;
        let end = std::ptr::null::<std::ffi::c_char>();
        let name = c"mask-file".as_ptr();
        gst::glib::gobject_ffi::g_object_set(object.cast(), name, bytes.as_ptr(), end);
    }
    assert_eq!(element.property::<PathBuf>("mask-file"), path);
    let mut bench = Bench::new(&element, &caps(Rgb, SIZE, SIZE));
    assert_eq!(
        kept(&mut bench),
        (0..SIZE).map(|x| x < 8).collect::<Vec<_>>()
    );
}

#[test]
fn a_broken_picture_is_an_error_and_the_element_goes_on() {
    let (folder, mask) = folder();
    // Its palette ends within a colour.
    let broken = folder.path().join("broken.png");
    std::fs::write(&broken, include_bytes!("../data/palette.png")).unwrap();
    let element = element("blend", &[("kernel", "file")]);
    element.set_property("kernel-file", &broken);
    let errors = start(&element);
    assert!(
        errors.len() == 1 && errors[0].contains("broken.png"),
        "{errors:?}"
    );
    write(&mask, gray_line);
    element.set_property("kernel-file", &mask);
    assert_eq!(start(&element), [] as [&str; 0]);
}

fn gray_line(x: u32) -> [u8; 2] {
    gray(if x == 8 { 255 } else { 0 })
}

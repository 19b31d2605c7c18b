// SPDX-License-Identifier: MPL-2.0
//! What holds for every operator: its transpose, its canvas, its residual.

use super::*;

#[test]
fn every_operator_has_its_transpose() {
    for (width, height) in [(16, 8), (17, 11), (37, 31), (1, 5), (3, 2)] {
        let (_folder, operators) = operators(width, height);
        for (name, op) in operators {
            let x = noise(2, height * op.scale(), width * op.scale());
            let y = noise(2, height, width);
            let (ax, back) = (op.apply(&x), op.adjoint(&y));
            assert_eq!((ax.height, ax.width), (height, width), "{name}");
            assert_eq!((back.height, back.width), (x.height, x.width), "{name}");
            let (left, right) = (dot(&ax, &y), dot(&x, &back));
            let scale = (dot(&ax, &ax) * dot(&y, &y)).sqrt();
            assert!(
                (left - right).abs() <= 1e-5 * scale,
                "{name}: <Ax,y> = {left}, <x,A'y> = {right}"
            );
        }
    }
}

#[test]
fn a_canvas_holds_the_frame_on_the_grid() {
    for (width, height) in [(1, 1), (17, 11), (64, 40)] {
        let (_folder, operators) = all(width, height);
        for (name, mut op) in operators {
            let canvas = op.canvas(8);
            let s = op.scale();
            assert!(
                canvas.width.is_multiple_of(8) && canvas.height.is_multiple_of(8),
                "{name}"
            );
            assert!(
                canvas.width.is_multiple_of(s) && canvas.x.is_multiple_of(s),
                "{name}"
            );
            assert_eq!(
                (canvas.frame_width, canvas.frame_height),
                (width * s, height * s),
                "{name}"
            );
            assert_eq!((canvas.x, canvas.y), (op.margin(), op.margin()), "{name}");
            let y = noise(3, height, width);
            let observed = op.observe(&y, &canvas);
            assert_eq!(
                (observed.width * s, observed.height * s),
                (canvas.width, canvas.height),
                "{name}"
            );
            let initial = op.initial(&observed, &canvas);
            assert_eq!(
                (initial.width, initial.height),
                (canvas.width, canvas.height),
                "{name}"
            );
            assert!(initial.data.iter().all(|v| v.is_finite()), "{name}");
            for tensor in op.tensors(&observed, &canvas, initial.bounds()) {
                assert_eq!(
                    tensor.data.len(),
                    tensor.shape.iter().product::<usize>(),
                    "{name}"
                );
                assert!(
                    tensor.data.iter().all(|v| v.is_finite()),
                    "{name} {}",
                    tensor.name
                );
            }
        }
    }
}

#[test]
fn the_residual_of_the_truth_is_one_and_that_of_another_image_is_not() {
    let (width, height, sigma) = (96, 72, 0.02);
    let (_folder, operators) = operators(width, height);
    for (name, op) in operators {
        let x = textured(height * op.scale(), width * op.scale());
        let mut y = op.apply(&x);
        let n = noise(3, height, width);
        y.data
            .iter_mut()
            .zip(&n.data)
            .for_each(|(v, n)| *v += 2.0 * sigma * n);
        let truth = op.residual_rms(&x, &y, sigma);
        assert!((truth - 1.0).abs() < 0.1, "{name}: {truth}");
        let mut wrong = x.clone();
        wrong.data.iter_mut().for_each(|v| *v += 0.2);
        assert!(op.residual_rms(&wrong, &y, sigma) > 3.0, "{name}");
    }
}

#[test]
fn a_residual_is_finite_for_frames_smaller_than_the_kernel_and_without_noise() {
    for (width, height) in [(1, 1), (3, 2), (5, 40)] {
        let (_folder, operators) = operators(width, height);
        for (name, op) in operators {
            let x = noise(3, height * op.scale(), width * op.scale());
            let found = op.residual_rms(&x, &noise(3, height, width), 0.0);
            assert!(found.is_finite(), "{name}: {found}");
        }
    }
}

#[test]
fn windows_lie_on_the_grid_of_the_graph_and_of_the_observation() {
    let (_folder, operators) = all(40, 30);
    for (name, op) in operators {
        let want = match op.graph().name.as_str() {
            "downscale3" => [24, 48],
            "jpeg" | "jpeg422" => [16, 16],
            _ => [8, 16],
        };
        assert_eq!([8, 16].map(|m| op.multiple(m)), want, "{name}");
    }
}

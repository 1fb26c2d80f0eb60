//! What answers a single request takes no memory. A program of its own, because it counts what the
//! allocator is asked for.

#![allow(clippy::unwrap_used)] // a test that cannot go on says where
#![allow(unsafe_code)] // an allocator is unsafe by its signature; this one hands on

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use streamflow::definition::{Model, estimator};
use streamflow::learn::{EstimatorParameters, Examples, FittedModel, Matrix, fit};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often this thread asks for memory during `work`.
fn allocations<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = COUNT.get();
    let result = work();
    (result, COUNT.get() - before)
}

/// Numbers without a pattern in [0, 1).
fn matrix(rows: usize, columns: usize) -> Matrix {
    let number = |at: usize| (at as f64 * 0.754_877_666).fract();
    Matrix::new(rows, columns, (0..rows * columns).map(number).collect())
}

#[test]
fn a_forest_answers_for_a_row_without_taking_memory() {
    let declared = estimator::find("random_forest").unwrap();
    let parameters = declared.parameters.iter();
    let model = Model {
        kind: declared.name,
        parameters: parameters
            .map(|parameter| (parameter.name.to_string(), parameter.default.value()))
            .collect(),
    };
    let parameters = EstimatorParameters::of(&model).unwrap();
    // The second has more columns than are ranked on the stack.
    for columns in [12, 300] {
        let matrix = matrix(400, columns);
        let labels: Vec<bool> = matrix.column(0).map(|number| number > 0.4).collect();
        let (FittedModel::Forest(forest), _) =
            fit(&parameters, &Examples::binary(&matrix, &labels)).unwrap()
        else {
            panic!("no forest");
        };
        let (all, taken) = allocations(|| {
            (0..400).fold(0.0, |sum, row| sum + forest.predict_row(matrix.row(row)))
        });
        assert_eq!(taken, 0);
        assert!(all > 0.0 && all < 400.0);
        // Were nothing counted, nothing would be shown.
        let (_, taken) = allocations(|| black_box(vec![all; 3]));
        assert_eq!(taken, 1);
    }
}

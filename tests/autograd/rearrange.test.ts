// Which changes of place move no data, and what they refuse.

import * as assert from "uvu/assert";
import { chunk, diag, diagonal, evaluate, flatten, flip, indexUpdate, meshgrid, moveAxis, ones,
  pad, repeatInterleave, roll, scatter, sliceUpdate, tensor, tile, tri, tril, zeros } from
  "../../autograd/index.ts";
import type { Tensor } from "../../autograd/index.ts";
import { DtypeError, ShapeError } from "../../engine/index.ts";
import { suite } from "../harness.ts";
import { assertThrows } from "../throws.ts";

const test = suite("elements in other places");

test("flips, diagonals, chunks, grids and moved axes are views", ({ device }) => {
  const x = ones([4, 6]);
  const lines = [ones([3]), ones([2])];
  evaluate([x, lines]);
  const before = device.counts.dispatches;
  const list: Tensor[] = [
    flip(x), diagonal(x, { offset: 1 }), diag(x), moveAxis(x, 0, 1), flatten(x), ...chunk(x, 3),
  ];
  meshgrid(lines);

  device.flush();
  assert.is(device.counts.dispatches, before);
  for (const t of list) assert.is(t.storage("test"), x.storage("test"));
});

test("an update leaves its operand as it was", async () => {
  const x = ones([4]);
  sliceUpdate(x, [[1, 3]], zeros([]));
  indexUpdate(x, tensor(Int32Array.of(0)), zeros([1]));

  assert.equal([...await x.read()], [1, 1, 1, 1]);
});

test("what does not fit is refused", () => {
  const x = zeros([2, 3]);
  const index = zeros([2, 1], { dtype: "i32" });
  const cases: readonly Parameters<typeof assertThrows>[] = [
    [() => flip(x, { axes: [0, -2] }), ShapeError,
      "flip: an axis is named twice: [0, 0] of [2, 3]. Name it once."],
    [() => roll(x, [1, 2], { axis: 0 }), ShapeError,
      "roll: not one shift for each axis: [1, 2] for [0]. Give equal lists."],
    [() => roll(x, 0.5, { axis: 0 }), RangeError,
      "roll: the shift is not a whole number: 0.5. Round it."],
    [() => tile(x, [-1]), ShapeError, "tile: repeats must be whole and not negative: [-1]. "
      + "Check how they were computed."],
    [() => repeatInterleave(x, 1.5), ShapeError, "repeatInterleave: repeats must be whole and not "
      + "negative: [1.5]. Check how they were computed."],
    [() => chunk(x, 0), ShapeError, "chunk: not a number of parts: 0. Use 1 or more."],
    [() => flatten(x, { start: 1, end: 0 }), ShapeError,
      "flatten: the axes are in the wrong order: 1 to 0 of [2, 3]. Swap them."],
    [() => meshgrid([x]), ShapeError, "meshgrid: not a vector: [2, 3]. Give [n] each."],
    [() => diag(zeros([])), ShapeError,
      "diag: not a vector or a matrix: []. Use diagonal()."],
    [() => diagonal(x, { axes: [0, -2] }), ShapeError,
      "diagonal: an axis is named twice: [0, -2] of [2, 3]. Name two axes."],
    [() => tril(zeros([3])), ShapeError, "tril: not a matrix: [3]. Give [..., m, n]."],
    [() => tri(2, 2, { k: 0.5 }), RangeError,
      "tri: the diagonal is not a whole number: 0.5. Use 0 for the main one."],
    [() => pad(x, [[0, 0], [-2, -2]]), ShapeError,
      "pad: not a pair of whole widths for each axis: [[0,0],[-2,-2]] for [2, 3]. "
        + "Cut no more than there is."],
    [() => pad(x, [[2, 0]], { mode: "reflect" }), ShapeError,
      "pad: a reflect border wider than what it comes from: 2 on axis 0 of [2, 3] (limit 1). "
        + "Make it narrower."],
    [() => pad(zeros([0]), [[1, 0]], { mode: "replicate" }), ShapeError,
      /limit 0/],
    [() => pad(x, [[1, 1]], { mode: "mirror" as "reflect" }), RangeError,
      "pad: unknown mode: mirror. Use \"constant\", \"reflect\", \"replicate\" or \"circular\"."],
    [() => scatter(x, index, x, { axis: 1 }), ShapeError,
      "scatter: index and updates differ: [2, 1] and [2, 3]. Give one index for each update."],
    [() => scatter(x, index, zeros([2, 1], { dtype: "i32" }), { axis: 1 }), DtypeError,
      "scatter: dtypes differ: f32 and i32. Cast one with cast()."],
    [() => indexUpdate(x, index, x), ShapeError,
      "indexUpdate: the index is not a list: [2, 1]. Reshape it."],
    [() => sliceUpdate(x, [[0, 1]], zeros([4])), ShapeError,
      "sliceUpdate: shapes do not broadcast: [4] and [1, 3]. "
        + "Sizes must be equal or 1, counted from the last axis."],
  ];
  for (const [call, type, message] of cases) assertThrows(call, type, message);
});

test.run();

// Matrices from up to six tensors, each divided by its Frobenius norm, times a gain: a stack
// y [matrices, down, width]. A zero matrix stays zero, one with a NaN or an infinity becomes all
// NaN. `sizes` are the sums of squares of all of the stack in parts (polar/size.wgsl).
// Lines with $i stand for one for each tensor (engine/unroll.ts).
alias T = f32;
alias R = f32;
@group(0) @binding($i) var<storage, read> x$i: array<f32>;
@group(0) @binding(6) var<storage, read> sizes: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;
struct Source { // end of its rows; strides from matrix to matrix, of rows and of columns
  end: u32, offset: u32, step: u32, row: u32, column: u32, zero0: u32, zero1: u32, zero2: u32,
}
struct Params {
  rows: u32, width: u32, down: u32, chunks: u32,
  first: u32, gain: f32, zero: vec2<u32>, // first row of this dispatch in the stack
  sources: array<Source, 6>,
}
// What an element is multiplied by, in two steps that stay in the range of f32.
fn factors(matrix: u32, lane: u32) -> vec2<f32> {
  var a = identity();
  for (var c = lane; c < p.chunks; c += WG) {
    let at = 2u * (matrix * p.chunks + c);
    a = merge(a, A(sizes[at], sizes[at + 1u]));
  }
  let bin = max_lanes(a.bin, lane);
  let sum = sum_lanes(moved(a, bin), lane);
  let level = select(select(1.0, DOWN, bin > 0.0), UP, bin < 0.0);
  let bits = bitcast<u32>(sum);
  if ((bits & 0x7f800000u) == 0x7f800000u) {
    return vec2<f32>(1.0, bitcast<f32>(bits | 0x400000u));
  }
  return vec2<f32>(level, select(0.0, p.gain * inverseSqrt(sum), sum > 0.0));
}
fn row(r: u32, lane: u32) {
  var k = 0u;
  var before = 0u;
  while (r >= p.sources[k].end) {
    before = p.sources[k].end;
    k++;
  }
  let source = p.sources[k];
  let factor = factors((p.first + r) / p.down, lane);
  let matrix = (r - before) / p.down;
  let at = source.offset + matrix * source.step + (r - before) % p.down * source.row;
  let to = (p.first + r) * p.width;
  switch k {
    case $iu: {
      for (var j = lane; j < p.width; j += WG) { // $i
        y[to + j] = x$i[at + j * source.column] * factor.x * factor.y;
      } // $i
    } // $i
    default: {}
  }
}

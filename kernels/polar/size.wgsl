// Sums of squares of the matrices in up to six tensors, of each in `chunks` parts of `width`
// elements: pairs (bin, sum) [matrices, chunks, 2], as of the norm (reduce/norm.wgsl). The elements
// of a matrix lie together, in any order; sums run along the memory, lane by lane.
// Lines with $i stand for one for each tensor (engine/unroll.ts).
alias T = f32;
alias R = f32;
@group(0) @binding($i) var<storage, read> x$i: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;
struct Source { end: u32, offset: u32, step: u32, zero: u32 } // end of its parts, next matrix
struct Params {
  rows: u32, width: u32, size: u32, chunks: u32, // size of a matrix
  first: u32, zero0: u32, zero1: u32, zero2: u32, // first part of this dispatch
  sources: array<Source, 6>,
}
fn row(r: u32, lane: u32) {
  var k = 0u;
  var before = 0u;
  while (r >= p.sources[k].end) {
    before = p.sources[k].end;
    k++;
  }
  let chunk = (r - before) % p.chunks;
  let base = p.sources[k].offset + (r - before) / p.chunks * p.sources[k].step;
  let end = base + min(p.size, (chunk + 1u) * p.width);
  var i = base + chunk * p.width + lane;
  var a = identity();
  switch k {
    case $iu: {
      for (; i < end; i += WG) { a = merge(a, lift(x$i[i], 0u)); }
    } // $i
    default: {}
  }
  let bin = max_lanes(a.bin, lane);
  let sum = sum_lanes(moved(a, bin), lane);
  if (lane == 0u) {
    y[2u * (p.first + r)] = bin;
    y[2u * (p.first + r) + 1u] = sum;
  }
}

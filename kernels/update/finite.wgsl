// Looks for NaN and infinities, by their bits, among the elements of up to six tensors: sets
// flags[0] and the tensor's flag, and notes the step for the next read if there is a code.
@group(0) @binding(0) var<storage, read> x0: array<u32>;
@group(0) @binding(1) var<storage, read> x1: array<u32>;
@group(0) @binding(2) var<storage, read> x2: array<u32>;
@group(0) @binding(3) var<storage, read> x3: array<u32>;
@group(0) @binding(4) var<storage, read> x4: array<u32>;
@group(0) @binding(5) var<storage, read> x5: array<u32>;
@group(0) @binding(6) var<storage, read_write> flags: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read_write> faults: array<atomic<u32>, 4>;
struct Source { end: u32, n: u32, offset: u32, code: u32 } // end: of its threads
struct Params { threads: u32, place: u32, step: u32, pad: u32, sources: array<Source, 6> }
@group(0) @binding(8) var<uniform> p: Params;
const RUN = 8u;
fn word(k: u32, at: u32) -> u32 {
  switch k {
    case 0u: { return x0[at]; }
    case 1u: { return x1[at]; }
    case 2u: { return x2[at]; }
    case 3u: { return x3[at]; }
    case 4u: { return x4[at]; }
    default: { return x5[at]; }
  }
}
fn item(i: u32) {
  var k = 0u;
  var first = 0u;
  while (i >= p.sources[k].end) {
    first = p.sources[k].end;
    k++;
  }
  let source = p.sources[k];
  var found = false;
  for (var j = 0u; j < RUN; j++) {
    let at = (i - first) * RUN + j;
    if (at >= source.n) { break; }
    found = found || (word(k, source.offset + at) & 0x7f800000u) == 0x7f800000u;
  }
  if (!found) { return; }
  atomicStore(&flags[0], 1u);
  atomicStore(&flags[p.place + k], 1u);
  note_fault(source.code, i32(p.step), p.place);
}

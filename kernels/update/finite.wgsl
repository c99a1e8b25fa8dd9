// Looks for NaN and infinities, by their bits, among the elements of up to six tensors of f32,
// f16 or bf16 (kinds 0, 1, 2; two bits each from the lowest; halves two to a word): sets
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
struct Params { threads: u32, place: u32, step: u32, kinds: u32, sources: array<Source, 6> }
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
// Whether all bits of the exponent are set, of the element at a place.
fn special(k: u32, at: u32) -> bool {
  let kind = (p.kinds >> (2u * k)) & 3u;
  if (kind == 0u) { return (word(k, at) & 0x7f800000u) == 0x7f800000u; }
  let bits = word(k, at >> 1u) >> (16u * (at & 1u));
  let mask = select(0x7f80u, 0x7c00u, kind == 1u);
  return (bits & mask) == mask;
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
    found = found || special(k, source.offset + at);
  }
  if (!found) { return; }
  atomicStore(&flags[0], 1u);
  atomicStore(&flags[p.place + k], 1u);
  note_fault(source.code, i32(p.step), p.place);
}

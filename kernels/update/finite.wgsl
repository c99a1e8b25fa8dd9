// Looks for NaN and infinities, by their bits, among the elements of some tensors of f32, f16 or
// bf16 (kinds 0, 1, 2; halves two to a word): sets flags[0] and the tensor's flag, and notes the
// step for the next read if there is a code. A thread looks at TURNS vectors of four words, as far
// apart as its tensor has threads, at the last one again if there are no more. PLAIN: all tensors
// are of f32 and whole vectors.
// Mark: $i tensors (SOURCES).
@group(0) @binding($i) var<storage, read> x$i: array<vec4<u32>>;
@group(0) @binding(SOURCES) var<storage, read_write> flags: array<atomic<u32>>;
@group(0) @binding(SOURCES + 1u) var<storage, read_write> faults: array<atomic<u32>, 4>;
struct Source {
  end: u32, // of its threads
  flag: u32,
  vectors: vec2<u32>, // first and one past the last
  elements: vec2<u32>, // the same
  kind: u32,
  code: u32,
}
struct Params { threads: u32, step: u32, @align(16) sources: array<Source, SOURCES> }
@group(0) @binding(SOURCES + 2u) var<uniform> p: Params;

const SPECIAL = 0x7f800000u; // the exponent of what is not finite

fn vector(k: u32, at: u32) -> vec4<u32> {
  if (k == $iu) { return x$i[at]; }
  return vec4<u32>();
}

// Four words' exponents as of f32, or only whether they are SPECIAL, of elements of the tensor.
fn exponents(s: Source, at: u32, words: vec4<u32>) -> vec4<u32> {
  if (PLAIN) { return words & vec4<u32>(SPECIAL); }
  let word = at * 4u + vec4<u32>(0u, 1u, 2u, 3u);
  var found = inside(s, word) & full(words, SPECIAL);
  if (s.kind > 0u) {
    let mask = select(0x7f80u, 0x7c00u, s.kind == 1u);
    found = (inside(s, word * 2u) & full(words, mask))
      | (inside(s, word * 2u + 1u) & full(words >> vec4<u32>(16u), mask));
  }
  return select(vec4<u32>(), vec4<u32>(SPECIAL), found);
}

fn inside(s: Source, element: vec4<u32>) -> vec4<bool> {
  return (element >= vec4<u32>(s.elements.x)) & (element < vec4<u32>(s.elements.y));
}

fn full(words: vec4<u32>, mask: u32) -> vec4<bool> {
  return (words & vec4<u32>(mask)) == vec4<u32>(mask);
}

fn item(i: u32) {
  var k = 0u;
  var first = 0u;
  while (i >= p.sources[k].end) {
    first = p.sources[k].end;
    k++;
  }
  let s = p.sources[k];
  let start = s.vectors.x + i - first;
  let step = s.end - first;
  var most = vec4<u32>();
  for (var turn = 0u; turn < TURNS; turn++) {
    let at = min(start + turn * step, s.vectors.y - 1u);
    most = max(most, exponents(s, at, vector(k, at)));
  }
  if (all(most < vec4<u32>(SPECIAL))) { return; }
  atomicStore(&flags[0], 1u);
  atomicStore(&flags[s.flag], 1u);
  note_fault(s.code, i32(p.step), 1u);
}

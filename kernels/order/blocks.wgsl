// y[r, ..] = (key, place) of x[r, ..] with every BLOCK of neighbours in order, for x [rows, width]:
// one thread an element, which counts those before it.
struct Params { threads: u32, width: u32, x_at: u32, kind: u32, descending: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec2<u32>>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let place = i % p.width;
  let from_x = i - place;
  let begin = place - place % BLOCK;
  let end = min(begin + BLOCK, p.width);
  let own = key(x[p.x_at + i], p.kind, p.descending);
  var to = begin;
  for (var k = begin; k < end; k++) {
    let other = key(x[p.x_at + from_x + k], p.kind, p.descending);
    if (other < own || (other == own && k < place)) { to++; }
  }
  y[from_x + to] = vec2<u32>(own, place);
}

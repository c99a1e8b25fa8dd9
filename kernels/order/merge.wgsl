// y = x with every two neighbouring runs of a row merged, for x [rows, width] of (key, place): one
// thread an element, which looks up how many of the other run come before it. Equal keys stay in
// their order.
struct Params { threads: u32, width: u32, run: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec2<u32>>;
@group(0) @binding(2) var<uniform> p: Params;

fn item(i: u32) {
  let place = i % p.width;
  let row = i - place;
  let begin = place - place % (2u * p.run);
  let middle = min(begin + p.run, p.width);
  let own = x[i];
  let first = place < middle;
  var low = select(begin, middle, first);
  var high = select(middle, min(begin + 2u * p.run, p.width), first);
  let start = low;
  while (low < high) {
    let half = (low + high) / 2u;
    let other = x[row + half].x;
    if (other < own.x || (other == own.x && !first)) { low = half + 1u; } else { high = half; }
  }
  let rank = place - select(middle, begin, first);
  y[row + begin + rank + low - start] = own;
}
